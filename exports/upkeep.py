"""Once a day, one worker of all clusters deletes what is old enough; another one goes on if it dies."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

from exports import drain, retention
from exports.drain import Drained
from exports.lease import alive, owner
from exports.retention import Freed
from exports.upkeep_models import Upkeep

SILENT = timedelta(minutes=10)  # after which whoever had it is taken for dead


def wake(now: datetime) -> None:
    """Wake a worker if the upkeep of the day is due and nobody does it. May be called by any number of processes."""
    day, _ = Upkeep.objects.get_or_create(day=_day(now))
    if day.finished_at or _is_done_by_someone(day, now):
        return
    unheard = Q(hinted_at=None) | Q(hinted_at__lt=now - SILENT)
    unheard |= Q(beat_at__gt=F("hinted_at"))  # whoever heard the last one is gone
    if Upkeep.objects.filter(unheard, pk=day.pk).update(hinted_at=now):
        async_task("exports.upkeep.run", day.pk, task_name=f"upkeep-{day.day}", timeout=-1, ack_failure=True)


def _day(now: datetime) -> date:
    """A day begins at UPKEEP_HOUR."""
    return (now - timedelta(hours=settings.UPKEEP_HOUR)).date()


def _is_done_by_someone(day: Upkeep, now: datetime) -> bool:
    return bool(day.beat_at and day.beat_at > now - SILENT and alive(day.owner))


def run(pk: int) -> str:
    """django-q2's task. → what came of it, for the task's record."""
    now = timezone.now()
    day = Upkeep.objects.get(pk=pk)
    if day.finished_at or _is_done_by_someone(day, now):
        return "not needed"
    mine = Upkeep.objects.filter(pk=pk, beat_at=day.beat_at, finished_at=None)
    if not mine.update(owner=owner(), beat_at=now, started_at=now):
        return "someone else has it"
    try:
        return do(day).in_words()
    except Drained:
        Upkeep.objects.filter(pk=pk).update(hinted_at=None, beat_at=None)  # for another cluster, or the next one
        return "the cluster ends"


def do(upkeep: Upkeep) -> Freed:
    """All of it, or what is left of it, with its progress on record. Raises Drained."""

    def heard(freed: Freed) -> None:
        Upkeep.objects.filter(pk=upkeep.pk).update(beat_at=timezone.now(), freed=freed.to_json())
        if drain.begun():
            raise Drained

    freed = retention.tidy(timezone.now(), heard, so_far=Freed.from_json(upkeep.freed))
    Upkeep.objects.filter(pk=upkeep.pk).update(finished_at=timezone.now(), freed=freed.to_json())
    return freed


def by_hand() -> Freed:
    """At once, whatever was done today."""
    now = timezone.now()
    return do(Upkeep.objects.create(owner=owner(), started_at=now, beat_at=now))


def under_way(seconds: float) -> int:
    """How many have moved within so many seconds and are not finished."""
    since = timezone.now() - timedelta(seconds=seconds)
    return Upkeep.objects.filter(finished_at=None, beat_at__gt=since).count()


def last() -> Upkeep | None:
    """The last one that was finished."""
    return Upkeep.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
