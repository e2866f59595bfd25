"""Steps 3 to 9 of a job: plan, check, send in order, account. The kept result is read from the job's position on."""

import itertools
import logging
import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.conf import settings as site
from django.utils import timezone

from exports import accounting, jobs, notes
from exports.accounting import Ending, Ledger
from exports.endings import SAME_MAPPING, JobFailed, RetryLater, authentication_gone
from exports.exporter.batches import Batch
from exports.exporter.delivery import Attempt, Cause, Halted, Refusal, Settled, Stale, deliver, next_wait, pause
from exports.exporter.division import Division
from exports.exporter.explain import Reject as CoreReject
from exports.exporter.mapping import Mapping
from exports.exporter.pipeline import SLICE_ROWS, Listener, Numbered, batches, invalid_rows, prefetched
from exports.exporter.plan import Plan, compile_plan
from exports.lease import Lease, db_retry
from exports.models import Job, JobLog, JobRequest, Mode, Phase
from exports.modes import sent_mapping
from exports.rejects import Reject
from exports.results import NAME, KeptResult
from exports.sending import Sender
from exports.unanswered import Unanswered
from integrations.models import Authentication
from integrations.spec import Answer

logger = logging.getLogger(__name__)
TALLY_SECONDS = 1.0
THROTTLED_AT_MOST = timedelta(hours=24)
UNANSWERED = "unknown: sent without a clear answer, and outside the time window before it could be sent again"
REFUSED = ("", "refused", "refused by LINE; our checks had passed it")


def export(job: Job, lease: Lease) -> None:
    """Send what the job has not sent yet. Raises JobFailed, RetryLater, PlanError, JobKilled, LostLease."""
    if job.authentication is None:
        raise authentication_gone(job.destination)
    if not (job.folder / NAME).exists():
        raise JobFailed("The kept result of this job is gone from DATA_DIR.", "Run the job again from its query.")
    with notes.recording(job) as listener:
        line = Export(job, lease, job.authentication, listener)
        if job.mode == Mode.VALIDATE:
            line.validate()
            return
        if line.strict and not job.requests.exists():  # else all were valid when the first one left
            line.refuse_if_any_invalid()
        line.send()


