"""A request on its way: one at a time per tag, and on record before it leaves."""

import time
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from exports.endings import RetryLater
from exports.exporter.batches import Batch
from exports.exporter.delivery import Attempt, Post, Reply
from exports.lease import Lease
from exports.models import Job, JobRequest, JobState, TagLease
from integrations.spec import Answer

TURN_SECONDS = 5.0  # how long a worker waits for its turn at the tag before it does something else
POLL_SECONDS = 0.05

STATE = {
    Answer.ACCEPTED: JobRequest.State.ACCEPTED,
    Answer.DIVIDE: JobRequest.State.DIVIDED,
    Answer.RETRY: JobRequest.State.RETRYING,
    Answer.WAIT: JobRequest.State.RETRYING,
    Answer.STOP: JobRequest.State.STOPPED,
    Answer.UNDOCUMENTED: JobRequest.State.UNKNOWN,
}


class Sender:
    """Posts batches for one job. `tag`: what one request at a time may go to."""

    def __init__(self, job: Job, lease: Lease, post: Post, tag: str) -> None:
        self.job = job
        self.lease = lease
        self.post = post
        self.tag = tag
        self.request: JobRequest | None = None
        TagLease.objects.get_or_create(tag=tag)

    def __call__(self, batch: Batch) -> Reply:
        """Raises JobKilled, LostLease, or RetryLater when another job holds the tag for long."""
        self.lease.check()
        self._take_turn()
        self.request = self._open(batch)
        with self.lease.interruptible():
            return self.post(batch)

    def record(self, attempt: Attempt) -> JobRequest:
        """Note the answer, and let others have the tag. An accepted or refused request is saved with its rows' end."""
        request = self.request
        if request is None:
            raise RuntimeError("an answer without a request")
        reply = attempt.reply
        request.attempts.append(
            {"at": request.sent_at.isoformat(), "code": reply.status, "ms": reply.milliseconds, "error": reply.error}
        )
        alone = attempt.answer is Answer.DIVIDE and attempt.events == 1
        request.state = JobRequest.State.REFUSED if alone else STATE[attempt.answer]
        if not alone and attempt.answer is not Answer.ACCEPTED:
            request.save()
        self.give_turn()
        return request

    def _open(self, batch: Batch) -> JobRequest:
        """A row for the request, or the one that it repeats."""
        repeated = JobRequest.objects.filter(
            job=self.job,
            first_row=batch.first_row,
            state__in=(JobRequest.State.SENDING, JobRequest.State.RETRYING, JobRequest.State.STOPPED),
        )
        values: dict[str, Any] = {
            "end_row": batch.end_row,
            "events": batch.events,
            "bytes": len(batch.body),
            "state": JobRequest.State.SENDING,
            "sent_at": timezone.now(),
        }
        request = repeated.first()
        if request is None:
            last = JobRequest.objects.filter(job=self.job).order_by("-number").values_list("number", flat=True).first()
            request = JobRequest(job=self.job, number=(last or 0) + 1, first_row=batch.first_row)
        for name, value in values.items():
            setattr(request, name, value)
        request.save()
        return request

    # --- turns at the tag: held under the job's own lease, so that it ends with it

    def _take_turn(self) -> None:
        end = time.monotonic() + TURN_SECONDS
        while not self._taken():
            if time.monotonic() > end:
                raise RetryLater(1.0)
            time.sleep(POLL_SECONDS)
            self.lease.check()

    def _taken(self) -> bool:
        holder = Job.objects.filter(lease_token=OuterRef("token"), state=JobState.RUNNING, lease_until__gte=Now())
        free = Q(token=None) | Q(token=self.lease.token) | ~Exists(holder)
        with transaction.atomic():
            return bool(TagLease.objects.filter(free, tag=self.tag).update(token=self.lease.token))

    def give_turn(self) -> None:
        TagLease.objects.filter(tag=self.tag, token=self.lease.token).update(token=None)
