"""Runs attempts in this process, as the dispatcher and the workers do in theirs."""

from django.utils import timezone

from exports.models import WAITING, Job
from exports.run import run_job
from workflows import dispatch, runner
from workflows.models import Attempt, AttemptState, Task, TaskState

ROUNDS = 2_000


def run(attempt: Attempt, *, jobs=run_job, now=None) -> Attempt:
    """Run all that can run: until the attempt has ended, or all of it waits for a time or for another attempt.

    jobs: what runs a job. now: to which waiting tasks are brought, a function.
    """
    for _ in range(ROUNDS):
        if not step(attempt, jobs, now or timezone.now):
            break
    else:
        raise AssertionError(f"{attempt} does not come to an end")
    attempt.refresh_from_db()
    return attempt


def step(attempt: Attempt, jobs=run_job, now=timezone.now) -> bool:
    """Whether anything ran."""
    ready = Task.objects.filter(attempt=attempt, state=TaskState.READY).order_by("pk").values_list("pk", flat=True)
    waited = Job.objects.filter(made_by_task__task__attempt=attempt, state__in=WAITING).values_list("pk", flat=True)
    ran = [runner.run_task(pk) for pk in list(ready)]
    ran += [jobs(pk) for pk in list(waited)]
    dispatch.wake(now())
    return bool(ran) or Task.objects.filter(attempt=attempt, state=TaskState.READY).exists()


def tree(attempt: Attempt) -> dict[str, str]:
    """The state of each task of the last round, by its full name, in the order of making."""
    return dict(Task.objects.filter(attempt=attempt).order_by("pk").values_list("full_name", "state"))


def log(attempt: Attempt) -> str:
    lines = Task.objects.filter(attempt=attempt).order_by("log__pk").values_list("full_name", "log__text")
    return "\n".join(f"{name}: {text}" for name, text in lines if text)


def ended(attempt: Attempt) -> bool:
    return attempt.state != AttemptState.RUNNING
