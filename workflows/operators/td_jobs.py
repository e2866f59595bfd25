"""The job that a task makes: once, whatever dies meanwhile, and what its end means to the task."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from exports import jobs
from exports.jobs import DomainKeyTaken
from exports.models import Job, JobState
from exports.table_targets import TableTarget
from exports.targets import Target
from exports.texts import engine_of_job
from workflows.models import TaskJob
from workflows.operators import td_params
from workflows.operators.base import Later, Outcome, Step, TaskFailed

Start = Callable[[User, str], Job]
"""Makes the job as this user, with this domain_key. It is called in a transaction; what it raises undoes all of it."""


def through(step: Step, start: Start, then: Callable[[Job], Outcome], *, key: str = "", **memory: Any) -> Outcome:
    """Make a job, wait for it, and go on with `then` once it has succeeded. Raises TaskFailed.

    `key`: its domain_key if the task makes more than one. `memory`: what the step after this one needs beside the job.
    """
    key = key or step.key
    job = _known(step, key) or _made(step, start, key)
    if not job.finished:
        return Later(memory={**memory, "job": job.pk}, job=job.pk)
    if job.state != JobState.SUCCESS:
        raise failed(job)
    return then(job)


def _known(step: Step, key: str) -> Job | None:
    """The job that a step before this one made, or this one before its worker died."""
    made = Job.objects.filter(made_by_task__task=step.task)
    if "job" not in step.memory:
        return made.filter(domain_key=key).first()
    job = made.filter(pk=step.memory["job"]).first()
    if job is None:
        raise TaskFailed(f"Job {step.memory['job']} was deleted before its task had seen its end.", "Run it again.")
    return job


def _made(step: Step, start: Start, key: str) -> Job:
    user = td_params.editor(step)
    step.lease.check()
    try:
        with transaction.atomic():
            job = start(user, key)
            TaskJob.objects.create(task=step.task, job=job)
    except DomainKeyTaken as taken:
        says = f"Job {taken.job.pk}, which this task has not made, has the domain_key {key}."
        raise TaskFailed(says, "Start a new attempt.") from taken
    step.log(_started(job))
    return job


def _started(job: Job) -> str:
    told = f"Job {job.pk}: {engine_of_job(job)} on {job.database_name}"
    if job.exports:
        return f"{told}; the result is sent to {job.destination}."
    return f"{told}; the result {TableTarget(**job.into).says}." if job.into else f"{told}."


def query(
    step: Step,
    *,
    target: Target | None = None,
    table: TableTarget | None = None,
) -> Callable[[User, str], Job]:
    """A Start of the task's own query."""

    def start(user: User, key: str) -> Job:
        return jobs.start(
            text=td_params.text(step),
            name=name(step),
            user=user,
            target=target,
            table=table,
            scheduled_for=session_time(step),
            options=td_params.options(step),
            domain_key=key,
        )

    return start


def name(step: Step) -> str:
    """What a job of the task is called."""
    full = step.task.full_name
    return full if len(full) <= 255 else f"…{full[-254:]}"


def session_time(step: Step) -> datetime:
    return step.attempt.session.session_time


def failed(job: Job) -> TaskFailed:
    """What the end of a job that did not succeed means to its task."""
    if job.state == JobState.KILLED:
        return TaskFailed(f"Job {job.pk} was stopped.", job_id=str(job.pk))
    place = f" in line {job.error_line} of its SQL" if job.error_line else ""
    return TaskFailed(f"Job {job.pk} failed{place}: {job.error}", job.advice, job_id=str(job.pk))


def stored(job: Job, **more: Any) -> dict[str, Any]:
    """What a task leaves whose last job this is: `${td.last_job_id}` and the like. `more`: what else is in td."""
    last = {"id": str(job.pk), "num_records": job.result_rows or 0}
    return {"td": {"last_job_id": str(job.pk), "last_job": last, **more}}
