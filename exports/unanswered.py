"""Rows that left in a request without a clear answer, and left the time window before they could be sent again.

Nobody can tell whether the destination received them. So they are not invalid, and not sent again: they are unknown.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Q

from exports.exporter.explain import Reject
from exports.exporter.pipeline import invalid_rows
from exports.exporter.plan import Plan
from exports.lease import db_retry
from exports.models import Job, JobRequest
from exports.results import KeptResult

# Seconds from the last look at the clock to the moment that stands at the request: it waits for its turn meanwhile.
LATE = 10


class Unanswered:
    """Of one job, as its earlier workers left it. `plan_at`: UNIX seconds → the plan of that moment."""

    def __init__(self, job: Job, kept: KeptResult, plan_at: Callable[[int], Plan]) -> None:
        sent = JobRequest.objects.filter(Q(maybe_in=True) | Q(state=JobRequest.State.SENDING), job=job)
        self.requests = db_retry(lambda: list(sent.filter(end_row__gt=job.position)))
        self.kept, self.plan_at = kept, plan_at

    def among(self, rejects: Sequence[Reject]) -> set[int]:
        """The numbers of those rows that stand here for their time alone, and were sent when it was right."""
        found: set[int] = set()
        for request in self.requests:
            rows = [row for row, _ in rejects if request.first_row <= row < request.end_row]
            if rows:
                found |= set(rows) - self._invalid_then(request, rows[0], rows[-1] + 1)
        return found

    def _invalid_then(self, request: JobRequest, first: int, end: int) -> set[int]:
        """Rows of [first, end) that the request's first attempt did not hold."""
        at = datetime.fromisoformat(request.attempts[0]["at"]) if request.attempts else request.sent_at
        plan = self.plan_at(int(at.timestamp()) - LATE)
        numbered = self.kept.batches(first, end)
        return {row for row, _ in invalid_rows(plan, numbered, max_bytes=plan.connector.limits.bytes)}
