"""Slots whose time has come: each gets its one job, or the reason why it has none, whatever crashes meanwhile.

A slot's row, its job and the schedule's next slot are written in one transaction, bound to the run time that the
schedule waited for, so any number of processes may do this at once.
"""

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max, QuerySet

from exports import freezing, job_words, options, table_targets, targets, texts, timing
from exports.models import ACTIVE, Job, JobLog
from exports.notify import telling
from exports.schedule_models import Missed, Overlap, Schedule, Slot
from exports.timing import ScheduleError

logger = logging.getLogger(__name__)
BATCH = 200  # schedules a transaction
SECONDS = 2.0  # at a time: the dispatcher has other things to do
MISSED_AFTER = timedelta(minutes=2)  # late by more: nothing ran on this server
MOST_MISSED = 10
MOST_TOLD = 100  # skipped slots of one absence that the history lists
TRY_AGAIN = timedelta(minutes=1)
PROBLEM = (
    "Its last slot could not be dealt with because of a fault in the console; it is tried again every minute. The "
    "server's log has the details."
)
MISSED = "Its time passed while no worker ran on this server."
HINDERED = "Its time passed while a fault in the console kept it from running."
SOME_RUN = {
    Missed.EACH: f" Of such slots the last {MOST_MISSED} run.",
    Missed.LATEST: " Of such slots the latest one runs.",
    Missed.SKIP: "",
}


@dataclass(frozen=True)
class Plan:
    """What becomes of a schedule's due slots: those that run, and why the others do not, each in order. `next_slot`
    None: they are its last ones."""

    schedule: Schedule
    next_slot: datetime | None
    runs: tuple[datetime, ...] = ()
    skipped: dict[datetime, str] = field(default_factory=dict)

    @property
    def slots(self) -> list[datetime]:
        return [*self.runs, *self.skipped]

    def without(self, known: Collection[datetime]) -> "Plan":
        """Some slots were dealt with before."""
        skipped = {slot: why for slot, why in self.skipped.items() if slot not in known}
        return replace(self, runs=tuple(slot for slot in self.runs if slot not in known), skipped=skipped)

    def one_at_a_time(self, active: int | None) -> "Plan":
        """For a schedule that skips what would overlap. `active`: its job that has not ended."""
        if self.schedule.overlap != Overlap.SKIP or not self.runs:
            return self
        first = 0 if active else 1
        why = f"Job {active} of this schedule had not ended yet." if active else "The run before it had not ended yet."
        return replace(self, runs=self.runs[:first], skipped=self.skipped | dict.fromkeys(self.runs[first:], why))


def fire(now: datetime, *, seconds: float = SECONDS) -> None:
    """Deal with the slots whose run time has come; what is not done in `seconds` is left for the next call.

    A schedule that cannot be dealt with holds up no other. Raises OperationalError and InterfaceError.
    """
    end = time.monotonic() + seconds
    due = Schedule.objects.filter(next_run_at__lte=now).order_by("next_run_at", "pk")
    while time.monotonic() < end and (some := list(due.values_list("pk", flat=True)[:BATCH])):
        if not _fire(some, now):
            return  # other processes have them


