"""A question that goes the way of every task, pusher → worker → monitor, through one cluster: does it still answer?

It is a row of the queue under a key that only this cluster's pusher looks for. The answer is that the row is gone: the
monitor deletes it when a worker has done the task.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.tasks import async_task

KEY = "CLUSTER_CANARY"
"""The variable in which a supervisor tells its cluster the key."""
TASK = "exports.canary.answer"


def answer() -> None:
    """What a worker does: nothing."""


def asks(task: dict[str, Any]) -> bool:
    """Whether a task is such a question: it is acknowledged at its end, unlike all others."""
    return bool(task["func"] == TASK)


def fetch(until: datetime) -> tuple[int, str] | None:
    """For the pusher: the question that waits for this cluster, which is not given out again before `until`."""
    key = os.environ.get(KEY)
    if not key:
        return None
    waiting = OrmQ.objects.filter(key=key, lock__lt=timezone.now())
    for pk, payload in waiting.values_list("pk", "payload")[:1]:
        if waiting.filter(pk=pk).update(lock=until):
            return pk, payload
    return None


class Canary:
    """Asks the cluster that was given `key`, every `every` seconds. No answer `within` seconds: it is stuck."""

    def __init__(self, key: str, *, every: float, within: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.key = key[:100]
        self.every = every
        self.within = within
        self.clock = clock
        self.asked = False
        self.since = clock()

    @property
    def unanswered(self) -> bool:
        return bool(OrmQ.objects.filter(key=self.key).exists())

    def sings(self, busy: Callable[[], bool]) -> bool:
        """To be called often; asks when it is time. False: no answer in time. `busy`: nobody could answer now."""
        if not self.asked:
            if self.clock() - self.since >= self.every:
                self._ask()
        elif not self.unanswered:
            self.asked, self.since = False, self.clock()
        elif busy():
            self.since = self.clock()
        elif self.clock() - self.since > self.within:
            return False
        return True

    def patience(self) -> None:
        """Count the time from now: the database was away, so nobody could ask or answer."""
        self.since = self.clock()

    def reset(self) -> None:
        """Before another cluster is asked, or none any more. Also clears up after a supervisor that was killed."""
        OrmQ.objects.filter(key=self.key).delete()
        self.asked, self.since = False, self.clock()

    def _ask(self) -> None:
        async_task(TASK, broker=ORM(list_key=self.key), save=False)
        self.asked, self.since = True, self.clock()
