"""Schedules of workflows: what runs next, paused, skipped and run for the past."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import audit
from accounts.models import Role
from api import workflow_objects as objects
from api.declared import TEXT, Answer, Call, Param, array, endpoint, extended, record
from api.errors import ApiError, invalid
from api.moments import moment
from api.times import iso
from api.views.workflow_projects import COUNT, LAST_ID
from exports.errors import NotPossible
from workflows import schedules
from workflows.models import Attempt, Session, WorkflowSchedule
from workflows.schedules import MOST_BACKFILLED, MOST_SKIPPED
from workflows.script.schedule import ScheduleError

TAG = "Workflow schedules"
LISTED = objects.listed(objects.SCHEDULE, "schedules")
CHANGED = extended(objects.SCHEDULE, createdAt=TEXT, updatedAt=TEXT)
DRY_RUN = Param("dryRun", "boolean", help="Tell what would be, and do nothing", default=False)


@endpoint("GET", "/api/schedules", tag=TAG, params=(LAST_ID, COUNT), answer=LISTED)
def schedule_list(call: Call) -> Answer:
    """List the schedules of all workflows, the oldest first. One that has ended runs next in the year 9999."""
    found = objects.schedules()
    if call["last_id"] is not None:
        found = found.filter(pk__gt=call["last_id"])
    return {"schedules": [objects.schedule(one) for one in found[: call["count"]]]}


@endpoint(
    "GET",
    "/api/projects/{project}/schedules",
    tag=TAG,
    params=(Param("workflow", help="Only that of this workflow", most=255), LAST_ID, COUNT),
    answer=LISTED,
)
def project_schedules(call: Call, project: str) -> Answer:
    """List the schedules of a project's workflows."""
    found = objects.schedules().filter(workflow__project=objects.project_of(project))
    if call["workflow"]:
        found = found.filter(workflow__name=call["workflow"])
    if call["last_id"] is not None:
        found = found.filter(pk__gt=call["last_id"])
    return {"schedules": [objects.schedule(one) for one in found[: call["count"]]]}


@endpoint("GET", "/api/schedules/{schedule}", tag=TAG, answer=objects.SCHEDULE)
def schedule_show(call: Call, schedule: str) -> Answer:
    """Show a schedule. `problem`: why its last session could not be started."""
    return objects.schedule(objects.schedule_of(schedule))


@endpoint("POST", "/api/schedules/{schedule}/disable", role=Role.EDITOR, tag=TAG, answer=CHANGED)
def schedule_disable(call: Call, schedule: str) -> Answer:
    """Pause a schedule: no session starts by itself."""
    found = objects.schedule_of(schedule)
    if schedules.pause(found, user=call.user):
        audit.record("workflow.pause", found.workflow, request=call.request)
    return _changed(objects.schedule_of(schedule))


@endpoint(
    "POST",
    "/api/schedules/{schedule}/enable",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("skipSchedule", "boolean", help="Without effect: sessions of a pause never run", default=True),
        Param("nextTime", help="Leave out the sessions before this time too: ISO 8601", most=64),
    ),
    answer=CHANGED,
)
def schedule_enable(call: Call, schedule: str) -> Answer:
    """Let a paused schedule go on with its next session."""
    found = objects.schedule_of(schedule)
    with _refused():
        schedules.resume(found, user=call.user)
        if call["nextTime"]:
            until = moment("nextTime", call["nextTime"], found.timezone)
            if (found := objects.schedule_of(schedule)).next_session_time and found.next_session_time < until:
                schedules.skip(found, user=call.user, until=until)
    audit.record("workflow.resume", found.workflow, request=call.request)
    return _changed(objects.schedule_of(schedule))


