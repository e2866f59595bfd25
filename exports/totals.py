"""How many jobs ended, and how their rows did: running totals, which outlive the jobs and cost nothing to read."""

from django.db.models import F

from exports.models import Job, JobState
from exports.upkeep_models import JobTotal

ENDS = ("invalid", "accepted", "refused", "unknown", "not_attempted")


def add(job: Job) -> None:
    """Count a job that has just ended, in the transaction of its end.

    One that is resumed ends again: then only what its rows have gained under each end is added, so that no total falls.
    """
    kind = {"outcome": job.outcome, "connector_key": job.connector_key, "mode": job.mode}
    total, _ = JobTotal.objects.get_or_create(**kind)
    counts = {end: getattr(job, end) for end in ENDS}
    gained = {end: F(end) + max(0, number - job.counted.get(end, 0)) for end, number in counts.items()}
    JobTotal.objects.filter(pk=total.pk).update(jobs=F("jobs") + 1, **gained)
    if job.state != JobState.SUCCESS and job.position < job.rows:  # it may be resumed
        Job.objects.filter(pk=job.pk).update(counted=counts)
