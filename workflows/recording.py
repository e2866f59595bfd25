"""What came of a step, written down; and what follows from it, in the same transaction."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from exports.lease import LostLease
from workflows import advancing, ending, hints, planning
from workflows.flow.model import Retry, State
from workflows.leases import GIVEN_BACK, TaskLease
from workflows.models import Attempt, Task, TaskLog, TaskState
from workflows.operators.base import Done, Later
from workflows.planning import TooMany

logger = logging.getLogger(__name__)
MOST_STORED = 1_000_000  # characters of JSON that a task can leave for the others, or keep for its next step
FAULT = "The task broke off because of a fault in the console."
FAULT_ADVICE = "The server's log has the details. Run the task again; if it fails again, report it."


STEPPED: dict[str, Any] = {"state": TaskState.PLANNED, "takeovers": 0, "job": None, "awaited": None}
"""What is written of a task whose operator has ended, before it is known what follows."""


@dataclass(frozen=True)
class Failed:
    """The task has failed; the texts are masked."""

    error: str
    advice: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenBack:
    """The worker ends, the task does not."""


@dataclass(frozen=True)
class Killed:
    """The attempt is killed."""


Outcome = Done | Later | Failed | GivenBack | Killed


def record(lease: TaskLease, task: Task, outcome: Outcome, now: datetime, retry: Retry | None = None) -> None:
    """Raises LostLease: nothing was written. May be repeated."""
    try:
        with transaction.atomic():
            attempt = advancing.lock(task.attempt_id)
            _record(lease, task, attempt, outcome, now, retry)
            hints.hint_ready(attempt.pk, now, but=1)
    except (OperationalError, InterfaceError, LostLease):
        raise
    except Exception:
        logger.exception("Task %s: what came of it could not be written down, so its attempt is broken off", task.pk)
        _break_off(lease, task, now)


@transaction.atomic
def _break_off(lease: TaskLease, task: Task, now: datetime) -> None:
    attempt = advancing.lock(task.attempt_id)
    _write(lease, error=FAULT, advice=FAULT_ADVICE)
    ending.break_off(attempt, now)


def _record(
    lease: TaskLease, task: Task, attempt: Attempt, outcome: Outcome, now: datetime, retry: Retry | None
) -> None:
    if attempt.kill_requested and not isinstance(outcome, Done | Failed):
        _write(lease, state=TaskState.CANCELED, finished_at=now, **GIVEN_BACK)
        TaskLog.objects.create(task=task, level=TaskLog.Level.WARN, text="Killed.")
        ending.stop_jobs(attempt)  # also one that this step has made after the kill
        advancing.advance(attempt, now)
        return
    match outcome:
        case Later():
            _write(lease, **_later(task, outcome), **GIVEN_BACK)
        case GivenBack() | Killed():
            _write(lease, state=TaskState.READY, **GIVEN_BACK)
        case Done():
            _done(lease, task, attempt, outcome, now, retry)
        case Failed():
            _failed(lease, task, attempt, outcome, now, retry)


def _write(lease: TaskLease, **values: Any) -> None:
    if not lease.mine().update(**values):
        raise LostLease


def _later(task: Task, later: Later) -> dict[str, Any]:
    return {
        "state": TaskState.WAITING,
        "memory": {**task.memory, "operator": storable(later.memory)},
        "next_run_at": later.at,
        "job_id": later.job,
        "awaited_id": later.attempt,
        "takeovers": 0,
    }


def _done(lease: TaskLease, task: Task, attempt: Attempt, done: Done, now: datetime, retry: Retry | None) -> None:
    memory = {**_kept(retry), "parallel": done.parallel if done.parallel != 1 else 0}
    values = {"stored": storable(done.stored), "reset": [list(path) for path in done.reset], "memory": memory}
    _write(lease, **STEPPED, **values, **GIVEN_BACK)
    after = State.DONE
    if done.subtasks and not attempt.kill_requested:
        made = [replace(one, export=storable(one.export)) for one in done.subtasks]
        try:
            with transaction.atomic():
                planning.subtasks(attempt, task, made, in_turn=done.parallel == 1)
            after = State.PLANNED
        except TooMany as error:
            _told(task, Failed(str(error)))
            after = State.FAILED
    _advance(attempt, task, after, now)


def _failed(lease: TaskLease, task: Task, attempt: Attempt, failed: Failed, now: datetime, retry: Retry | None) -> None:
    memory = {**_kept(retry), "error": storable(failed.params)}
    _write(lease, **STEPPED, memory=memory, **GIVEN_BACK)
    _told(task, failed)
    _advance(attempt, task, State.FAILED, now)


def _kept(retry: Retry | None) -> dict[str, Any]:
    return {"retry": [retry.limit, retry.interval, retry.longest, retry.doubles]} if retry else {}


def _told(task: Task, failed: Failed) -> None:
    Task.objects.filter(pk=task.pk).update(error=failed.error, advice=failed.advice)
    TaskLog.objects.create(task=task, level=TaskLog.Level.ERROR, text=failed.error)


def _advance(attempt: Attempt, task: Task, after: State, now: datetime) -> None:
    try:
        with transaction.atomic():
            advancing.advance(attempt, now, {task.pk: after})
    except TooMany as error:  # of an _error or a _check, which are few
        ending.break_off(attempt, now, str(error))


def repeat_group(lease: TaskLease, task: Task, now: datetime) -> None:
    """A group whose interval is over runs all it has in it once more. Raises LostLease."""
    with transaction.atomic():
        attempt = advancing.lock(task.attempt_id)
        _write(lease, state=TaskState.PLANNED, **GIVEN_BACK)
        if attempt.kill_requested:
            advancing.advance(attempt, now)
            return
        try:
            with transaction.atomic():
                planning.below(attempt, task, planning.definition_of(attempt, task))
            _advance(attempt, task, State.PLANNED, now)
        except TooMany as error:
            _told(task, Failed(str(error)))
            _advance(attempt, task, State.FAILED, now)
        hints.hint_ready(attempt.pk, now, but=1)


# --- what the database takes


class TooLarge(ValueError):
    """The text may be shown to users."""


def check(outcome: Done | Later) -> None:
    """Raises TooLarge."""
    storable(
        [outcome.stored, [one.export for one in outcome.subtasks]] if isinstance(outcome, Done) else outcome.memory
    )


def storable(value: Any) -> Any:
    """JSON that both databases keep: no NUL, no NaN; what JSON does not have, such as a date, as text. Raises
    TooLarge."""
    text = json.dumps(_clean(value), default=str)
    if len(text) > MOST_STORED:
        raise TooLarge(f"The task would keep {len(text):,} characters of data; at most {MOST_STORED:,} are allowed.")
    return json.loads(text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(one) for one in value]
    return value
