"""What follows from the end of a job.

Every job ends through `end`, whoever ends it: what has to be done or told then belongs into `job_ended`, and what has
to be told when a schedule was disabled, into `_schedule_disabled`. Both run once, in the transaction of the end. Who
is told by e-mail and the like, and what, is in `exports.notify`.
"""

from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from exports import accounting, owners, timing, totals
from exports.models import ErrorKind, Job, JobLog, JobQuerySet, JobState, Mode, RowsFrom
from exports.notify import telling
from exports.schedule_models import Schedule

DISABLED_AT = 5  # configuration errors in a row


def end(job: JobQuerySet, pk: int, state: str, **values: Any) -> bool:
    """End a job for good, as `accounting.end` does, with all that follows from it. False: it may not end."""
    accounting.tally(pk)  # which may take a while: not within the transaction
    with transaction.atomic():
        if not accounting.end(job, pk, state, **values):
            return False
        ended = Job.objects.get(pk=pk)
        job_ended(ended)
        totals.add(ended)  # last: all ends have its rows in common
    return True


def job_ended(job: Job) -> None:
    """The job's schedule counts it, what its query belongs to hears of it, and whoever wants to know of it is told."""
    disabled = _count(job)
    owners.job_ended(job)
    telling.job_ended(job, disabled=disabled)


def _count(job: Job) -> bool:
    """Configuration errors in a row; any success starts anew, other ends do not matter. → whether that disabled it."""
    schedules = Schedule.objects.filter(pk=job.schedule_id or 0)
    if job.state == JobState.SUCCESS:
        (schedules | _of_the_saved_query(job)).filter(failures__gt=0).update(failures=0)
    elif job.error_kind == ErrorKind.CONFIGURATION and schedules.update(failures=F("failures") + 1):
        return _disable_after_failures(job, schedules.get())
    return False


def _of_the_saved_query(job: Job) -> QuerySet[Schedule]:
    """The schedule whose runs would do just what the job did, whoever ran it."""
    if job.mode != Mode.SEND or job.rows_from != RowsFrom.QUERY:
        return Schedule.objects.none()
    return Schedule.objects.filter(query=job.query_id or 0, query__version=job.query_version or 0)


def _disable_after_failures(job: Job, schedule: Schedule) -> bool:
    why = f"Disabled after {schedule.failures} jobs in a row ended in a configuration error, job {job.pk} the last."
    tired = Schedule.objects.filter(pk=schedule.pk, failures__gte=DISABLED_AT)
    disabled = timing.switch_off(tired, why)
    if disabled:
        _schedule_disabled(job, schedule)
    return disabled


def _schedule_disabled(job: Job, schedule: Schedule) -> None:
    text = (
        f"The schedule is disabled: {schedule.failures} jobs in a row ended in a configuration error. Correct what is "
        "wrong, then enable it again."
    )
    JobLog.objects.create(job=job, level=JobLog.Level.ERROR, text=text)
