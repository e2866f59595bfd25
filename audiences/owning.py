"""Which pages show what the queries of Audience Studio belong to: told to `exports.owners`."""

from django.urls import reverse

from audiences import activation_log, activations, parents
from exports import owners
from exports.models import Job, JobState, Purpose, Query
from exports.owners import Keeper


def register() -> None:
    owners.register(Purpose.PARENT_SEGMENT, Keeper(page=_parent_segment, job_ended=_built))
    owners.register(Purpose.ACTIVATION, Keeper(_activation, activation_log.note, activation_log.hint))


def _parent_segment(query: Query) -> str:
    return reverse("audiences:parent_segment", args=[query.parent_segment.pk])


def _built(job: Job) -> None:
    """The next build takes the columns that the master table has now; activations take those of this one."""
    if job.query:
        parents.refresh(job.query.parent_segment, user=None)
    if job.query and job.state == JobState.SUCCESS:
        activations.recompile(job.query.parent_segment, strict=False)


def _activation(query: Query) -> str:
    return reverse("audiences:activation", args=[query.activation.pk])
