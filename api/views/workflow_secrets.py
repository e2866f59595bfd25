"""Secrets of projects: they are written, and never read."""

from accounts.models import Role
from api import workflow_objects as objects
from api.declared import TEXT, Answer, Call, Param, array, endpoint, record
from api.errors import invalid, missing
from api.views.workflow_projects import TAG
from workflows import secrets

SECRET = record(key=TEXT, project=objects.NAMED)


@endpoint("GET", "/api/projects/{project}/secrets", tag=TAG, answer=record(secrets=array(record(key=TEXT))))
def secret_list(call: Call, project: str) -> Answer:
    """List the keys of a project's secrets."""
    keys = objects.project_of(project).secrets.values_list("key", flat=True)
    return {"secrets": [{"key": key} for key in keys]}


@endpoint(
    "PUT",
    "/api/projects/{project}/secrets/{key}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("value", help="The secret", required=True, most=secrets.LONGEST),),
    answer=SECRET,
)
def secret_set(call: Call, project: str, key: str) -> Answer:
    """Write a secret, over one that the key had."""
    found = objects.project_of(project)
    if problem := secrets.problem(key, call["value"]):
        raise invalid("secret", problem)
    secrets.keep(found, key, call["value"], user=call.user, request=call.request)
    return {"key": key, "project": objects.named(found)}


@endpoint("DELETE", "/api/projects/{project}/secrets/{key}", role=Role.EDITOR, tag=TAG, answer=SECRET)
def secret_delete(call: Call, project: str, key: str) -> Answer:
    """Delete a secret."""
    found = objects.project_of(project)
    if not secrets.remove(found, key, user=call.user, request=call.request):
        raise missing(f"Secret {key} of project {found.name}")
    return {"key": key, "project": objects.named(found)}
