"""Workflows and what belongs to them as digdag's clients read them: its `Rest…` classes in digdag-client.

Ids are texts. The id of a workflow names it in one revision, as digdag's do: 12000000003 is workflow 3 in revision 12;
a small number, as in the addresses of pages, means its latest revision.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import OuterRef, QuerySet, Subquery

from api.declared import BOOLEAN, INTEGER, TEXT, Schema, array, extended, nullable, number_in_path, record, with_more
from api.errors import missing
from api.times import iso
from workflows.masking import Mask
from workflows.models import Attempt, AttemptState, Project, Revision, Session, Workflow, WorkflowSchedule
from workflows.script.zones import ZoneError, zone_of
from workflows.shown_values import shown

T = TypeVar("T")
A_REVISION = 10**9
ENDED = datetime(9999, 1, 1, tzinfo=UTC)  # digdag's clients need a time for what never comes
OBJECT: Schema = {"type": "object"}
NAMED = record(id=TEXT, name=TEXT)
PROJECT = record(
    id=TEXT,
    name=TEXT,
    revision=TEXT,
    createdAt=TEXT,
    updatedAt=TEXT,
    deletedAt=nullable(TEXT),
    archiveType=TEXT,
    archiveMd5=nullable(TEXT),
)
REVISION = record(revision=TEXT, createdAt=TEXT, archiveType=TEXT, archiveMd5=nullable(TEXT), userInfo=OBJECT)
DEFINITION = record(id=TEXT, name=TEXT, project=NAMED, revision=TEXT, timezone=TEXT, config=OBJECT)
LAST_ATTEMPT = record(
    id=TEXT,
    retryAttemptName=nullable(TEXT),
    done=BOOLEAN,
    success=BOOLEAN,
    cancelRequested=BOOLEAN,
    params=OBJECT,
    createdAt=TEXT,
    finishedAt=nullable(TEXT),
    status={"type": "string", "enum": list(AttemptState.values)},
)
ATTEMPT = extended(
    LAST_ATTEMPT, index=INTEGER, project=NAMED, workflow=NAMED, sessionId=TEXT, sessionUuid=TEXT, sessionTime=TEXT
)
SESSION = with_more(
    record(
        id=TEXT,
        project=NAMED,
        workflow=NAMED,
        sessionUuid=TEXT,
        sessionTime=TEXT,
        lastAttempt={**LAST_ATTEMPT, "type": ["object", "null"]},
    ),
    skipped=TEXT,
)
SCHEDULE = with_more(
    record(
        id=TEXT,
        project=NAMED,
        workflow=NAMED,
        nextRunTime=TEXT,
        nextScheduleTime=TEXT,
        disabledAt=nullable(TEXT),
    ),
    problem=TEXT,
)


# --- ids ---------------------------------------------------------------------------------------------------------


def workflow_id(workflow: Workflow, revision: int) -> str:
    return str(revision * A_REVISION + workflow.pk)


def workflow_of(text: str) -> tuple[Workflow, Revision]:
    """Whom an id means. Raises ApiError 404."""
    revision, pk = divmod(number_in_path(text, "Workflow"), A_REVISION)
    workflow = Workflow.objects.select_related("project", "revision").filter(pk=pk).first()
    if workflow is None:
        raise missing(f"Workflow {text}")
    if not revision or revision == workflow.revision_id:
        return workflow, workflow.revision
    found = workflow.project.revisions.defer("archive").filter(pk=revision).first()
    if found is None:
        raise missing(f"Workflow {text}")
    return workflow, found


def project_of(text: str) -> Project:
    """Raises ApiError 404."""
    found = Project.objects.filter(pk=number_in_path(text, "Project")).first()
    if found is None:
        raise missing(f"Project {text}")
    return found


def attempt_of(text: str) -> Attempt:
    """Raises ApiError 404."""
    found = attempts().filter(pk=number_in_path(text, "Attempt")).first()
    if found is None:
        raise missing(f"Attempt {text}")
    return found


def session_of(text: str) -> Session:
    """Raises ApiError 404."""
    found = Session.objects.select_related("workflow__project").filter(pk=number_in_path(text, "Session")).first()
    if found is None:
        raise missing(f"Session {text}")
    return found


def schedule_of(text: str) -> WorkflowSchedule:
    """Raises ApiError 404."""
    found = schedules().filter(pk=number_in_path(text, "Schedule")).first()
    if found is None:
        raise missing(f"Schedule {text}")
    return found


# --- shapes ------------------------------------------------------------------------------------------------------


def attempts() -> QuerySet[Attempt]:
    """With what is shown of them, the latest first."""
    return Attempt.objects.select_related("session__workflow__project").order_by("-pk")


def schedules() -> QuerySet[WorkflowSchedule]:
    """With what is shown of them, the oldest first."""
    return WorkflowSchedule.objects.select_related("workflow__project").order_by("pk")


def named(thing: Project) -> dict[str, str]:
    return {"id": str(thing.pk), "name": thing.name}


def workflow_named(workflow: Workflow, revision: int) -> dict[str, str]:
    return {"id": workflow_id(workflow, revision), "name": workflow.name}


def local(moment: datetime, timezone: str) -> str:
    """2026-03-01T00:00:00+09:00."""
    try:
        return moment.astimezone(zone_of(timezone)).isoformat(timespec="seconds")
    except ZoneError:
        return moment.astimezone(UTC).isoformat(timespec="seconds")


def project(found: Project, latest: str, pushed_at: datetime | None = None) -> dict[str, Any]:
    """`latest`: the name of its latest revision, which came at `pushed_at`."""
    return {
        **named(found),
        "revision": latest,
        "createdAt": iso(found.created_at),
        "updatedAt": iso(pushed_at or found.updated_at),
        "deletedAt": None,
        "archiveType": "db",
        "archiveMd5": None,
    }


def revision(found: Revision) -> dict[str, Any]:
    """`found`: with who pushed it."""
    return {
        "revision": found.name,
        "createdAt": iso(found.pushed_at),
        "archiveType": "db",
        "archiveMd5": None,
        "userInfo": {"name": found.pushed_by.get_username()} if found.pushed_by else {},
    }


class Masks:
    """Those of projects, each read once."""

    def __init__(self) -> None:
        self._known: dict[int, Mask] = {}

    def params(self, found: Attempt, project: int) -> Any:
        """The parameters of an attempt as everybody may see them."""
        if not found.params:
            return {}
        if project not in self._known:
            self._known[project] = Mask(project)
        return shown(found.params, self._known[project])


def attempt(found: Attempt, masks: Masks | None = None) -> dict[str, Any]:
    """`found`: of `attempts`. `masks`: of a list."""
    session, workflow = found.session, found.session.workflow
    return {
        **_attempt(found, workflow.project_id, masks or Masks()),
        "index": found.number,
        "project": named(workflow.project),
        "workflow": workflow_named(workflow, found.revision_id),
        "sessionId": str(session.pk),
        "sessionUuid": str(session.uuid),
        "sessionTime": local(session.session_time, found.timezone),
    }


def listed_attempts(found: Iterable[Attempt]) -> list[dict[str, Any]]:
    masks = Masks()
    return [attempt(one, masks) for one in found]


def _attempt(found: Attempt, project: int, masks: Masks) -> dict[str, Any]:
    return {
        "id": str(found.pk),
        "retryAttemptName": found.retry_attempt_name or None,
        "done": found.finished,
        "success": found.state == AttemptState.SUCCESS,
        "cancelRequested": found.kill_requested or found.state == AttemptState.KILLED,
        "params": masks.params(found, project),
        "createdAt": iso(found.created_at),
        "finishedAt": iso(found.finished_at),
        "status": found.state,
    }


def sessions(found: QuerySet[Session], most: int) -> list[dict[str, Any]]:
    """The first `most` with their last attempts, in two queries."""
    last = Attempt.objects.filter(session=OuterRef("pk")).order_by("-number").values("pk")[:1]
    listed = list(found.select_related("workflow__project").annotate(last=Subquery(last))[:most])
    known = Attempt.objects.in_bulk({session.last for session in listed if session.last})
    masks = Masks()
    return [_session(session, known.get(session.last), masks) for session in listed]


def _session(found: Session, last: Attempt | None, masks: Masks) -> dict[str, Any]:
    workflow = found.workflow
    return {
        "id": str(found.pk),
        "project": named(workflow.project),
        "workflow": workflow_named(workflow, last.revision_id if last else workflow.revision_id),
        "sessionUuid": str(found.uuid),
        "sessionTime": local(found.session_time, last.timezone if last else workflow.timezone),
        "lastAttempt": _attempt(last, workflow.project_id, masks) if last else None,
        **({"skipped": found.skipped} if found.skipped else {}),
    }


def schedule(found: WorkflowSchedule) -> dict[str, Any]:
    """`found`: of `schedules`."""
    workflow = found.workflow
    return {
        "id": str(found.pk),
        "project": named(workflow.project),
        "workflow": workflow_named(workflow, workflow.revision_id),
        "nextRunTime": iso(found.next_run_at or ENDED),
        "nextScheduleTime": local(found.next_session_time or ENDED, found.timezone),
        "disabledAt": iso(found.paused_at),
        **({"problem": found.problem} if found.problem else {}),
    }


def listed(schema: Schema, name: str) -> Schema:
    return record(**{name: array(schema)})


def first_of(found: Iterable[T], what: str) -> T:
    """Raises ApiError 404."""
    for one in found:
        return one
    raise missing(what)
