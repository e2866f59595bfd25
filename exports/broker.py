"""The ORM broker, with the dispatcher's tick in the sentinel, which calls `set_stat` on every guard cycle.

The pusher also fetches what the supervisor of its own cluster asks.
"""

import logging
import time
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from exports import beats, canary, dispatch, upkeep

log = logging.getLogger(__name__)
TICK_SECONDS = 0.9  # with a guard cycle of half a second: each second
TIDY_SECONDS = 600


class DurableORM(ORM):  # type: ignore[misc]
    """Hints commit with the job they point to, and waiting jobs and due slots are looked for every second."""

    last_tick = 0.0
    last_tidy = 0.0
    last_beat = 0.0
    begun = False

    def begin(self) -> None:
        """What an earlier cluster was woken for and did not hear any more is told anew, once for this cluster."""
        if not DurableORM.begun:
            dispatch.forget_hints()
            DurableORM.begun = True

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next tasks; when there are none, after a pause. A question of the supervisor comes first."""
        try:
            question = canary.fetch(until=self.timeout(None))
            found: list[tuple[int, str]] | None = [question] if question else super().dequeue()
        except (OperationalError, InterfaceError):  # the database is away: django-q2 would rest for ten seconds
            connection.close()
            time.sleep(Conf.POLL)
            return None
        return found

    def beat(self) -> None:
        """Every few seconds: this cluster is alive."""
        if time.monotonic() - DurableORM.last_beat > beats.SECONDS:
            DurableORM.last_beat = time.monotonic()
            beats.beat()

    def set_stat(self, key: str, value: Any, timeout: int) -> None:
        if time.monotonic() - DurableORM.last_tick > TICK_SECONDS:
            DurableORM.last_tick = time.monotonic()
            try:
                self.begin()
                dispatch.tick()
                self.beat()
                if time.monotonic() - DurableORM.last_tidy > TIDY_SECONDS:
                    DurableORM.last_tidy = time.monotonic()
                    upkeep.wake(timezone.now())  # first: a fault in what follows must not keep it from its day
                    dispatch.tidy()
            except Exception:  # the sentinel must outlive a database that is away
                log.exception("The dispatcher failed; it tries again in a second")
                connection.close()
        super().set_stat(key, value, timeout)
