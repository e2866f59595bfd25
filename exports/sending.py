"""A request on its way: one at a time per tag, and on record before it leaves."""

import itertools
from typing import Any

from django.utils import timezone

from exports.endings import authentication_gone
from exports.exporter.batches import Batch
from exports.exporter.delivery import Attempt, Reply
from exports.exporter.posting import HttpPost
from exports.lease import Lease, db_retry
from exports.models import Job, JobRequest
from exports.statements import Insert, Select
from exports.turns import Turns
from integrations.catalog import connector
from integrations.models import Authentication
from integrations.spec import Answer

STATE = {
    Answer.ACCEPTED: JobRequest.State.ACCEPTED,
    Answer.DIVIDE: JobRequest.State.DIVIDED,
    Answer.RETRY: JobRequest.State.RETRYING,
    Answer.WAIT: JobRequest.State.RETRYING,
    Answer.STOP: JobRequest.State.STOPPED,
    Answer.UNDOCUMENTED: JobRequest.State.STOPPED,
}
OPEN = (JobRequest.State.SENDING, JobRequest.State.RETRYING, JobRequest.State.STOPPED)
MAYBE_IN = (Answer.RETRY, Answer.UNDOCUMENTED)
AUTHENTICATION = Select(Authentication, ("settings", "encrypted", "base_id"))
OPENED = Insert(JobRequest)


class Sender:
    """Posts batches for one job. The authentication is read anew before each request."""

    def __init__(self, job: Job, lease: Lease, authentication: int, base_url: str) -> None:
        self.job = job
        self.lease = lease
        self.turns = Turns(job, lease)
        self.authentication = authentication
        self.base_url = base_url
        self.known: tuple[Any, ...] = ()  # the authentication as it was last read, and what follows from it:
        self.tag = ""
        self.post: HttpPost | None = None
        self.request: JobRequest | None = None
        self.left: dict[int, JobRequest] | None = None
        self.number = 0

    def __call__(self, batch: Batch) -> Reply:
        """Raises JobFailed, JobKilled, LostLease, or RetryLater when another job holds the tag for long."""
        post = self._post()
        self.turns.take(self.tag)
        self.lease.check()
        self.request = self._open(batch)
        with self.lease.interruptible():
            return post(batch)

    def end(self) -> None:
        """Nothing more is sent: others may have the tag."""
        self._hang_up()
        self.turns.give()

    def _hang_up(self) -> None:
        if self.post:
            self.post.close()
            self.post = None

    def _post(self) -> HttpPost:
        """Where to and with what the next request goes: made again only where the authentication has changed."""
        found = db_retry(self._look)
        if self.post and found == self.known:
            return self.post
        saved = Authentication.objects.select_related("base").filter(pk=self.authentication)
        authentication = db_retry(saved.first)
        if found is None or authentication is None:
            raise authentication_gone(self.job.destination)
        settings = authentication.all_settings()
        destination = authentication.destination
        self.tag = f"{destination.key}:{destination.path.format(**settings)}"
        self._hang_up()
        self.post = HttpPost(destination, self.base_url, settings, settings["connection_timeout"])
        self.known = found
        return self.post

    def _look(self) -> tuple[Any, ...] | None:
        """All that decides what `all_settings` gives, as the database has it; None: the authentication is gone."""
        own = AUTHENTICATION(self.authentication)
        base = AUTHENTICATION(own[-1]) if own and own[-1] else None
        return (own, base) if own else None

    def record(self, attempt: Attempt) -> JobRequest:
        """Note the answer. An accepted or refused request is saved with its rows' end."""
        request = self.request
        if request is None:
            raise RuntimeError("an answer without a request")
        reply = attempt.reply
        request.attempts.append(
            {"at": request.sent_at.isoformat(), "code": reply.status, "ms": reply.milliseconds, "error": reply.error}
        )
        alone = attempt.answer is Answer.DIVIDE and attempt.events == 1
        request.state = JobRequest.State.REFUSED if alone else STATE[attempt.answer]
        request.maybe_in = request.maybe_in or attempt.answer in MAYBE_IN
        if not alone and attempt.answer is not Answer.ACCEPTED:
            db_retry(request.save)
        return request

    @property
    def throttled(self) -> int:
        """How often in a row the present request has been told to slow down."""
        codes = [attempt["code"] for attempt in self.request.attempts] if self.request else []
        answer = connector(self.job.connector_key).answer
        return sum(1 for _ in itertools.takewhile(lambda code: answer(code) is Answer.WAIT, reversed(codes)))

    def _open(self, batch: Batch) -> JobRequest:
        """A row for the request, or the one that it repeats."""
        if self.left is None:
            self.left = self._left()
        request = self.left.pop(batch.first_row, None)
        if request is None:
            self.number += 1
            request = JobRequest(job=self.job, number=self.number, first_row=batch.first_row)
        elif request.state == JobRequest.State.SENDING:
            request.maybe_in = True  # its process died before the answer
            died = {"at": request.sent_at.isoformat(), "code": None, "ms": 0, "error": "its worker died"}
            request.attempts.append(died)
        request.end_row, request.events, request.bytes = batch.end_row, batch.events, len(batch.body)
        request.state, request.sent_at = JobRequest.State.SENDING, timezone.now()
        if request.pk:
            request.save()
        else:
            OPENED(request)
        return request

    def _left(self) -> dict[int, JobRequest]:
        """What earlier workers left open, by its first row. Read once: who has the job's lease writes alone."""
        requests = JobRequest.objects.filter(job=self.job)
        self.number = db_retry(requests.order_by("-number").values_list("number", flat=True).first) or 0
        return {r.first_row: r for r in db_retry(lambda: list(requests.filter(state__in=OPEN).order_by("-number")))}
