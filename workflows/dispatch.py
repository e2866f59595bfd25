"""What the dispatcher does for workflows, second by second: the tasks of dead workers go to others, what has waited
long enough goes on, schedules fire, and workers are told of what is ready.

Each step is idempotent and may be taken by any number of processes at once. The dispatcher takes them one by one, so
that one that faults holds up none of the others.
"""

import logging
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from exports import dispatch, guests
from exports.guests import Step, Work
from exports.lease import alive
from exports.models import FINISHED
from workflows import advancing, ending, hints, schedules
from workflows.flow.model import State
from workflows.hints import FOR_WORKERS
from workflows.leases import GIVEN_BACK
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState

logger = logging.getLogger(__name__)
TAKEOVERS = 5  # in a row, at the same step
LONGEST = timedelta(days=7)
WORKERS_DIE = f"{TAKEOVERS + 1} workers died while they ran this task, at the same step each time."
WORKERS_DIE_ADVICE = "Ask the admin of this server to look at its log: it may be short of memory or disk space."
HANGING = (TaskState.WAITING, TaskState.RETRY)  # as in the condition of their index


def register() -> None:
    """At the start of the app."""
    guests.register(*_steps(), work=Work(hints.due, hints.hint, hints.hinted, hints.forget))


def _steps() -> tuple[Step, ...]:
    return take_over, wake, end_overdue, schedules.fire


def tick(now: datetime) -> None:
    """All of it, as the dispatcher does."""
    for step in _steps():
        step(now)
    for pk in hints.due(now, dispatch.room()):
        hints.hint(pk, now)


# --- dead workers


def take_over(now: datetime) -> None:
    """A dead process of this host is seen at once, one of another host when its lease ends."""
    running = Task.objects.filter(state__in=FOR_WORKERS).filter(state=TaskState.RUNNING)
    gone = [token for token, who in running.values_list("lease_token", "lease_owner") if not alive(who)]
    dead = running.filter(Q(lease_until__lt=Now()) | Q(lease_token__in=gone))
    for pk, token, attempt in dead.values_list("pk", "lease_token", "attempt"):
        try:
            _take_over(running.filter(pk=pk, lease_token=token), pk, attempt, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("Task %s cannot be taken over, so its attempt is broken off", pk)
            _break_off(attempt, now)


@transaction.atomic
def _break_off(attempt_id: int, now: datetime) -> None:
    attempt = advancing.lock(attempt_id)
    if not attempt.finished:
        ending.break_off(attempt, now)


@transaction.atomic
def _take_over(mine: QuerySet[Task], pk: int, attempt_id: int, now: datetime) -> None:
    attempt = advancing.lock(attempt_id)
    task = mine.first()
    if task is None:
        return
    if attempt.kill_requested:
        mine.update(state=TaskState.CANCELED, finished_at=now, **GIVEN_BACK)
        advancing.advance(attempt, now)
    elif task.takeovers >= TAKEOVERS:
        mine.update(error=WORKERS_DIE, advice=WORKERS_DIE_ADVICE, **GIVEN_BACK)
        TaskLog.objects.create(task_id=pk, level=TaskLog.Level.ERROR, text=WORKERS_DIE)
        advancing.advance(attempt, now, {pk: State.FAILED})
    else:
        mine.update(state=TaskState.READY, takeovers=F("takeovers") + 1, **GIVEN_BACK)
        text = "The worker that ran this task is gone. Another one takes the step anew."
        TaskLog.objects.create(task_id=pk, level=TaskLog.Level.WARN, text=text)


# --- what waits


def wake(now: datetime) -> None:
    """Tasks whose time has come, whose job or attempt has ended or is gone, are ready. A kill comes first: what it has
    ended is not waiting any more."""
    hanging = Task.objects.filter(state__in=HANGING)
    _ready(hanging.filter(next_run_at__lte=now))
    waiting = hanging.filter(state=TaskState.WAITING)
    ended = Q(job__state__in=FINISHED) | ~Q(awaited=None) & ~Q(awaited__state=AttemptState.RUNNING)
    ended |= Q(job=None, awaited=None, next_run_at=None)
    _ready(waiting.filter(ended))


def _ready(found: QuerySet[Task]) -> None:
    """By the rows' own columns, which are looked at anew under a lock. A row that someone else changes just now is left
    to the next tick: whoever changes several rows would wait for each other."""
    pks = list(found.values_list("pk", flat=True))
    if not pks:
        return
    with transaction.atomic():
        still = Task.objects.select_for_update(skip_locked=True).filter(pk__in=pks, state__in=HANGING)
        free = list(still.values_list("pk", flat=True))
        Task.objects.filter(pk__in=free).update(state=TaskState.READY, next_run_at=None, hinted_at=None)


def end_overdue(now: datetime) -> None:
    running = Attempt.objects.filter(state=AttemptState.RUNNING, kill_requested=False)
    for attempt in running.filter(created_at__lt=now - LONGEST):
        told = f"The attempt has run for {LONGEST.days} days, and is ended: no attempt may take longer."
        ending.end_early(attempt, told, error=told)
