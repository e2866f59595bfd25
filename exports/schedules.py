"""What people do with a saved query's schedule."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from exports import firing, jobs, options, table_targets, targets, texts, timing
from exports.errors import NotPossible
from exports.models import Job, Query
from exports.schedule_models import Schedule, Slot
from exports.timing import Timing

MOST_BACKFILLED = 10


@dataclass(frozen=True)
class Backfill:
    """The jobs that were made, in the order of their slots, and the slots that had run before."""

    jobs: list[Job]
    known: list[Slot]


def of(query: Query) -> Schedule | None:
    return Schedule.objects.filter(query=query).first()


def lock(query: Query) -> Schedule | None:
    """Its schedule, from which no job is made meanwhile. Whoever makes its jobs locks it too, before the query."""
    return Schedule.objects.select_for_update().filter(query=query).first()


def timing_of(query: Query) -> Timing | None:
    """When the query runs by itself; None: never."""
    schedule = of(query)
    return timing.of(schedule) if schedule else None


def settings_of(query: Query) -> Timing:
    """What its schedule is set to; without one, and then with an empty cron line, what one would begin with."""
    schedule = getattr(query, "schedule", None)
    return timing.of(schedule) if schedule else timing.read(query.idle_schedule)


def keep_idle(query: Query, times: Timing) -> None:
    """Remember, for a query without a schedule, what one would begin with: not the start and the end."""
    data = times.endless().data()
    del data["cron"]
    Query.objects.filter(pk=query.pk).update(idle_schedule=data)


def keep(query: Query, wanted: Timing | None, *, user: User | None) -> None:
    """Let the query run so by itself, or with None no more; what is so already stays untouched."""
    if wanted == timing_of(query):
        return
    if wanted:
        save(query, wanted, user=user, monthly=True)
    else:
        remove(query)


def save(query: Query, wanted: Timing, *, user: User | None, monthly: bool = False) -> Schedule:
    """Give the query this schedule, from its next slot on; without one to come, it has ended. `monthly`: the preset
    @monthly is allowed.

    A schedule that it has keeps its history, stays disabled if it is, and, while neither its cron line nor its time
    zone changes, keeps the slots that wait for their run time. Raises ScheduleError.
    """
    wanted.check(monthly=monthly)
    with transaction.atomic():
        before = lock(query)
        schedule = before or Schedule(query=query)
        since = _dealt_with(before, wanted, timezone.now())
        for name, value in wanted.columns().items():
            setattr(schedule, name, value)
        _store(schedule, since, user)
    return schedule


def _dealt_with(before: Schedule | None, wanted: Timing, now: datetime) -> datetime:
    """Until when the slots are dealt with, or not wanted."""
    if not before or not before.next_slot or (before.cron, before.time_zone) != (wanted.cron, wanted.time_zone):
        return now
    return min(now, before.next_slot - timedelta(microseconds=1))


def _store(schedule: Schedule, since: datetime, user: User | None) -> None:
    stored = timing.of(schedule)
    slots = stored.slots()
    if schedule.enabled:
        schedule.next_slot = slots.next_after(since)
        schedule.next_run_at = stored.run_at(schedule.next_slot) if schedule.next_slot else None
    schedule.problem = ""
    schedule.changed_by, schedule.changed_at = user, timezone.now()
    schedule.save()


def remove(query: Query) -> None:
    """The query runs by itself no more. The history of its slots goes with it; their jobs stay, and so do its time zone
    and its other settings for the next schedule."""
    with transaction.atomic():
        if locked := lock(query):
            keep_idle(query, timing.of(locked))
            locked.delete()


def pause(schedule: Schedule, *, user: User) -> bool:
    """Disable the schedule. False: it was disabled before."""
    mine = Schedule.objects.filter(pk=schedule.pk)
    return timing.switch_off(mine, f"Paused by {user.display_name}.")


def resume(schedule: Schedule, *, user: User) -> Schedule:
    """Enable the schedule, from its next slot on; failures count anew. Raises ScheduleError if it cannot be read."""
    with transaction.atomic():
        locked = Schedule.objects.select_for_update().get(pk=schedule.pk)
        if not locked.enabled:
            locked.enabled, locked.disabled_at, locked.disabled_why, locked.failures = True, None, "", 0
            _store(locked, timezone.now(), user)
    return locked


def run_now(query: Query, *, user: User, scheduled_for: datetime | None = None, domain_key: str | None = None) -> Job:
    """Run the saved query once, beside the slots of its schedule, which does not wait for it. If it succeeds, failures
    of the schedule count anew; if it fails, they do not count it.

    `scheduled_for`: what TD_SCHEDULED_TIME() means; None: now. `domain_key`: as in jobs.start. Raises DomainKeyTaken,
    Query.DoesNotExist.
    """
    with transaction.atomic():
        saved = Query.objects.select_for_update(no_key=True).get(pk=query.pk)
        return jobs.start(
            text=texts.of(saved),
            name=saved.name,
            user=user,
            query=saved,
            query_version=saved.version,
            target=targets.of(saved),
            table=table_targets.of(saved),
            scheduled_for=scheduled_for,
            options=options.of(saved),
            domain_key=domain_key,
            issued_as=saved.issued_as,
        )


def run_for(query: Query, first: datetime, count: int = 1, *, user: User, domain_key: str | None = None) -> list[Job]:
    """What `td sched:run` asks for: a job for each of the `count` slots from the past time `first` on, in their order.

    A slot that has a job is run once more, beside the schedule. A query without a schedule runs once, for `first`
    itself. `domain_key`: of the first job. Raises NotPossible, ScheduleError, DomainKeyTaken, Query.DoesNotExist.
    """
    with transaction.atomic():
        schedule = lock(query)
        if schedule is None:
            return [run_now(query, user=user, scheduled_for=first, domain_key=domain_key)]
        done = backfill(schedule, first, count)
        again = [run_now(query, user=user, scheduled_for=slot.scheduled_for) for slot in done.known]
        made = sorted([*done.jobs, *again], key=lambda job: job.scheduled_for or first)
        jobs.claim(made[0], domain_key)
    return made


def backfill(schedule: Schedule, first: datetime, count: int = 1) -> Backfill:
    """Run the `count` slots from the past time `first` on, one at a time in their order; those to come are left out.

    A slot that has run, or waits to, is not run again; one that was skipped is. Raises NotPossible, ScheduleError.
    """
    now = timezone.now()
    if not 1 <= count <= MOST_BACKFILLED:
        raise NotPossible(f"Backfill takes 1 to {MOST_BACKFILLED} slots at a time, not {count}.")
    with transaction.atomic():
        locked = firing.with_query(Schedule.objects.select_for_update(of=("self",))).get(pk=schedule.pk)
        slots = past_slots(locked, first, count, now)
        found = Slot.objects.filter(schedule=locked, scheduled_for__in=slots)
        found.exclude(skipped="").delete()
        known = list(found.order_by("scheduled_for"))
        had = {slot.scheduled_for for slot in known}
        made = firing.queue([(locked, slot) for slot in slots if slot not in had], backfilled=True)
    return Backfill(made, known)


def past_slots(schedule: Schedule, first: datetime, count: int, now: datetime) -> list[datetime]:
    """The slots of a backfill. Raises NotPossible, ScheduleError."""
    runs = timing.of(schedule).slots().runs(first - timedelta(microseconds=1))
    slots = list(takewhile(lambda slot: slot <= now, islice(runs, count)))
    if not slots:
        raise NotPossible("Backfill needs a time in the past, with a slot between it and now.")
    return slots