@endpoint(
    "POST",
    "/api/schedules/{schedule}/skip",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("count", "integer", help="How many sessions to leave out", minimum=1, maximum=MOST_SKIPPED),
        Param("fromTime", help="Count from this time on, not from the next session: ISO 8601", most=64),
        Param("nextTime", help="Instead of count: leave out all before this session time: ISO 8601", most=64),
        Param("nextRunTime", help="When the next session then starts, if not at its own time: ISO 8601", most=64),
        DRY_RUN,
    ),
    answer=CHANGED,
)
def schedule_skip(call: Call, schedule: str) -> Answer:
    """Leave out sessions that come next; they are listed as skipped."""
    found = objects.schedule_of(schedule)
    run_at = moment("nextRunTime", call["nextRunTime"]) if call["nextRunTime"] else None
    if call["nextTime"] is None and call["count"] is None:
        raise invalid("count", "or nextTime is required")
    with _refused():
        until, count = _until(call, found), None if call["fromTime"] or call["nextTime"] else call["count"]
        changed = schedules.skip(found, user=call.user, count=count, until=until, run_at=run_at, dry_run=call["dryRun"])
    if not call["dryRun"]:
        audit.record("workflow.skip", found.workflow, request=call.request, next=iso(changed.next_session_time))
    return _changed(changed)


def _until(call: Call, schedule: WorkflowSchedule) -> datetime | None:
    """Before which session time sessions are left out. digdag counts from a time on, which may be past."""
    if call["nextTime"]:
        return moment("nextTime", call["nextTime"], schedule.timezone)
    if not call["fromTime"]:
        return None
    times = schedules.read(schedule)
    slot = times.first_from(moment("fromTime", call["fromTime"], schedule.timezone))
    for _ in range(call["count"]):
        slot = times.next_after(slot.session_time) if slot else None
    if slot is None:
        raise invalid("count", "leads behind the end of this schedule")
    return slot.session_time


@endpoint(
    "POST",
    "/api/schedules/{schedule}/backfill",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("fromTime", help="The first session time, in the past: ISO 8601", required=True, most=64),
        Param(
            "attemptName", help="Names a further attempt of sessions that have one; else they are left out", most=255
        ),
        Param("count", "integer", help="How many sessions; default: all", minimum=1, maximum=MOST_BACKFILLED),
        DRY_RUN,
    ),
    answer=record(id=TEXT, project=objects.NAMED, workflow=objects.NAMED, attempts=array(objects.ATTEMPT)),
)
def schedule_backfill(call: Call, schedule: str) -> Answer:
    """Run the sessions of past times of a schedule, up to 100."""
    found = objects.schedule_of(schedule)
    first, dry_run, name = moment("fromTime", call["fromTime"], found.timezone), call["dryRun"], call["attemptName"]
    with _refused(lambda says: invalid("fromTime", says)):
        made = schedules.backfill(found, first, call["count"], user=call.user, name=name or "", dry_run=dry_run)
    if not dry_run:
        facts: dict[str, Any] = {"first": first.isoformat(), "retry_name": name or "", "sessions": len(made)}
        audit.record("workflow.backfill", found.workflow, request=call.request, **facts)
    shown = objects.schedule(found)
    attempts = [objects.attempt(_imagined(found, one, name or "")) for one in made if isinstance(one, datetime)]
    known = objects.attempts().in_bulk([one.pk for one in made if isinstance(one, Attempt)])
    attempts += objects.listed_attempts(known[pk] for pk in sorted(known))
    return {"id": shown["id"], "project": shown["project"], "workflow": shown["workflow"], "attempts": attempts}


def _imagined(schedule: WorkflowSchedule, session_time: datetime, name: str) -> Attempt:
    """An attempt that a dry run tells of, with the number 0."""
    workflow = schedule.workflow
    session = Session(pk=0, workflow=workflow, uuid=UUID(int=0), session_time=session_time)
    return Attempt(
        pk=0,
        number=0,
        session=session,
        revision_id=workflow.revision_id,
        timezone=schedule.timezone,
        retry_attempt_name=name,
        created_at=timezone.now(),
    )


def _changed(schedule: WorkflowSchedule) -> dict[str, object]:
    pushed = iso(schedule.workflow.project.updated_at)
    return {**objects.schedule(schedule), "createdAt": pushed, "updatedAt": pushed}


@contextmanager
def _refused(told: Callable[[str], ApiError] = lambda says: ApiError(409, says)) -> Iterator[None]:
    try:
        yield
    except NotPossible as error:
        raise told(str(error)) from error
    except ScheduleError as error:
        raise ApiError(409, str(error)) from error
    except WorkflowSchedule.DoesNotExist as error:
        raise ApiError(404, "The schedule is gone: a push took it away.") from error
