"""Turns at a tag: jobs that send to the same tag do so one after the other, a while each.

A turn is held under the job's own lease, so that it ends with it. Who waits books the next turn: else the one who
sends would be back before any other has looked. A turn of a job of higher priority is longer.
"""

import time
from contextlib import suppress
from datetime import timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from exports.endings import RetryLater
from exports.lease import Lease, db_retry
from exports.models import Job, JobState, TagLease

TURN_SECONDS = 1.0  # of a job with priority 0; each step of priority doubles it
WAIT_SECONDS = 5.0  # how long a worker waits for its turn before it does something else
POLL_SECONDS = 0.05
BOOKED = timedelta(seconds=5)


class Turns:
    """One job's turns. Only who has the job's lease may send in them."""

    def __init__(self, job: Job, lease: Lease) -> None:
        self.lease = lease
        self.length = TURN_SECONDS * 2.0**job.priority
        self.tag = ""  # whose turn this is; empty: none
        self.until = 0.0

    def take(self, tag: str) -> None:
        """Before each request. Raises JobKilled, LostLease, or RetryLater when others hold the tag for long."""
        if tag == self.tag and (time.monotonic() < self.until or self._alone()):
            return
        self.give()
        db_retry(lambda: TagLease.objects.get_or_create(tag=tag))
        end = time.monotonic() + WAIT_SECONDS
        while not self._taken(tag):
            if time.monotonic() > end:
                raise RetryLater(1.0)
            time.sleep(POLL_SECONDS)
            self.lease.check()

    def give(self) -> None:
        """Let others have the tag. If the database is away, the end of the job's lease does the same."""
        if not self.tag:
            return
        mine = TagLease.objects.filter(tag=self.tag, token=self.lease.token)
        self.tag = ""
        with suppress(OperationalError, InterfaceError):
            db_retry(lambda: mine.update(token=None))

    def _alone(self) -> bool:
        """Whether nobody waits: then the turn begins anew."""
        free = TagLease.objects.filter(self._not_booked(), tag=self.tag, token=self.lease.token)
        alone = db_retry(free.exists)
        self.until = time.monotonic() + self.length
        return alone

    def _taken(self, tag: str) -> bool:
        row = TagLease.objects.filter(tag=tag)
        if not db_retry(lambda: self._take_from(row)):
            db_retry(lambda: row.filter(self._not_booked()).update(next_job=self.lease.pk, next_until=Now() + BOOKED))
            return False
        self.tag, self.until = tag, time.monotonic() + self.length
        return True

    def _take_from(self, row: QuerySet[TagLease]) -> int:
        holder = Job.objects.filter(lease_token=OuterRef("token"), state=JobState.RUNNING, lease_until__gte=Now())
        free = Q(token=None) | Q(token=self.lease.token) | ~Exists(holder)
        return row.filter(free, self._not_booked()).update(token=self.lease.token, next_job=None, next_until=None)

    def _not_booked(self) -> Q:
        """By another job."""
        return Q(next_job=None) | Q(next_job=self.lease.pk) | Q(next_until__lt=Now())
