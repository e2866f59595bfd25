"""What a schedule's own page shows: the history of its slots, and the slots that a backfill would run."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from exports import job_words, schedule_words, schedules, timing, waiting
from exports.models import ErrorKind, Job
from exports.schedule_models import Schedule, Slot
from exports.schedule_words import Upcoming, moment
from exports.slots import INSTANT
from exports.timing import ScheduleError

_LARGE = tuple(f"job__{name}" for name in ("sql", "mapping", "settings", "columns", "division", "notes"))


@dataclass(frozen=True)
class Row:
    """One slot. `status`: the job's, "skipped", or "" for a job that was deleted; `why` it was skipped, waits or
    failed."""

    slot: Slot
    scheduled: SafeString
    started: SafeString | str
    took: str
    status: str
    word: str
    why: str


@dataclass(frozen=True)
class Planned:
    """A slot of a backfill; `job`: what has run for it already, so that it does not run again."""

    scheduled: str
    runs: bool
    says: str
    job: int | None = None


def history(schedule: Schedule) -> QuerySet[Slot]:
    """Its slots, the newest first."""
    return Slot.objects.filter(schedule=schedule).select_related("job").defer(*_LARGE)


def rows(slots: list[Slot], zone: tzinfo, now: datetime) -> list[Row]:
    before = waiting.waits_for([slot.job for slot in slots if slot.job])
    return [_row(slot, before, zone, now) for slot in slots]


def _row(slot: Slot, before: dict[int, int], zone: tzinfo, now: datetime) -> Row:
    job = slot.job
    status = job_words.status(job, now) if job else job_words.Status("skipped" if slot.skipped else "")
    waits = f"Waits for job {before[job.pk]}" if job and job.pk in before else ""
    return Row(
        slot=slot,
        scheduled=job_words.time_tag(slot.scheduled_for, moment(slot.scheduled_for, zone)),
        started=job_words.when(job.started_at, zone, now) if job and job.started_at else "",
        took=job_words.took(job, now) if job else "",
        status=status.key,
        word=status.word,
        why=slot.skipped or waits or (job.error if job else ""),
    )


def upcoming(schedule: Schedule, now: datetime) -> list[Upcoming]:
    """The next runs, first those of slots that wait for their delay; [] for one that has none or cannot be read."""
    if not schedule.next_slot:
        return []
    waiting_since = max(schedule.next_slot - INSTANT, now - timedelta(seconds=schedule.delay))
    try:
        return schedule_words.upcoming(timing.of(schedule), now, since=waiting_since)
    except ScheduleError:
        return []


def last_failure(schedule: Schedule) -> Job | None:
    """The latest of the configuration errors in a row."""
    if not schedule.failures:
        return None
    return Job.objects.filter(schedule=schedule, error_kind=ErrorKind.CONFIGURATION).order_by("-pk").first()


def zone_of(schedule: Schedule) -> tzinfo:
    return job_words.zone_named(schedule.time_zone)


def plan(schedule: Schedule, first: datetime, count: int, now: datetime) -> list[Planned]:
    """What a backfill would do. Raises NotPossible, ScheduleError."""
    slots, zone = schedules.past_slots(schedule, first, count, now), zone_of(schedule)
    known = {slot.scheduled_for: slot for slot in Slot.objects.filter(schedule=schedule, scheduled_for__in=slots)}
    return [_planned(slot, known.get(slot), zone) for slot in slots]


def _planned(at: datetime, known: Slot | None, zone: tzinfo) -> Planned:
    scheduled = moment(at, zone)
    if known is None:
        return Planned(scheduled, runs=True, says="Runs")
    if known.skipped:
        return Planned(scheduled, runs=True, says="Runs; it was skipped before")
    return Planned(scheduled, runs=False, says="Has a job already: not run again", job=known.job_id)
