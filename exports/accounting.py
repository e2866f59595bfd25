"""Every row's end, on record: one transaction an outcome, after which the job's counts add up.

Row ranges are half-open. Each write is bound to the position it starts from, so that repeating a write whose answer
was lost changes nothing.
"""

import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import Truncator

from exports import rejects
from exports.lease import Lease, LostLease, db_retry
from exports.models import Job, JobQuerySet, JobReason, JobRequest, JobState
from exports.rejects import Reject, RejectFile
from exports.samples import Samples
from exports.statements import Update


@dataclass(frozen=True)
class Ending:
    """The known end of rows [first_row, end_row): the events accepted, and the rows that were not."""

    first_row: int
    end_row: int
    accepted: int = 0
    rejects: tuple[Reject, ...] = ()

    @property
    def invalid(self) -> int:
        return sum(r.end == "invalid" for r in self.rejects)

    @property
    def refused(self) -> int:
        return sum(r.end == "refused" for r in self.rejects)

    @property
    def unknown(self) -> int:
        return sum(r.end == "unknown" for r in self.rejects)

    @property
    def settled(self) -> int:
        return self.accepted + len(self.rejects)


CHUNK = 10_000  # rejects held in memory at once
logger = logging.getLogger(__name__)


class Ledger:
    """The books of one job, kept by the worker that has it."""

    def __init__(self, lease: Lease, job: Job) -> None:
        self.lease = lease
        self.file = RejectFile(job.folder, job.rejects_bytes)

    def settle(
        self, ending: Ending, *, request: JobRequest | None = None, division: dict[str, Any] | None = None
    ) -> None:
        """Record the end of these rows and move the position behind them; `division`: what is known of the rows there.

        Raises LostLease. The reasons are counted later, by `tally`.
        """
        self.lease.confirm()
        length = self.file.append(ending.rejects)

        def commit() -> bool:
            with transaction.atomic():
                moved = _move(self.lease, ending, length, division or {})
                if moved and request:
                    _close(request)
                return moved

        if not db_retry(commit) and not db_retry(self.lease.mine().filter(position=ending.end_row).exists):
            raise LostLease

    def expect(self, rejects: Iterable[Reject]) -> None:
        """What will be settled as rejects, in order, as far as is known: one sync for all. Raises LostLease."""
        self.lease.confirm()
        self.file.write_ahead(rejects)


MOVE = Update(
    Job,
    sets=("position", "rejects_bytes", "tries", "takeovers", "throttled_since", "division"),
    adds=("accepted", "invalid", "refused", "unknown", "not_attempted"),
    where=("id", "lease_token", "state", "position"),
)
CLOSE = Update(JobRequest, sets=("state", "maybe_in", "attempts"), where=("id",))


def _move(lease: Lease, ending: Ending, length: int, division: dict[str, Any]) -> bool:
    before = [lease.pk, lease.token, JobState.RUNNING, ending.first_row]
    counts = [ending.accepted, ending.invalid, ending.refused, ending.unknown, -ending.settled]
    return bool(MOVE(ending.end_row, length, 0, 0, None, division, *counts, *before))


def _close(request: JobRequest) -> None:
    CLOSE(request.state, request.maybe_in, request.attempts, request.pk)


def record_invalid(lease: Lease, found: Iterable[Reject]) -> int:
    """All invalid rows of a job of which nothing is sent; the position stays. → how many. Raises LostLease."""
    file, count = RejectFile(Job(pk=lease.pk).folder, 0), 0
    for some in _chunks(found):
        count += len(some)
        file.append(some)

    def commit() -> bool:
        untouched = lease.mine().filter(position=0, invalid=0)
        changes = {"invalid": count, "not_attempted": F("not_attempted") - count, "rejects_bytes": file.length}
        return bool(untouched.update(**changes))

    if count and not db_retry(commit) and not db_retry(lease.mine().filter(invalid=count).exists):
        raise LostLease
    return count


def _chunks(found: Iterable[Reject]) -> Iterator[list[Reject]]:
    rest = iter(found)
    while some := list(itertools.islice(rest, CHUNK)):
        yield some


# --- reasons -----------------------------------------------------------------------------------------------------


