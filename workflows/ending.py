"""The end of an attempt before its tasks are through."""

from django.db import transaction
from django.utils import timezone

from exports import jobs
from exports.models import ACTIVE, Job
from workflows import advancing
from workflows.models import Attempt, Task, TaskLog


def end_early(attempt: Attempt, text: str, *, error: str = "") -> bool:
    """As `kill`, whoever wants it; `text` goes into the log, and `error` into the attempt."""
    with transaction.atomic():
        attempt = advancing.lock(attempt.pk)
        if attempt.finished:
            return False
        if not attempt.kill_requested:
            attempt.kill_requested, attempt.error = True, error
            attempt.save(update_fields=["kill_requested", "error"])
            root = Task.objects.only("pk").get(attempt=attempt, parent=None)
            TaskLog.objects.create(task=root, level=TaskLog.Level.WARN, text=text)
        advancing.kill(attempt, timezone.now())
        stop_jobs(attempt)
    return True


def stop_jobs(attempt: Attempt) -> None:
    """Those that its tasks made."""
    for job in Job.objects.filter(made_by_task__task__attempt=attempt, state__in=ACTIVE):
        jobs.stop(job)
