"""Workflows as their files define them, and the version of digdag's API that is spoken."""

from datetime import datetime, timedelta
from typing import Any

from api import workflow_objects as objects
from api.declared import BOOLEAN, TEXT, Answer, Call, Param, endpoint, record
from api.errors import invalid, missing
from api.moments import moment
from api.views.workflow_projects import COUNT, LAST_ID, NAME_PATTERN, REVISION, project_named, revision_of
from workflows import cleartext, contents, definitions
from workflows.dig.problems import DigError
from workflows.models import Project, Revision, Workflow
from workflows.script.schedule import Schedule, ScheduleError, parse
from workflows.script.zones import zone_of

TAG = "Workflows"
DIGDAG = "0.10.5"  # whose REST this is
NAME = Param("name", help="Of the file, without .dig", most=255)
SECOND = timedelta(seconds=1)


@endpoint("GET", "/api/version", tag=TAG, answer=record(version=TEXT))
def version(call: Call) -> Answer:
    """Tell which version of digdag's API is spoken."""
    return {"version": DIGDAG}


@endpoint(
    "GET",
    "/api/version/check",
    tag=TAG,
    params=(Param("client", help="The version of a client", required=True, most=64),),
    answer=record(serverVersion=TEXT, upgradeRecommended=BOOLEAN, apiCompatible=BOOLEAN),
)
def version_check(call: Call) -> Answer:
    """Tell digdag's command that it may go on: it asks so before each call."""
    return {"serverVersion": DIGDAG, "upgradeRecommended": False, "apiCompatible": True}


@endpoint(
    "GET",
    "/api/projects/{project}/workflows",
    tag=TAG,
    params=(NAME, REVISION),
    answer=objects.listed(objects.DEFINITION, "workflows"),
)
def project_workflows(call: Call, project: str) -> Answer:
    """List the workflows of a revision, the latest one or another. `config` is what the file says."""
    found = objects.project_of(project)
    return {"workflows": _of(found, revision_of(found, call["revision"]), call["name"])}


@endpoint(
    "GET",
    "/api/projects/{project}/workflows/{workflow_name}",
    tag=TAG,
    params=(REVISION,),
    answer=objects.DEFINITION,
)
def project_workflow(call: Call, project: str, workflow_name: str) -> Answer:
    """Show a workflow of a revision, the latest one or another."""
    found = objects.project_of(project)
    listed = _of(found, revision_of(found, call["revision"]), workflow_name)
    return objects.first_of(listed, f"Workflow {workflow_name} of project {found.name}")


@endpoint(
    "GET",
    "/api/workflow",
    tag=TAG,
    params=(
        Param("project", help="Its name", required=True, most=255),
        Param("name", required=True, most=255),
        REVISION,
    ),
    answer=objects.DEFINITION,
)
def workflow_named(call: Call) -> Answer:
    """Show a workflow by the names of its project and itself."""
    found = project_named(call["project"])
    listed = _of(found, revision_of(found, call["revision"]), call["name"])
    return objects.first_of(listed, f"Workflow {call['name']} of project {found.name}")


@endpoint(
    "GET",
    "/api/workflows",
    tag=TAG,
    params=(
        NAME_PATTERN,
        Param("search_project_name", "boolean", help="name_pattern may stand in the project's name too", default=False),
        Param("order", help="By their ids", choices=("asc", "desc"), default="asc"),
        LAST_ID,
        COUNT,
    ),
    answer=objects.listed(objects.DEFINITION, "workflows"),
)
def workflow_list(call: Call) -> Answer:
    """List the workflows in the latest revisions of all projects."""
    found = Workflow.objects.filter(present=True).select_related("project", "revision").defer("revision__archive")
    if pattern := call["name_pattern"]:
        of_project = Workflow.objects.filter(project__name__contains=pattern)
        named = found.filter(name__contains=pattern)
        found = named | (found & of_project) if call["search_project_name"] else named
    if call["last_id"] is not None:
        last = call["last_id"] % objects.A_REVISION
        found = found.filter(pk__gt=last) if call["order"] == "asc" else found.filter(pk__lt=last)
    found = found.order_by("pk" if call["order"] == "asc" else "-pk")
    return {"workflows": [_definition(one, one.revision) for one in found[: call["count"]]]}


@endpoint("GET", "/api/workflows/{workflow}", tag=TAG, answer=objects.DEFINITION)
def workflow_show(call: Call, workflow: str) -> Answer:
    """Show a workflow. An id names it in one revision; a small number means the latest one."""
    return _definition(*objects.workflow_of(workflow))


@endpoint(
    "GET",
    "/api/workflows/{workflow}/truncated_session_time",
    tag=TAG,
    params=(
        Param("session_time", help="ISO 8601; without a zone it is one of the workflow's", required=True, most=64),
        Param("mode", help="What is cut off", choices=("second", "minute", "hour", "day", "schedule", "next_schedule")),
    ),
    answer=record(project=objects.NAMED, revision=TEXT, sessionTime=TEXT, timezone=TEXT),
)
def workflow_session_time(call: Call, workflow: str) -> Answer:
    """Tell the session time that a time means to a workflow, in its time zone.

    `schedule` moves it on to its schedule's next time unless it is one, `next_schedule` always.
    """
    found, revision = objects.workflow_of(workflow)
    zone, schedule = _times(found, revision)
    given = moment("session_time", call["session_time"], zone)
    return {
        "project": objects.named(found.project),
        "revision": revision.name,
        "sessionTime": objects.local(_cut(given, call["mode"], zone, schedule), zone),
        "timezone": zone,
    }


def _cut(given: datetime, mode: str | None, zone: str, schedule: Schedule | None) -> datetime:
    if mode in ("schedule", "next_schedule"):
        slot = schedule.next_after(given - SECOND if mode == "schedule" else given) if schedule else None
        if slot is None:
            raise invalid("mode", f"{mode} needs a workflow with a schedule that has not ended")
        return slot.session_time
    if mode is None:
        return given
    local = given.astimezone(zone_of(zone)).replace(microsecond=0)
    if mode in ("day", "hour", "minute"):
        local = local.replace(second=0, minute=0 if mode != "minute" else local.minute)
    return local.replace(hour=0) if mode == "day" else local


def _times(workflow: Workflow, revision: Revision) -> tuple[str, Schedule | None]:
    """The time zone and schedule of the workflow in a revision."""
    try:
        definition = contents.workflow(revision.pk, workflow.file)
        value = definitions.schedule_of(definition)
        return definition.timezone, parse(value, definition.timezone) if value else None
    except (DigError, ScheduleError) as error:
        raise missing(f"Workflow {workflow.name} in revision {revision.name}") from error


def _of(project: Project, revision: Revision, name: str | None) -> list[dict[str, Any]]:
    """The workflows of a revision, or the one of a name."""
    known = project.workflows.select_related("project").order_by("name")
    known = known.filter(name=name) if name else known
    files = contents.files(revision.pk)
    return [_definition(workflow, revision) for workflow in known if workflow.file in files]


def _definition(workflow: Workflow, revision: Revision) -> dict[str, Any]:
    config = contents.config(revision.pk, workflow.file)
    latest = revision.pk == workflow.revision_id
    return {
        **objects.workflow_named(workflow, revision.pk),
        "project": objects.named(workflow.project),
        "revision": revision.name,
        "timezone": workflow.timezone if latest else str(config.get("timezone", "UTC")),
        "config": cleartext.masked_values(config),
    }
