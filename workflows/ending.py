"""The end of an attempt before its tasks are through."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from exports import jobs
from exports.models import ACTIVE, Job
from workflows import advancing
from workflows.flow.model import FINAL
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState

logger = logging.getLogger(__name__)
FAULT = "The attempt broke off because of a fault in the console. The server's log has the details."


def end_early(attempt: Attempt, text: str, *, error: str = "") -> bool:
    """End an attempt, whoever wants it; `text` goes into the log, and `error` into the attempt. False: it has ended."""
    with transaction.atomic():
        attempt = advancing.lock(attempt.pk)
        if attempt.finished:
            return False
        if not attempt.kill_requested:
            attempt.kill_requested, attempt.error = True, error
            attempt.save(update_fields=["kill_requested", "error"])
            root = Task.objects.only("pk").get(attempt=attempt, parent=None)
            TaskLog.objects.create(task=root, level=TaskLog.Level.WARN, text=text)
        now = timezone.now()
        try:
            with transaction.atomic():
                advancing.kill(attempt, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("%s cannot be ended as it should, so it is broken off", attempt)
            break_off(attempt, now)
        stop_jobs(attempt)
    return True


def stop_jobs(attempt: Attempt) -> None:
    """Those that its tasks made."""
    for job in Job.objects.filter(made_by_task__task__attempt=attempt, state__in=ACTIVE):
        jobs.stop(job)


def break_off(attempt: Attempt, now: datetime, error: str = FAULT) -> None:
    """End an attempt that cannot go on as it should, under its lock."""
    active = Task.objects.filter(attempt=attempt).exclude(state__in=FINAL)
    active.update(state=TaskState.CANCELED, finished_at=now, next_run_at=None, lease_token=None, lease_until=None)
    Task.objects.filter(attempt=attempt, parent=None).update(state=TaskState.ERROR, error=error)
    attempt.state, attempt.finished_at, attempt.error = AttemptState.ERROR, now, error
    attempt.save(update_fields=["state", "finished_at", "error"])
    stop_jobs(attempt)
