"""How many jobs ended, and how their rows did, since the console was set up: running totals, which outlive the jobs.

Clusters add up what ended half a minute ago and longer. A job that is resumed ends again: then only what its rows have
gained under each end is added, so that no total ever falls.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from exports.models import FINISHED, Job, JobState
from exports.upkeep_models import JobTotal, TotalsUntil

ENDS = ("invalid", "accepted", "refused", "unknown", "not_attempted")
SETTLED = timedelta(seconds=30)  # until no job is committed any more as ended before: clocks of hosts differ a little
BATCH = 1_000
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
Kind = tuple[str, str, str]


def sum_up() -> None:
    """Add the jobs that ended since the last time, at most about BATCH of them. May run in many processes at once."""
    settled = timezone.now() - SETTLED
    until, _ = TotalsUntil.objects.get_or_create(pk=1, defaults={"at": BEGINNING})
    if not _ended(until.at, settled).exists():
        return
    with transaction.atomic():
        until = TotalsUntil.objects.select_for_update().get(pk=1)
        up_to = _ended(until.at, settled).values_list("finished_at", flat=True)[BATCH : BATCH + 1].first() or settled
        _add(_ended(until.at, up_to))
        TotalsUntil.objects.filter(pk=1).update(at=up_to)


def _ended(after: datetime, up_to: datetime) -> Any:
    return Job.objects.filter(state__in=FINISHED, finished_at__gt=after, finished_at__lte=up_to).order_by("finished_at")


def _add(jobs: Any) -> None:
    gained: dict[Kind, Counter[str]] = {}
    for job in jobs.only("state", "outcome", "connector_key", "mode", "position", "rows", "counted", *ENDS):
        kind = (job.outcome, job.connector_key, job.mode)
        gained.setdefault(kind, Counter()).update(jobs=1, **_gained(job))
        if job.state != JobState.SUCCESS and job.position < job.rows:  # it may be resumed
            counts = {end: getattr(job, end) for end in ENDS}
            Job.objects.filter(pk=job.pk).update(counted=counts)
    for (outcome, connector_key, mode), counts in gained.items():
        total, _ = JobTotal.objects.get_or_create(outcome=outcome, connector_key=connector_key, mode=mode)
        JobTotal.objects.filter(pk=total.pk).update(**{name: F(name) + number for name, number in counts.items()})


def _gained(job: Job) -> dict[str, int]:
    return {end: max(0, getattr(job, end) - job.counted.get(end, 0)) for end in ENDS}
