"""How often the same thing is told: one outage must not send a thousand messages.

Of failures in a row the 1st, the 3rd and the 5th are told, later ones once in 24 hours. The fifth configuration error
disables a schedule; transient errors may go on for days. Errors that somebody has to correct and all others are counted
apart, so a new cause is told at once. Jobs with many rejects are told in the same rhythm, until one has few.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from exports.models import ErrorKind, Job
from exports.notify.models import Streak

TOLD = (1, 3, 5)
AGAIN = timedelta(hours=24)


def worth_telling(count: int, told_at: datetime | None, now: datetime) -> bool:
    """`count`: how many in a row; `told_at`: when that was told last."""
    return count in TOLD or (count > TOLD[-1] and (told_at is None or now - told_at >= AGAIN))


def failed(job: Job, now: datetime, *, of_schedule: int | None = None) -> tuple[int, bool]:
    """Count one more job that ended in an error. → how many in a row, and whether to tell it.

    `of_schedule`: configuration errors in a row as the schedule counts them, which begins anew when it is enabled.
    """
    kind = "configuration" if job.error_kind == ErrorKind.CONFIGURATION else "other"
    return _one_more(job, kind, now, of_schedule if kind == "configuration" else None)


def succeeded(job: Job) -> bool:
    """No errors in a row any more. → whether there were some."""
    failing = dict.fromkeys(("configuration", "other"), 0) | dict.fromkeys(("configuration_told_at", "other_told_at"))
    streaks = _of(job)
    return bool(streaks.exclude(configuration=0, other=0).update(**failing))


def many_rejects(job: Job, now: datetime) -> bool:
    """Count one more job with many rejects. → whether to tell it."""
    return _one_more(job, "rejects", now)[1]


def few_rejects(job: Job) -> None:
    _of(job).filter(rejects__gt=0).update(rejects=0, rejects_told_at=None)


def _one_more(job: Job, kind: str, now: datetime, count: int | None = None) -> tuple[int, bool]:
    Streak.objects.get_or_create(query=job.query, scheduled=_scheduled(job))
    streak = _of(job).select_for_update().get()
    so_far = getattr(streak, kind) + 1
    tell = worth_telling(so_far if count is None else count, getattr(streak, f"{kind}_told_at"), now)
    setattr(streak, kind, so_far)
    if tell:
        setattr(streak, f"{kind}_told_at", now)
    streak.save(update_fields=[kind, f"{kind}_told_at"])
    return so_far if count is None else count, tell


def _of(job: Job) -> QuerySet[Streak]:
    return Streak.objects.filter(query=job.query_id, scheduled=_scheduled(job))


def _scheduled(job: Job) -> bool:
    return job.schedule_id is not None
