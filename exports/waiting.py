"""Which job a queued job waits for: the jobs of a schedule run one at a time, in the order in which they were made."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from exports.models import ACTIVE, Job, JobQuerySet, JobState


def in_turn(jobs: JobQuerySet) -> JobQuerySet:
    """Without those whose schedule has a job that goes first."""
    earlier = Q(state__in=ACTIVE, pk__lt=OuterRef("pk")) | Q(state=JobState.RUNNING)
    first = Job.objects.filter(earlier, schedule=OuterRef("schedule")).exclude(pk=OuterRef("pk"))
    return jobs.exclude(Exists(first))


def waits_for(jobs: Iterable[Job]) -> dict[int, int]:
    """By job, the job of its schedule that has to end first; only of those that wait for one."""
    queued = [job for job in jobs if job.schedule_id and job.state == JobState.QUEUED]
    if not queued:
        return {}
    active = Job.objects.filter(schedule__in={job.schedule_id for job in queued}, state__in=ACTIVE).order_by("-pk")
    found = list(active.values_list("schedule_id", "pk", "state"))
    waits = {job.pk: _before(job, [(pk, state) for of, pk, state in found if of == job.schedule_id]) for job in queued}
    return {pk: before for pk, before in waits.items() if before}


def _before(job: Job, active: list[tuple[int, str]]) -> int | None:
    """The one that runs, or else the latest one made earlier. `active`: the newest first."""
    running = [pk for pk, state in active if state == JobState.RUNNING]
    return next(iter(running + [pk for pk, _ in active if pk < job.pk]), None)