class Export:
    """One job's line from the kept result to the destination."""

    def __init__(self, job: Job, lease: Lease, authentication: Authentication, listener: Listener) -> None:
        self.job = job
        self.listener = listener
        self.lease = lease
        self.connector = authentication.destination
        self.settings: dict[str, Any] = {**authentication.public_settings(), **job.settings}
        self.mapping: Mapping = sent_mapping(job)
        self.kept = KeptResult(job.folder / NAME)
        self.position = job.position
        self.division = Division.from_json(job.division)
        self.tallied = 0.0
        self.tries = job.tries
        self.throttled_since = job.throttled_since
        self.strict = not self.settings["ignore_invalid_records"]
        self.unanswered = Unanswered(job, self.kept, self.plan)
        self.ledger = Ledger(lease, job)
        self.sender = Sender(job, lease, authentication.pk, site.LINE_CONVERSION_API_URL)

    def plan(self, now: int) -> Plan:
        """`now`: UNIX seconds that the time window is held against."""
        return compile_plan(
            self.connector, self.mapping, self.settings, self.kept.schema, now=now, time_zone=self.job.time_zone
        )

    # --- checking first

    def validate(self) -> int:
        """Check the whole result, sending nothing. → how many rows are invalid; they are on record."""
        self.lease.save(phase=Phase.CHECKING)
        # What a worker found before it died stands: another count, with another "now", could differ from it.
        return self.job.invalid or accounting.record_invalid(self.lease, self._checked(self.plan(int(time.time()))))

    def refuse_if_any_invalid(self) -> None:
        """With Ignore Invalid Records off: the whole result is checked, and one invalid row stops the job."""
        found = self.validate()
        if found:
            raise JobFailed(
                f"{found:,} of {self.job.rows:,} rows are invalid, and Ignore Invalid Records is off.",
                "See below which rows and why. Correct the data or the query, or switch Ignore Invalid Records on.",
            )

    def _checked(self, plan: Plan) -> Iterable[Reject]:
        most = self.connector.limits.bytes
        for reject in invalid_rows(plan, self._watched(), max_bytes=most, listener=self.listener):
            yield invalid(reject)

    def _watched(self) -> Iterable[Any]:
        for item in self.kept.batches():
            self.lease.check()
            yield item

    # --- sending

    def send(self) -> None:
        self.lease.save(phase=Phase.EXPORTING)
        if self.job.rows and not self.position:
            self._announce()
        spare = 0
        try:
            while self.position < self.job.rows:
                before, started = self.position, time.monotonic()
                self._send_while_in_window(spare)
                # Rows that leave the window while they are being prepared: look as far ahead as that took.
                spare = 0 if self.position > before else math.ceil(time.monotonic() - started) + 1
        finally:
            self.sender.end()

    def _announce(self) -> None:
        size = self.settings["max_records"]
        what = "Sending test events" if self.job.mode == Mode.TEST else "Sending"
        jobs.log(self.job, f"{what} to {self.job.destination} in requests of up to {size:,} events.")

    def _send_while_in_window(self, spare: int) -> None:
        """Until the end, or until an event has left the time window since it was checked: then plan anew.

        `spare`: seconds that events must still have left.
        """
        plan = self.plan(int(time.time()) + spare)
        while self.division:
            rows = self.kept.batches(self.position, self.division.end_row)
            divided = list(self._batches(plan, rows, divided=True))
            if len(divided) != 1:  # rows that were not in the window yet have come into it: begin with them anew
                self.division = None
            elif not self._deliver(divided[0]):
                return
        with closing(self._made_ahead(plan)) as ahead:
            for some in ahead:
                if len(some) > 1:
                    self.ledger.expect(invalid(reject) for batch in some for reject in batch.rejects)
                if not all(map(self._deliver, some)):
                    return
        if self.position < self.job.rows:
            raise JobFailed("The kept result has fewer rows than the query gave.", "Run the job again from its query.")

    def _made_ahead(self, plan: Plan) -> Generator[list[Batch], None, None]:
        """All requests that are left: their rows are read in one thread, their bodies made in another, and earlier ones
        sent meanwhile. Reading hardly needs the interpreter, for which the other two wait."""
        kept = KeptResult(self.kept.path, side_by_side=False)
        with (
            closing(prefetched(kept.batches(self.position, self.job.rows))) as rows,
            closing(prefetched(self._some_at_once(self._batches(plan, rows)))) as ahead,
        ):
            yield from ahead

    def _batches(self, plan: Plan, rows: Numbered, *, divided: bool = False) -> Iterator[Batch]:
        """Requests for the rows; `divided`: what is left of one."""
        return batches(
            plan,
            rows,
            max_events=self.settings["max_records"],
            max_bytes=self.connector.limits.bytes,
            listener=self.listener,
            divided=divided,
        )

    def _some_at_once(self, made: Iterator[Batch]) -> Iterator[list[Batch]]:
        """The encoder makes the bodies of many small requests together: so they are handed over, and sent while the
        next ones are made."""
        most = max(1, SLICE_ROWS // int(self.settings["max_records"]))
        while some := list(itertools.islice(made, most)):
            yield some

    def _deliver(self, batch: Batch) -> bool:
        """False: an event has left the time window before its request left."""
        request: JobRequest | None = None
        steps = deliver(
            batch,
            self.sender,
            self.connector,
            clock=time.time,
            division=self.division,
            stop_at_refusal=self.strict,
        )
        for step in steps:
            match step:
                case Attempt():
                    request = self.sender.record(step)
                    self._log_answer(request, step)
                    self._remember(step.division)
                case Settled():
                    self._settle(step, request)  # what is known goes on record before Stop is heard
                    self.lease.check()
                case Halted():
                    self._halt(step)
                case Stale():
                    return False
        return True

    def _remember(self, division: Division | None) -> None:
        """What a refused request has taught, on record before the next one leaves."""
        if division:
            self.division = division
            self.lease.save(division=division.to_json())

    def _settle(self, settled: Settled, request: JobRequest | None) -> None:
        found = [*self._rejects(settled.rejects), *map(refused, settled.refused)]
        ending = Ending(settled.first_row, settled.end_row, settled.accepted, tuple(sorted(found, key=lambda r: r.row)))
        division = settled.division.to_json() if settled.division else {}
        self.ledger.settle(ending, request=request, division=division)
        self._tally()
        self.position, self.tries, self.throttled_since = settled.end_row, 0, None
        if self.division and not settled.division:
            self._log_division(settled.end_row)
        self.division = settled.division
        if self.strict and (turned := [r.row for r in ending.rejects if r.end == "invalid"]):
            raise JobFailed(
                f"Row {turned[0] + 1:,} has become invalid since the check, and Ignore Invalid Records is off.",
                "See below why. Events before it were received; correct the data and run again.",
            )

    def _rejects(self, rejects: Sequence[CoreReject]) -> list[Reject]:
        lost = self.unanswered.among(rejects)
        return [unanswered(reject) if reject[0] in lost else invalid(reject) for reject in rejects]

    def _tally(self) -> None:
        """Now and then: people look at the reasons while the job goes on."""
        if time.monotonic() - self.tallied > TALLY_SECONDS:
            db_retry(lambda: accounting.tally(self.job.pk))
            self.tallied = time.monotonic()

    def _log_answer(self, request: JobRequest, attempt: Attempt) -> None:
        code = attempt.reply.status
        if code == 202 or (self.division and attempt.answer is Answer.DIVIDE):
            return  # of a request that is being taken apart, the first refusal and the end are told
        says = self.connector.says(code).what if code else f"{self.connector.unreachable.what} {attempt.reply.error}."
        rows = f"rows {attempt.first_row + 1:,} to {attempt.end_row:,}"
        then = " It is taken apart to find out which." if attempt.answer is Answer.DIVIDE and attempt.division else ""
        jobs.log(self.job, f"Request {request.number}, {rows}: {says}{then}", JobLog.Level.WARN)

    def _log_division(self, end_row: int) -> None:
        """What it took to take apart the request that ended here."""
        first = self.job.requests.filter(end_row=end_row, state=JobRequest.State.DIVIDED).order_by("number").first()
        if first:
            parts = self.job.requests.filter(number__gt=first.number)
            took, bad = parts.count(), parts.filter(state=JobRequest.State.REFUSED).count()
            told = f"{took:,} more request{'s' * (took != 1)}, {bad:,} event{'s' * (bad != 1)} refused."
            jobs.log(self.job, f"Request {first.number} is taken apart: {told}")

    # --- what stops it

    def _halt(self, halted: Halted) -> None:
        if halted.cause is not Cause.ANSWER:
            self._halt_by_refusals(halted)
        if halted.answer is Answer.WAIT:
            self._wait(halted)
        if halted.answer is Answer.RETRY:
            self._retry(halted)
        code = halted.reply.status
        what = halted.advice.what if halted.answer is Answer.STOP else f"{halted.advice.what} Its code: {code}."
        raise JobFailed(what, halted.advice.do)

    def _halt_by_refusals(self, halted: Halted) -> None:
        if halted.cause is Cause.MAPPING_FAULT:
            raise JobFailed(halted.advice.what, f"{halted.advice.do} {SAME_MAPPING}")
        row = halted.refused[-1].row + 1
        raise JobFailed(
            f"LINE refused row {row:,}, which our checks had passed, and Ignore Invalid Records is off.",
            "Events before it were received. Correct the row and run again, or switch Ignore Invalid Records on.",
        )

    def _wait(self, halted: Halted) -> None:
        """Asked to slow down: no try is used up, but not for ever."""
        now = timezone.now()
        since = self.throttled_since or now
        if now - since > THROTTLED_AT_MOST:
            raise JobFailed("LINE has asked to slow down (429) for 24 hours.", "Resume the job later.")
        wait = pause(self.settings, self.sender.throttled - 1, halted.reply.retry_after)
        raise RetryLater(wait, halted.advice.what, throttled_since=since)

    def _retry(self, halted: Halted) -> None:
        wait = next_wait(self.settings, self.tries, halted.reply.retry_after)
        if wait is not None:
            tries, most = self.tries + 1, self.settings["max_retry"]
            raise RetryLater(wait, f"Retry {tries} of {most}.", tries=tries, throttled_since=None)
        count = len(halted.unknown_rows)
        raise JobFailed(
            f"{halted.advice.what} Gave up after {self.tries} {'retry' if self.tries == 1 else 'retries'}.",
            f"{count:,} events of the last request are unknown: LINE may have them. Resume when LINE answers: it drops "
            "what it has already, by deduplication_key, for 30 days.",
        )


def invalid(reject: CoreReject) -> Reject:
    row, reasons = reject
    return Reject(row, "invalid", tuple([(name, reason.code, reason.text) for name, reason in reasons]))


def unanswered(reject: CoreReject) -> Reject:
    row, reasons = reject
    return Reject(row, "unknown", ((reasons[0][0], "unknown", UNANSWERED),))


def refused(refusal: Refusal) -> Reject:
    return Reject(refusal.row, "refused", (REFUSED,))
