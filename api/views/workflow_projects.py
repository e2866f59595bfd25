"""Projects of workflows, as `digdag push`, `download` and `delete` ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, UnreadablePostError

from accounts.models import Role
from api import workflow_objects as objects
from api.declared import Answer, Call, Param, endpoint
from api.errors import ApiError, invalid, missing
from api.moments import moment
from api.reading import length
from exports.errors import NotPossible
from workflows import archives, projects
from workflows.models import Project, Revision

TAG = "Workflow projects"
MOST_LISTED = 100
GZIP = "application/gzip"
LAST_ID = Param("last_id", "integer", help="The id of the last one of the page before", minimum=0)
COUNT = Param("count", "integer", help="How many", default=MOST_LISTED, minimum=1, maximum=1000)
NAME_PATTERN = Param("name_pattern", help="What stands in the name", most=255)
REVISION = Param("revision", help="The name of a revision; else the latest", most=255)


@endpoint(
    "PUT",
    "/api/projects",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("project", help="Its name", required=True, most=projects.NAME_LENGTH),
        Param("revision", help="A name that the project has not used yet", most=projects.NAME_LENGTH),
        Param("schedule_from", help="Schedules run from this time on, not from now: ISO 8601", most=64),
    ),
    answer=objects.PROJECT,
    body=f"The files as .tar.gz, at most {archives.LARGEST // 1024**2} MB",
)
def project_push(call: Call) -> Answer:
    """Make these files the latest revision of a project, as `digdag push` does.

    A project of a new name is made. What is wrong in the files is told with file and line, and then nothing is changed.
    The same revision with the same files once more changes nothing.
    """
    since = moment("schedule_from", call["schedule_from"]) if call["schedule_from"] else None
    name, wanted = _name("project", call["project"]), _name("revision", call["revision"] or "")
    with _refused():
        files = archives.unpack(_body(call))
        made = projects.push(name, files, user=call.user, revision=wanted, schedule_from=since, request=call.request)
    return objects.project(made.project, made.name, made.pushed_at)


@endpoint(
    "GET",
    "/api/projects",
    tag=TAG,
    params=(Param("name", help="Only the one of this name", most=255), NAME_PATTERN, LAST_ID, COUNT),
    answer=objects.listed(objects.PROJECT, "projects"),
)
def project_list(call: Call) -> Answer:
    """List the projects, the oldest first."""
    found = Project.objects.order_by("pk")
    if call["name"]:
        found = found.filter(name=call["name"])
    if call["name_pattern"]:
        found = found.filter(name__contains=call["name_pattern"])
    if call["last_id"] is not None:
        found = found.filter(pk__gt=call["last_id"])
    return {"projects": _shown(found[: call["count"]])}


@endpoint("GET", "/api/projects/{project}", tag=TAG, answer=objects.PROJECT)
def project_show(call: Call, project: str) -> Answer:
    """Show a project."""
    return _shown(Project.objects.filter(pk=objects.project_of(project).pk))[0]


@endpoint("DELETE", "/api/projects/{project}", role=Role.EDITOR, tag=TAG, answer=objects.PROJECT)
def project_delete(call: Call, project: str) -> Answer:
    """Delete a project with its revisions, secrets, sessions and logs. The jobs that it made stay.

    One with attempts that run stays: kill them first.
    """
    found = objects.project_of(project)
    answer = _shown(Project.objects.filter(pk=found.pk))[0]
    try:
        projects.delete(found, user=call.user, request=call.request)
    except NotPossible as error:
        raise ApiError(409, str(error)) from error
    return answer


@endpoint(
    "GET",
    "/api/projects/{project}/revisions",
    tag=TAG,
    params=(Param("name", help="Only the one of this name", most=255),),
    answer=objects.listed(objects.REVISION, "revisions"),
)
def project_revisions(call: Call, project: str) -> Answer:
    """List the last 100 revisions of a project, the latest first."""
    found = objects.project_of(project).revisions.defer("archive").select_related("pushed_by")
    if call["name"]:
        found = found.filter(name=call["name"])
    return {"revisions": [objects.revision(one) for one in found[:MOST_LISTED]]}


@endpoint("GET", "/api/projects/{project}/archive", role=Role.EDITOR, tag=TAG, params=(REVISION,), media=(GZIP,))
def project_archive(call: Call, project: str) -> Answer:
    """Get the files of a revision as .tar.gz, as they were pushed."""
    found = revision_of(objects.project_of(project), call["revision"])
    return HttpResponse(bytes(found.archive), content_type=GZIP)


def revision_of(project: Project, name: str | None) -> Revision:
    """The latest one without a name; its archive is read when it is needed. Raises ApiError 404."""
    found = project.revisions.defer("archive")
    found = found.filter(name=name) if name else found
    return objects.first_of(found[:1], f"Revision {name} of project {project.name}" if name else "A revision")


def _shown(found: QuerySet[Project]) -> list[dict[str, Any]]:
    listed = list(found)
    latest = projects.latest_of(listed)
    return [objects.project(one, latest[one.pk].name, latest[one.pk].pushed_at) for one in listed if one.pk in latest]


def _name(param: str, text: str) -> str:
    if problem := projects.name_problem(text) if text else "":
        raise invalid(param, problem)
    return text


def _body(call: Call) -> bytes:
    if (size := length(call.request)) > archives.LARGEST:
        raise ApiError(413, f"The archive has {size:,} bytes; at most {archives.LARGEST:,} are allowed.")
    try:
        body = call.request.read()
    except UnreadablePostError as error:
        raise ApiError(400, "The body ended before its Content-Length.") from error
    if len(body) < size:
        raise ApiError(400, "The body ended before its Content-Length.")
    return bytes(body)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except projects.NotPushed as error:
        places = [
            {"file": one.place.file, "line": one.place.line, "message": one.text}
            for one in error.problems  # the sentences in `message` are for people
        ]
        raise ApiError(400, str(error), {"problems": places}) from error
    except archives.ArchiveError as error:
        raise ApiError(400, str(error)) from error
    except projects.RevisionTaken as error:
        raise ApiError(409, str(error)) from error


def project_named(name: str) -> Project:
    """Raises ApiError 404."""
    found = Project.objects.filter(name=name).first()
    if found is None:
        raise missing(f"Project {name}")
    return found
