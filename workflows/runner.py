"""The task of django-q2: claim a task of an attempt, take a step of its operator, write down what came of it, and go on
with another task of the same attempt."""

import logging
import posixpath
import time
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from exports import drain
from exports.drain import Drained
from exports.lease import JobKilled, LostLease, db_retry, heartbeat
from integrations.secrets import SecretUnreadable
from workflows import advancing, contents, evaluating, operators, planning, recording, storing
from workflows.evaluating import Values
from workflows.flow.model import Retry
from workflows.leases import TaskLease
from workflows.masking import Mask
from workflows.models import Task, TaskLog, TaskState
from workflows.operators.base import OPERATORS, Step, TaskFailed
from workflows.recording import FAULT, FAULT_ADVICE, Failed, GivenBack, Killed, Outcome
from workflows.script.expressions import Scripts, ScriptUnavailable
from workflows.secrets import SecretMissing
from workflows.storing import TooLarge

logger = logging.getLogger(__name__)
MOST_IN_A_ROW, LONGEST_ROW = 50, 30.0  # tasks and seconds, after which a worker looks at the queue again
UNREADABLE_ADVICE = "Enter the secret again, or restore the key."


def run_task(pk: int) -> str:
    """A hint that task `pk` may want a worker. → what came of it, for the record."""
    end, told = time.monotonic() + LONGEST_ROW, ""
    for _ in range(MOST_IN_A_ROW):
        if drain.begun():
            _not_now(pk)
            return told or "the cluster ends"
        told, following = _run(pk)
        if following is None or time.monotonic() > end:
            break
        pk = following
    return told


def _not_now(pk: int) -> None:
    """If the task is ready, a worker is woken for it anew."""
    Task.objects.filter(pk=pk, state=TaskState.READY).update(hinted_at=None)


def _run(pk: int) -> tuple[str, int | None]:
    """→ what came of it, and a task that is ready in the same attempt"""
    lease = TaskLease(pk)
    if not lease.claim(started_at=Coalesce(F("started_at"), timezone.now())):
        return "not ready", None
    try:
        with heartbeat(lease):
            attempt = _step(lease)
        return "done", next(iter(db_retry(lambda: advancing.ready(attempt))), None)
    except LostLease:
        return "lost", None  # another worker has it
    except (OperationalError, InterfaceError):
        connection.close()
        logger.exception("Task %s: the console's database was away", pk)
        _abandon(lease)
        return "abandoned", None


def _abandon(lease: TaskLease) -> None:
    """The step is taken anew at once if the database is back, else when the lease has run out."""
    try:
        task = Task.objects.get(pk=lease.pk)
        recording.record(lease, task, GivenBack(), timezone.now())
    except LostLease:
        return
    except (OperationalError, InterfaceError):
        connection.close()


def _step(lease: TaskLease) -> int:
    """→ the attempt"""
    task = db_retry(lambda: Task.objects.select_related("attempt__session__workflow").get(pk=lease.pk))
    if not task.op:
        db_retry(lambda: recording.repeat_group(lease, task, timezone.now()))
        return task.attempt_id
    outcome, retry = _Worker(task, lease).outcome()
    db_retry(lambda: recording.record(lease, task, outcome, timezone.now(), retry))
    return task.attempt_id


class _Worker:
    """A worker at a step of a task."""

    def __init__(self, task: Task, lease: TaskLease) -> None:
        self.task, self.lease = task, lease
        self.attempt = task.attempt
        self.project = self.attempt.session.workflow.project_id
        self.mask = Mask(self.project)
        self.retry: Retry | None = None

    def outcome(self) -> tuple[Outcome, Retry | None]:
        try:
            outcome = self._take()
        except JobKilled:
            outcome = Killed()
        except Drained:
            outcome = GivenBack()
        except (LostLease, OperationalError, InterfaceError):
            raise
        except Exception as error:
            outcome = self._failed(error)
        return outcome, self.retry

    def _take(self) -> Outcome:
        operators.load()
        self.lease.check()
        now = timezone.now()
        definition = planning.definition_of(self.attempt, self.task)
        scripts = Scripts(Path(settings.MOMENT_FILE))
        values = evaluating.evaluate(self.attempt, self.task, definition, scripts)
        self.retry = values.retry
        self.mask.learn(values.variables)
        self._show(values)
        self.lease.check()
        outcome = OPERATORS[self.task.op](self._made(values, scripts, now))
        return storing.outcome(outcome)

    def _made(self, values: Values, scripts: Scripts, now: datetime) -> Step:
        session = self.attempt.session
        return Step(
            task=self.task,
            attempt=self.attempt,
            files=contents.files(self.attempt.revision_id),
            folder=posixpath.dirname(self.task.file),
            command=values.command,
            params=values.params,
            variables=values.variables,
            memory=self.task.memory.get("operator", {}),
            key=f"task-{session.uuid}-{self.task.pk}-{self.task.rounds}",
            now=now,
            scripts=scripts,
            lease=self.lease,
            log=self.log,
        )

    def _show(self, values: Values) -> None:
        """What people see of the values, before the operator works with them."""
        shown = {f"{self.task.op}>": values.command, **values.params}
        try:
            params = storing.storable(self.mask.values(shown))
        except TooLarge:  # that is no fault of the task
            params = {f"{self.task.op}>": "… (too long to be shown)"}
        if params != self.task.params:
            self.lease.save(params=params)

    def log(self, text: str, level: str = TaskLog.Level.INFO) -> None:
        masked = self.mask.text(str(text))
        db_retry(lambda: TaskLog.objects.create(task_id=self.task.pk, level=level, text=masked))

    def _failed(self, error: Exception) -> Failed:
        if isinstance(error, TaskFailed):
            params = storing.storable(self.mask.values(error.params))
            return Failed(self.mask.text(error.message), self.mask.text(error.advice), params)
        if isinstance(error, SecretMissing):
            return Failed(str(error), "Add it under Secrets of the project.")
        if isinstance(error, SecretUnreadable):
            return Failed(str(error), UNREADABLE_ADVICE)
        if isinstance(error, TooLarge):
            return Failed(str(error), "Let the task store less.")
        logger.exception("Task %s failed", self.task.pk)
        if isinstance(error, ScriptUnavailable):
            return Failed(str(error), "Tell the admin of this server.")
        return Failed(FAULT, FAULT_ADVICE)