def tally(pk: int) -> None:
    """Count the committed rejects that are not counted yet in the job's reasons. May be called at any time, by anyone.

    A worker does so now and then, and whoever ends the job: with each request it would cost more than the rest. A file
    that is gone or damaged is logged: it must keep no job from ending, and no one from ending the others.
    """
    job = Job.objects.get(pk=pk)
    if job.tallied_bytes == job.rejects_bytes:
        return
    try:
        found = Tally().add(reject for _, reject in rejects.scan(job.folder, job.rejects_bytes, job.tallied_bytes))
    except (OSError, ValueError):
        logger.exception("Job %s: the rejects cannot be read", pk)
        return
    with transaction.atomic():
        if Job.objects.filter(pk=pk, tallied_bytes=job.tallied_bytes).update(tallied_bytes=job.rejects_bytes):
            found.save(job)


class Tally:
    """How many rows have which reason, and the first row of each."""

    def __init__(self) -> None:
        self.rows: Counter[tuple[str, str]] = Counter()
        self.first: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, found: Iterable[Reject]) -> "Tally":
        for reject in found:
            for name, code, text in reject.reasons:
                self.rows[name, code] += 1
                self.first.setdefault((name, code), (reject.row, text))
        return self

    def save(self, job: Job) -> None:
        """Add to what the job has so far, in one statement; within the caller's transaction."""
        so_far = JobReason.objects.filter(job=job).order_by().values_list("field", "code", "rows")
        known = {(name, code): rows for name, code, rows in so_far}
        samples = Samples(job)
        JobReason.objects.bulk_create(
            [self._reason(job, kind, known.get(kind), samples) for kind in self.rows],
            update_conflicts=True,
            unique_fields=["job", "field", "code"],
            update_fields=["rows"],
        )

    def _reason(self, job: Job, kind: tuple[str, str], so_far: int | None, samples: Samples) -> JobReason:
        """With all its rows. Of one that is known already, nothing else is written."""
        name, code = kind
        reason = JobReason(job=job, field=name, code=code, rows=(so_far or 0) + self.rows[kind])
        if so_far is None:
            row, text = self.first[kind]
            reason.text, reason.sample = text[:300], Truncator(samples.of(row, name)).chars(40)
        return reason


def end(job: JobQuerySet, pk: int, state: str, **values: Any) -> bool:
    """End a job for good, in one transaction. `job` selects its row while the caller may end it. False: it may not.

    Events that were sent without an answer that settles them become *unknown*.
    """
    tally(pk)
    with transaction.atomic():
        row = job.select_for_update().values("position", "not_attempted").first()
        if row is None:
            return False
        unknown = min(_maybe_in(pk, row["position"]), row["not_attempted"])
        ended = job.update(
            state=state,
            phase="",
            progress=None,
            lease_token=None,
            lease_until=None,
            finished_at=timezone.now(),
            unknown=F("unknown") + unknown,
            not_attempted=F("not_attempted") - unknown,
            **values,
        )
    return bool(ended)


def _maybe_in(pk: int, position: int) -> int:
    """Events behind the position that may be at the destination; no request is left open."""
    open_states = (JobRequest.State.SENDING, JobRequest.State.RETRYING, JobRequest.State.STOPPED)
    left = JobRequest.objects.filter(job_id=pk, state__in=open_states)
    maybe_in = left.filter(Q(state=JobRequest.State.SENDING) | Q(maybe_in=True))
    events = sum(maybe_in.filter(first_row__gte=position).values_list("events", flat=True))
    events = max(events, _maybe_in_divided(pk, position))
    maybe_in.update(state=JobRequest.State.UNKNOWN, maybe_in=True)  # so it stays through Resume, until it is answered
    left.update(state=JobRequest.State.STOPPED)
    return events


def _maybe_in_divided(pk: int, position: int) -> int:
    """Of a request that had no clear answer before it was refused and taken apart, the events not settled since."""
    requests = JobRequest.objects.filter(job_id=pk)
    divided = requests.filter(state=JobRequest.State.DIVIDED, maybe_in=True, end_row__gt=position).first()
    if divided is None:
        return 0
    ended = (JobRequest.State.ACCEPTED, JobRequest.State.REFUSED)
    settled = requests.filter(state__in=ended, first_row__gte=divided.first_row, end_row__lte=position)
    left = divided.events - sum(settled.values_list("events", flat=True))
    return min(left, divided.end_row - position)  # some may have left the time window: their end is on record too


def anything_sent(job: Job) -> bool:
    """Whether the destination has, or may have, events of this job."""
    requests = JobRequest.objects.filter(Q(maybe_in=True) | Q(state=JobRequest.State.SENDING), job=job)
    return bool(job.accepted or job.unknown or requests.exists())
