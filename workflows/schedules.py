"""When workflows run by themselves: what their files say, the sessions whose time has come, and what people change.

A session, its attempt and the schedule's next session are written in one transaction, bound to the run time that the
schedule waited for, so any number of processes may do this at once.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from accounts.models import Role, User
from exports.errors import NotPossible
from workflows import definitions, sessions
from workflows.dig.model import Workflow as Definition
from workflows.models import Attempt, AttemptState, Session, Workflow, WorkflowSchedule
from workflows.script.schedule import Schedule, ScheduleError, Slot, parse

logger = logging.getLogger(__name__)
BATCH = 100  # schedules at a time
SECONDS = 2.0  # at a time: the dispatcher has other things to do
MOST_MISSED = 10
MOST_TOLD = 100  # sessions of one absence that are listed as skipped
MOST_SKIPPED = 1_000
MOST_BACKFILLED = 100
TRY_AGAIN = timedelta(minutes=1)
PROBLEM = (
    "Its last session could not be started because of a fault in the console; it is tried again every minute. The "
    "server's log has the details."
)
PUSH_AGAIN = "Push the project again as an editor."
NOBODY = f"The person who pushed this project is gone, and jobs run as somebody. {PUSH_AGAIN}"
MISSED = f"Its time passed while no worker ran on this server. Of such sessions the last {MOST_MISSED} run."
HINDERED = f"Its time passed while a fault kept it from running. Of such sessions the last {MOST_MISSED} run."
LATE = "More time had passed since its run time than skip_delayed_by allows."


# --- what files say ----------------------------------------------------------------------------------------------


def read(schedule: WorkflowSchedule) -> Schedule:
    """Raises ScheduleError."""
    return parse(schedule.definition, schedule.timezone)


def follow(workflow: Workflow, definition: Definition, *, user: User, since: datetime) -> None:
    """Let the workflow run by itself as its file says now, or no more. While its schedule and time zone stay what they
    were, so do the session that comes next and a pause; else it begins anew with the first run at `since` or later."""
    value = definitions.schedule_of(definition)
    if value is None:
        remove(workflow)
        return
    before = WorkflowSchedule.objects.select_for_update().filter(workflow=workflow).first()
    schedule = before or WorkflowSchedule(workflow=workflow)
    same = before and before.definition == value and before.timezone == definition.timezone
    schedule.definition, schedule.run_as = value, user
    if not same:
        _wait_for(schedule, parse(value, definition.timezone).first_from(since))
        schedule.problem = ""
    schedule.timezone = definition.timezone
    schedule.save()


def remove(workflow: Workflow) -> None:
    WorkflowSchedule.objects.filter(workflow=workflow).delete()


def _wait_for(schedule: WorkflowSchedule, slot: Slot | None) -> None:
    schedule.next_session_time, schedule.next_run_at = slot or (None, None)


# --- sessions whose time has come --------------------------------------------------------------------------------


def fire(now: datetime, *, seconds: float = SECONDS) -> None:
    """Deal with the sessions whose run time has come; what is not done in `seconds` is left for the next call.

    Each gets its attempt, or is kept with the reason why it has none. A schedule that cannot be dealt with holds up no
    other. Raises OperationalError and InterfaceError.
    """
    end = time.monotonic() + seconds
    due = WorkflowSchedule.objects.filter(paused_at=None, next_run_at__lte=now).order_by("next_run_at", "pk")
    for pk in list(due.values_list("pk", flat=True)[:BATCH]):
        while time.monotonic() < end and _fire(pk, now):
            pass


def _fire(pk: int, now: datetime) -> bool:
    """One step of a schedule. False: nothing is left to do, another process has it, or it is tried again later."""
    due = WorkflowSchedule.objects.filter(pk=pk, paused_at=None, next_run_at__lte=now)
    try:
        with transaction.atomic():
            locked = due.select_for_update(skip_locked=True, of=("self",)).select_related("workflow", "run_as").first()
            return locked is not None and _dealt_with(locked, read(locked), now)
    except (OperationalError, InterfaceError):
        raise
    except (ScheduleError, NotPossible) as error:
        logger.warning("Schedule %s: its session cannot be started: %s", pk, error)
        problem = str(error)
    except Exception:
        logger.exception("Schedule %s: its session cannot be dealt with; it is tried again in %s", pk, TRY_AGAIN)
        problem = PROBLEM
    due.update(next_run_at=now + TRY_AGAIN, problem=problem[:500])
    return False


def _dealt_with(schedule: WorkflowSchedule, times: Schedule, now: datetime) -> bool:
    """Take the sessions that were missed for too long, or the first of the others. False: another process did."""
    assert schedule.next_session_time and schedule.next_run_at
    found = times.latest(MOST_TOLD + MOST_MISSED, schedule.next_session_time, now)
    slots = found or [Slot(schedule.next_session_time, schedule.next_run_at)]
    if missed := slots[:-MOST_MISSED]:
        return _advance(schedule, slots[-MOST_MISSED]) and _leave_out(schedule, missed)
    slot = slots[0]
    if not _advance(schedule, times.next_after(slot.session_time)):
        return False
    if why := _hindrance(schedule, times, slot, now):
        _skip(schedule.workflow, [slot.session_time], why)
    else:
        _start(schedule, slot)
    return True


def _advance(schedule: WorkflowSchedule, slot: Slot | None) -> bool:
    session_time, run_at = slot or (None, None)
    mine = WorkflowSchedule.objects.filter(
        pk=schedule.pk, next_session_time=schedule.next_session_time, next_run_at=schedule.next_run_at
    )
    return bool(mine.update(next_session_time=session_time, next_run_at=run_at, problem=""))


def _leave_out(schedule: WorkflowSchedule, missed: list[Slot]) -> bool:
    why = HINDERED if schedule.problem else MISSED
    times = [slot.session_time for slot in missed]
    first = f"{why} Earlier ones are not listed." if times[0] != schedule.next_session_time else why
    _skip(schedule.workflow, times[:1], first)
    _skip(schedule.workflow, times[1:], why)
    return True


def _hindrance(schedule: WorkflowSchedule, times: Schedule, slot: Slot, now: datetime) -> str:
    """Why the session does not start; "" if it does."""
    assert schedule.next_run_at
    due_at = slot.run_time if schedule.problem else max(slot.run_time, schedule.next_run_at)
    if times.skip_delayed_by is not None and now > due_at + times.skip_delayed_by:
        return LATE
    if times.skip_on_overtime:
        running = Attempt.objects.filter(session__workflow=schedule.workflow, state=AttemptState.RUNNING)
        if (pk := running.values_list("pk", flat=True).first()) is not None:
            return f"Attempt {pk} of this workflow had not ended yet, and its schedule has skip_on_overtime."
    return ""


def _start(schedule: WorkflowSchedule, slot: Slot) -> None:
    """A session that has an attempt, such as of a backfill, has run."""
    if schedule.run_as is None:
        raise NotPossible(NOBODY)
    if not schedule.run_as.may(Role.EDITOR):
        raise NotPossible(f"{schedule.run_as.display_name}, who pushed it last, may not run workflows. {PUSH_AGAIN}")
    try:
        with transaction.atomic():
            sessions.start(schedule.workflow, slot.session_time, user=schedule.run_as, by_schedule=True)
    except sessions.AttemptExists:
        return
    WorkflowSchedule.objects.filter(pk=schedule.pk).update(last_session_time=slot.session_time)


def _skip(workflow: Workflow, times: Iterable[datetime], why: str) -> None:
    """Keep the sessions that do not exist yet as skipped."""
    Session.objects.bulk_create(
        [Session(workflow=workflow, session_time=moment, skipped=why[:300]) for moment in times], ignore_conflicts=True
    )


# --- what people do ----------------------------------------------------------------------------------------------


def next_runs(schedule: WorkflowSchedule, count: int) -> list[Slot]:
    """The sessions that come next, up to `count`; none while it is paused. Raises ScheduleError."""
    if schedule.paused_at or not schedule.next_session_time or not schedule.next_run_at:
        return []
    times, slots = read(schedule), [Slot(schedule.next_session_time, schedule.next_run_at)]
    while len(slots) < count and (slot := times.next_after(slots[-1].session_time)):
        slots.append(slot)
    return slots


def pause(schedule: WorkflowSchedule, *, user: User) -> bool:
    """Let no session start by itself. False: it was paused before."""
    mine = WorkflowSchedule.objects.filter(pk=schedule.pk, paused_at=None)
    return bool(mine.update(paused_at=timezone.now(), paused_by=user))


def resume(schedule: WorkflowSchedule, *, user: User, now: datetime | None = None) -> WorkflowSchedule:
    """Go on from the next session on: those of the pause do not run. Raises ScheduleError."""
    with transaction.atomic():
        locked = lock(schedule)
        if locked.paused_at:
            slot = read(locked).first_from(now or timezone.now())
            if locked.next_session_time and (slot is None or slot.session_time > locked.next_session_time):
                _wait_for(locked, slot)
            locked.paused_at, locked.paused_by, locked.problem = None, None, ""
            locked.save()
    return locked


def skip(
    schedule: WorkflowSchedule,
    *,
    user: User,
    count: int | None = None,
    until: datetime | None = None,
    run_at: datetime | None = None,
    dry_run: bool = False,
) -> WorkflowSchedule:
    """Leave out the next `count` sessions, or all before the session time `until`; they are kept as skipped.

    `run_at`: when the session behind them starts, if not at its own time. → the schedule as it is then, or would be.
    Raises NotPossible, ScheduleError.
    """
    with transaction.atomic():
        locked = lock(schedule)
        times, slot, skipped = read(locked), _next(locked), list[datetime]()
        while slot and (len(skipped) < (count or 0) if until is None else slot.session_time < until):
            skipped.append(slot.session_time)
            if len(skipped) > MOST_SKIPPED:
                raise NotPossible(f"At most {MOST_SKIPPED:,} sessions can be skipped at a time.")
            slot = times.next_after(slot.session_time)
        if not skipped:
            raise NotPossible("No session of this schedule would be skipped: the next one is later, or none is left.")
        _wait_for(locked, Slot(slot.session_time, run_at or slot.run_time) if slot else None)
        locked.problem = ""
        if not dry_run:
            locked.save()
            _skip(locked.workflow, skipped, f"Skipped by {user.display_name}.")
    return locked


def _next(schedule: WorkflowSchedule) -> Slot | None:
    if schedule.next_session_time is None or schedule.next_run_at is None:
        return None
    return Slot(schedule.next_session_time, schedule.next_run_at)


def backfill(
    schedule: WorkflowSchedule,
    first: datetime,
    count: int | None = None,
    *,
    user: User,
    name: str = "",
    dry_run: bool = False,
    now: datetime | None = None,
) -> list[Attempt] | list[datetime]:
    """Run the `count` sessions from the past session time `first` on, all without it; those to come are left out.

    Without a `name` sessions that have an attempt are left out. With one, each gets a further attempt of this name, but
    those that have one already. → the attempts in their order, or with `dry_run` the session times. Raises NotPossible,
    ScheduleError.
    """
    if count is not None and not 1 <= count <= MOST_BACKFILLED:
        raise NotPossible(f"Backfill takes 1 to {MOST_BACKFILLED} sessions at a time, not {count:,}.")
    with transaction.atomic():
        locked = lock(schedule)
        times = _past(locked, first, count, now or timezone.now())
        done = Attempt.objects.filter(session__workflow=locked.workflow, session__session_time__in=times)
        if name:
            done = done.filter(retry_attempt_name=name)
        known = set(done.values_list("session__session_time", flat=True))
        wanted = [moment for moment in times if moment not in known]
        if dry_run:
            return wanted
        return [made for moment in wanted if (made := _started(locked.workflow, moment, user, name))]


def _started(workflow: Workflow, session_time: datetime, user: User, name: str) -> Attempt | None:
    """None if somebody started it meanwhile."""
    try:
        with transaction.atomic():
            return sessions.start(workflow, session_time, user=user, retry_name=name)
    except sessions.AttemptExists:
        return None


def _past(schedule: WorkflowSchedule, first: datetime, count: int | None, now: datetime) -> list[datetime]:
    """The session times from `first` on that its schedule has dealt with, or lets pass in a pause."""
    times, found = read(schedule), list[datetime]()
    end = None if schedule.paused_at else schedule.next_session_time
    slot = times.next_after(first - timedelta(microseconds=1))
    while slot and slot.run_time <= now and (end is None or slot.session_time < end) and len(found) != count:
        found.append(slot.session_time)
        if len(found) > MOST_BACKFILLED:
            raise NotPossible(f"These are more than {MOST_BACKFILLED} sessions: say how many, up to so many at a time.")
        slot = times.next_after(slot.session_time)
    if not found:
        raise NotPossible("Backfill needs a time in the past, with a session between it and now.")
    return found


def lock(schedule: WorkflowSchedule) -> WorkflowSchedule:
    """From which no session starts meanwhile."""
    found = WorkflowSchedule.objects.select_for_update(of=("self",)).select_related("workflow__project")
    return found.get(pk=schedule.pk)
