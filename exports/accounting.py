"""Every row's end, on record: one transaction an outcome, after which the job's counts add up.

Row ranges are half-open. Each write is bound to the position it starts from, so that repeating a write whose answer
was lost changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from exports import rejects
from exports.lease import Lease, LostLease, db_retry
from exports.models import Job, JobQuerySet, JobReason, JobRequest, JobState
from exports.rejects import Reject


@dataclass(frozen=True)
class Ending:
    """The known end of rows [first_row, end_row): the events accepted, and the rows that were not."""

    first_row: int
    end_row: int
    accepted: int = 0
    rejects: tuple[Reject, ...] = ()
    unknown: int = 0

    @property
    def invalid(self) -> int:
        return sum(r.end == "invalid" for r in self.rejects)

    @property
    def refused(self) -> int:
        return sum(r.end == "refused" for r in self.rejects)

    @property
    def settled(self) -> int:
        return self.accepted + self.unknown + len(self.rejects)


def settle(lease: Lease, ending: Ending, *, request: JobRequest | None = None) -> None:
    """Record the end of these rows and move the position behind them. Raises LostLease."""
    committed = db_retry(lambda: lease.mine().values_list("rejects_bytes", flat=True).first())
    if committed is None:
        raise LostLease
    length = rejects.append(Job(pk=lease.pk).folder, committed, ending.rejects)

    def commit() -> bool:
        with transaction.atomic():
            moved = _move(lease.mine().filter(position=ending.first_row), ending, length)
            if moved:
                _count_reasons(lease.pk, ending.rejects)
                if request:
                    request.save()
            return moved

    if not db_retry(commit) and not db_retry(lease.mine().filter(position=ending.end_row).exists):
        raise LostLease


def _move(job: JobQuerySet, ending: Ending, length: int) -> bool:
    moved = job.update(
        position=ending.end_row,
        accepted=F("accepted") + ending.accepted,
        invalid=F("invalid") + ending.invalid,
        refused=F("refused") + ending.refused,
        unknown=F("unknown") + ending.unknown,
        not_attempted=F("not_attempted") - ending.settled,
        rejects_bytes=length,
        tries=0,
        throttled_since=None,
    )
    return bool(moved)


def record_invalid(lease: Lease, found: Iterable[Reject]) -> int:
    """All invalid rows of a job of which nothing is sent; the position stays. → how many. Raises LostLease."""
    all_found = tuple(found)
    length = rejects.append(Job(pk=lease.pk).folder, 0, all_found)

    def commit() -> bool:
        with transaction.atomic():
            untouched = lease.mine().filter(position=0, invalid=0)
            moved = untouched.update(
                invalid=len(all_found), not_attempted=F("not_attempted") - len(all_found), rejects_bytes=length
            )
            if moved:
                _count_reasons(lease.pk, all_found)
            return bool(moved)

    if all_found and not db_retry(commit) and not db_retry(lease.mine().filter(invalid=len(all_found)).exists):
        raise LostLease
    return len(all_found)


def _count_reasons(pk: int, found: Iterable[Reject]) -> None:
    rows: Counter[tuple[str, str]] = Counter()
    words: dict[tuple[str, str], tuple[str, str]] = {}
    for reject in found:
        for name, code, text, sample in reject.reasons:
            rows[name, code] += 1
            words.setdefault((name, code), (text, sample))
    for (name, code), count in rows.items():
        text, sample = words[name, code]
        reason, _ = JobReason.objects.get_or_create(
            job_id=pk, field=name, code=code, defaults={"text": text[:300], "sample": sample[:200]}
        )
        JobReason.objects.filter(pk=reason.pk).update(rows=F("rows") + count)


def unknown_in_flight(pk: int) -> int:
    """Events of the request that was on the wire when the job's process ended: nobody knows whether they are in."""
    sending = JobRequest.objects.filter(job_id=pk, state=JobRequest.State.SENDING)
    events = sum(sending.values_list("events", flat=True))
    sending.update(state=JobRequest.State.UNKNOWN)
    return events


def end_killed(job: JobQuerySet, pk: int, at: datetime | None = None) -> bool:
    """End a job that was to stop; a request in flight leaves its events *unknown*.

    `job` selects the row while it is ours.
    """
    with transaction.atomic():
        unknown = unknown_in_flight(pk)
        ended = job.update(
            state=JobState.KILLED,
            phase="",
            lease_token=None,
            lease_until=None,
            finished_at=at or timezone.now(),
            unknown=F("unknown") + unknown,
            not_attempted=F("not_attempted") - unknown,
        )
        if not ended:
            transaction.set_rollback(True)
    return bool(ended)
