"""Attempts go when jobs of their age do, with their tasks and logs. Revisions stay: what ran can be read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from exports.retention import Freed, delete
from workflows.models import Attempt, AttemptState, Session, TaskJob, TaskLog

SOME = 20


def attempts(now: datetime, freed: Freed) -> Iterator[None]:
    """But for one that an attempt which still runs resumes. Their sessions go when they have none left."""
    before = now - timedelta(days=settings.JOB_HISTORY_DAYS)
    while pks := list(_old(before).order_by("pk").values_list("pk", flat=True)[:SOME]):
        for rows in (TaskLog.objects.filter(task__attempt__in=pks), TaskJob.objects.filter(task__attempt__in=pks)):
            for _ in delete(rows):
                yield
        for pk in pks:
            freed.attempts += _delete(_old(before).filter(pk=pk))
            yield
    for _ in delete(Session.objects.filter(attempts=None, created_at__lt=before, session_time__lt=before)):
        yield


@transaction.atomic
def _delete(one: QuerySet[Attempt, Any]) -> int:
    """→ how many. Whoever deletes its tasks has its row first, as the delete of a project has."""
    if not one.select_for_update(of=("self",)).values_list("pk"):
        return 0
    return one.delete()[1].get(Attempt._meta.label, 0)


def _old(before: datetime) -> QuerySet[Attempt, Any]:
    resumed = Attempt.objects.filter(resumed_from=OuterRef("pk"), state=AttemptState.RUNNING)
    return Attempt.objects.filter(finished_at__lt=before).exclude(Exists(resumed))