def _fire(some: list[int], now: datetime) -> int:
    """→ how many were dealt with."""
    try:
        return _fire_together(some, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Some of %s schedules cannot be dealt with together; each is tried alone", len(some))
    return sum(_fire_alone(pk, now) for pk in some)


def _fire_alone(pk: int, now: datetime) -> int:
    try:
        return _fire_together([pk], now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Schedule %s: its slot cannot be dealt with; it is tried again in %s", pk, TRY_AGAIN)
    still = Schedule.objects.filter(pk=pk, next_run_at__lte=now)
    return still.update(next_run_at=now + TRY_AGAIN, problem=PROBLEM)


def _fire_together(some: list[int], now: datetime) -> int:
    with transaction.atomic():
        due = list(_locked(some, now))
        plans = [found for schedule in due if (found := _plan(schedule, now))]
        known, active = _known(plans), _active(plans)
        plans = [plan.without(known.get(plan.schedule.pk, ())) for plan in plans if _advance(plan)]
        plans = [plan.one_at_a_time(active.get(plan.schedule.pk)) for plan in plans]
        queue((plan.schedule, slot) for plan in plans for slot in plan.runs)
        _record_skipped(plans)
    return len(due)


def _locked(some: list[int], now: datetime) -> QuerySet[Schedule]:
    """Those that are still due. Where the database locks rows, one process leaves to another what that one has."""
    due = Schedule.objects.filter(pk__in=some, next_run_at__lte=now).order_by("next_run_at", "pk")
    return with_query(due.select_for_update(skip_locked=True, of=("self",)))


def with_query(schedules: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """With all that `queue` needs of them."""
    target = "query__export_target__authentication"
    return schedules.select_related("changed_by", "query__database", "query__source", target)


def _plan(schedule: Schedule, now: datetime) -> Plan | None:
    """None for a schedule that cannot be read any more: it is disabled."""
    try:
        return plan(schedule, now)
    except ScheduleError as error:
        logger.error("Schedule %s cannot be read and is disabled: %s", schedule.pk, error)
        why = f"The schedule cannot be read: {error}"
        if timing.switch_off(Schedule.objects.filter(pk=schedule.pk), why):
            telling.schedule_unreadable(schedule, why)
        return None


def plan(schedule: Schedule, now: datetime) -> Plan:
    """What becomes of the due slots by the schedule's own rule for missed ones. Raises ScheduleError."""
    slots = timing.of(schedule).slots()
    delay = timedelta(seconds=schedule.delay)
    next_slot = slots.next_after(now - delay)
    first = schedule.next_slot
    if first is None or (next_slot and first >= next_slot):
        return Plan(schedule, next_slot)
    due = slots.latest(MOST_TOLD + MOST_MISSED, first, now - delay)
    if not due or due[0] + delay >= now - MISSED_AFTER:
        return Plan(schedule, next_slot, tuple(due))
    runs = {
        Missed.EACH: due[-MOST_MISSED:],
        Missed.LATEST: due[-1:],
        Missed.SKIP: [slot for slot in due if slot + delay >= now - MISSED_AFTER],
    }[Missed(schedule.missed)]
    why = f"{HINDERED if schedule.problem else MISSED}{SOME_RUN[Missed(schedule.missed)]}"
    skipped = dict.fromkeys([slot for slot in due if slot not in runs][-MOST_TOLD:], why)
    if len(due) == MOST_TOLD + MOST_MISSED:
        skipped[next(iter(skipped))] += " Earlier ones are not listed."
    return Plan(schedule, next_slot, tuple(runs), skipped)


def _known(plans: Iterable[Plan]) -> dict[int, set[datetime]]:
    """By schedule, the planned slots that were dealt with before, such as by a backfill."""
    times = {slot for plan in plans for slot in plan.slots}
    found = Slot.objects.filter(schedule__in=[plan.schedule.pk for plan in plans], scheduled_for__in=times)
    known: dict[int, set[datetime]] = {}
    for pk, slot in found.values_list("schedule_id", "scheduled_for"):
        known.setdefault(pk, set()).add(slot)
    return known


def _active(plans: Iterable[Plan]) -> dict[int | None, int]:
    """By schedule, its last job that has not ended, where that matters."""
    alone = [plan.schedule.pk for plan in plans if plan.schedule.overlap == Overlap.SKIP]
    jobs = Job.objects.filter(schedule__in=alone, state__in=ACTIVE)
    return dict(jobs.order_by().values_list("schedule_id").annotate(last=Max("pk")))


def _advance(plan: Plan) -> bool:
    """Take the due slots. False: another process did."""
    schedule = plan.schedule
    mine = Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at)
    run_at = timing.of(schedule).run_at(plan.next_slot) if plan.next_slot else None
    return bool(mine.update(next_slot=plan.next_slot, next_run_at=run_at, problem=""))


def queue(slots: Iterable[tuple[Schedule, datetime]], *, backfilled: bool = False) -> list[Job]:
    """Make the jobs of slots that have none, in their order, with the slots' rows; within the caller's transaction.

    The dispatcher wakes workers for them. The schedules come as `with_query` reads them.
    """
    wanted = list(slots)
    jobs = Job.objects.bulk_create([_job(schedule, slot) for schedule, slot in wanted])
    JobLog.objects.bulk_create([JobLog(job=job, text=job_words.queued(job)) for job in jobs])
    Slot.objects.bulk_create(
        Slot(schedule=schedule, scheduled_for=slot, job=job, backfilled=backfilled)
        for (schedule, slot), job in zip(wanted, jobs, strict=True)
    )
    return jobs


def _job(schedule: Schedule, slot: datetime) -> Job:
    query = schedule.query
    job = freezing.freeze(
        text=texts.of(query),
        name=query.name,
        user=schedule.changed_by,
        query=query,
        query_version=query.version,
        target=targets.as_target(getattr(query, "export_target", None)),
        table=table_targets.of(query),
        options=options.of(query),
    )
    job.schedule, job.scheduled_for, job.issued_as = schedule, slot, query.issued_as
    return job


def _record_skipped(plans: Iterable[Plan]) -> None:
    Slot.objects.bulk_create(
        Slot(schedule=plan.schedule, scheduled_for=slot, skipped=why)
        for plan in plans
        for slot, why in plan.skipped.items()
    )
