"""Which rejected rows of a job were sent on after a re-check: parts of its rejects file, in bytes, half-open.

A re-check holds the rows of one part. Of the checks of a job that share rows, one at most is sent on: its valid rows
are sent, or what it rejected is checked again and sent. Who decides about that holds `lock`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from exports.models import FINISHED, Job, RowsFrom


@dataclass(frozen=True)
class Left:
    """The first part of a job's rejects that was not sent on; `check`: the last one whose rows were, if any."""

    start: int
    end: int
    check: int | None = None

    def __bool__(self) -> bool:
        return self.start < self.end


def left(job: Job) -> Left:
    """What a re-check of the job's rejected rows would take now."""
    start, check = 0, None
    checks = _checks_of([job.pk])
    sent = sent_by({each.pk for each in checks})
    for each in sorted(checks, key=lambda each: each.rejects_from):
        if each.pk in sent:
            if each.rejects_from > start:
                return Left(start, each.rejects_from, each.pk)
            start, check = max(start, each.rejects_until), max(check or 0, each.pk)
    return Left(start, job.rejects_bytes, check)


def sent_by(checks: Iterable[int]) -> dict[int, int]:
    """Those of these checks that were sent on → the job that did it."""
    later = {each.pk: each.parent_id for each in _checks_of(checks)}
    found = [(later[pk], job) for pk, job in sent_by(later).items()] if later else []
    sendings = sent(Job.objects.filter(rows_from=RowsFrom.RESULT, parent__in=checks))
    found += sendings.order_by().values_list("parent_id", "pk")
    return {check: job for check, job in found if check}


def sent(sendings: QuerySet[Job]) -> QuerySet[Job]:
    """Without those that ended before the end of any row was on record: they hold no rejected row, and nothing left."""
    return sendings.exclude(state__in=FINISHED, position=0, unknown=0, invalid=0)


def elsewhere(check: Job) -> int | None:
    """The job that sent rows of this check on after another one that holds them too."""
    while parent := check.parent:
        if check.rows_from == RowsFrom.REJECTS and (found := sent_by(_sharing(check))):
            return max(found.values())
        check = parent
    return None


def sent_by_another(job: Job) -> int | None:
    """The job that sends this one's rows beside it, or has sent them: after another check of them, or as a repeat."""
    if job.rows_from != RowsFrom.RESULT or not job.parent:
        return None
    siblings = job.parent.children.filter(rows_from=RowsFrom.RESULT).exclude(pk=job.pk)
    found = sent(siblings).values_list("pk", flat=True).first()
    return found or elsewhere(job.parent)


def lock(check: Job) -> None:
    """Within the caller's transaction: of all who send rows of this check, or of others that share some, one."""
    line = [check.pk]
    while check.parent:
        check = check.parent
        line.append(check.pk)
    list(Job.objects.select_for_update().filter(pk__in=line).order_by("pk").values("pk"))


def _sharing(check: Job) -> list[int]:
    """The other checks of the same job that hold rows of this one."""
    part = Q(rejects_from__lt=check.rejects_until, rejects_until__gt=check.rejects_from)
    found = Job.objects.filter(part, parent=check.parent_id, rows_from=RowsFrom.REJECTS).exclude(pk=check.pk)
    return list(found.order_by().values_list("pk", flat=True))


def _checks_of(jobs: Iterable[int]) -> list[Job]:
    found = Job.objects.filter(rows_from=RowsFrom.REJECTS, parent__in=jobs).order_by()
    return list(found.only("pk", "parent_id", "rejects_from", "rejects_until"))
