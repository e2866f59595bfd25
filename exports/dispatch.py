"""The dispatcher: makes the jobs of due slots, hands waiting jobs and notifications to workers, and the jobs of dead
workers to others.

`tick` is idempotent and may be called by any number of processes at once.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Case, DateTimeField, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from exports import bulk_sweep, events, firing, guests, notes, owners, preview
from exports.guests import Work
from exports.lease import alive
from exports.models import WAITING, ErrorKind, Job, JobLog, JobQuerySet, JobState, Priority
from exports.notify import outbox
from exports.queue import JOB
from exports.waiting import in_turn
from warehouse.sweep import sweep

logger = logging.getLogger(__name__)
HINTS_A_WORKER = 2
TAKEOVERS = 5  # in a row, without any progress
A_STEP = timedelta(minutes=10)  # of waiting makes up for a step of priority, so that no job waits for ever
_TURNS = [When(priority=step, then=F("next_attempt_at") - step * A_STEP) for step in Priority.values]
TURN = Case(*_TURNS, output_field=DateTimeField())
WORKERS_DIE = {
    "error": f"{TAKEOVERS + 1} workers died while they ran this job, at the same row each time.",
    "advice": "Ask the admin of this server to look at its log: it may be short of memory or disk space.",
    "error_kind": ErrorKind.FAULT,
}


def tick() -> None:
    steps = (take_over, end_stopped, firing.fire, outbox.hint, owners.tick, *guests.steps(), hint_due)
    _each(partial(step, timezone.now()) for step in steps)


def _each(steps: Iterable[Callable[[], object]]) -> None:
    """One that fails holds up none of the others. Raises ExceptionGroup behind them, or at once OperationalError and
    InterfaceError: the database is away."""
    faults = []
    for step in steps:
        try:
            step()
        except (OperationalError, InterfaceError):
            raise
        except Exception as fault:
            faults.append(fault)
    if faults:
        raise ExceptionGroup("Not all was done", faults)


def hint_due(now: datetime) -> None:
    """Jobs, and the work of apps above: whoever has fewer in the queue goes first."""
    guests.share([Work(_due_now, hint, _hinted), *guests.works()], room(), now)


def _due_now(now: datetime, most: int) -> list[int]:
    return list(_due(now).order_by(TURN, "pk").values_list("pk", flat=True)[:most])


def _hinted(now: datetime) -> int:
    return waiting(now).filter(hinted_at__gte=now - rehint()).count()


def room() -> int:
    """How many more hints the queue should hold: few, so that priority decides when a worker becomes free.

    Those that a cluster has fetched do not count: if it was killed, nobody hears them.
    """
    held = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lte=timezone.now()).count()
    return max(0, HINTS_A_WORKER * int(Conf.WORKERS) - int(held))


def waiting(now: datetime) -> JobQuerySet:
    """The jobs that a free worker could take now."""
    return in_turn(Job.objects.filter(state__in=WAITING, next_attempt_at__lte=now, kill_requested=False))


def _due(now: datetime) -> JobQuerySet:
    """A hint that nobody has heard for half a lease is lost, with the process that had it."""
    return waiting(now).filter(Q(hinted_at=None) | Q(hinted_at__lt=now - rehint()))


def rehint() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS / 2)


def hint(pk: int, now: datetime) -> None:
    """Wake a worker for this job: the mark and the task commit together."""
    with transaction.atomic():
        if _due(now).filter(pk=pk).update(hinted_at=now):
            async_task(JOB, pk, task_name=f"job-{pk}", timeout=-1, ack_failure=True)


def hint_if_room(pk: int, now: datetime) -> None:
    """For a new job: at once, or by a later tick when the queue is full."""
    if room():
        hint(pk, now)


def forget_hints() -> None:
    """Wake workers for every waiting job anew, and for the work of apps above."""
    Job.objects.filter(state__in=WAITING).update(hinted_at=None)
    for work in guests.works():
        work.forget()


def take_over(now: datetime) -> None:
    """Jobs whose worker is gone wait again; those that were to stop end, and so do those that kill every worker.

    A dead process of this host is seen at once, one of another host when its lease ends.
    """
    running = Job.objects.filter(state=JobState.RUNNING)
    gone = [token for token, who in running.values_list("lease_token", "lease_owner") if not alive(who)]
    dead = running.filter(Q(lease_until__lt=Now()) | Q(lease_token__in=gone))
    for pk, token, stop, takeovers in dead.values_list("pk", "lease_token", "kill_requested", "takeovers"):
        mine = running.filter(pk=pk, lease_token=token)
        if stop:
            _end(mine, pk, JobState.KILLED)
        elif takeovers >= TAKEOVERS:
            _end(mine, pk, JobState.ERROR, **WORKERS_DIE)
        else:
            _requeue(mine, pk, now)


def _requeue(job: JobQuerySet, pk: int, now: datetime) -> None:
    taken = job.update(
        state=JobState.QUEUED,
        lease_token=None,
        lease_until=None,
        hinted_at=None,
        next_attempt_at=now,
        takeovers=F("takeovers") + 1,
    )
    if taken:
        text = "The worker that ran this job is gone. Another one goes on where it stood."
        JobLog.objects.create(job_id=pk, level=JobLog.Level.WARN, text=text)


def end_stopped(now: datetime) -> None:
    """Jobs that were told to stop in the moment in which their worker gave them back."""
    for pk in Job.objects.filter(state__in=WAITING, kill_requested=True).values_list("pk", flat=True):
        _end(Job.objects.filter(pk=pk, state__in=WAITING), pk, JobState.KILLED)


def _end(job: JobQuerySet, pk: int, state: JobState, **values: Any) -> None:
    """One that cannot be ended keeps the others from nothing; it is tried again with the next tick."""
    try:
        events.end(job, pk, state, **values)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Job %s cannot be ended", pk)


def tidy() -> None:
    """Delete what is kept for a while only: samples of previews, uploads that were not loaded, files of old tables,
    bulk imports that were abandoned, old notifications.

    Notes of rows are summed up first, of jobs that ended where no worker could do so.
    """
    _each((notes.sum_up_left, preview.sweep, bulk_sweep.sweep, outbox.sweep, sweep))
