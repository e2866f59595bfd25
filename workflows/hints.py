"""Workers are told of tasks that are ready. A hint that is lost costs time and nothing else."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django_q.tasks import async_task

from exports import dispatch
from workflows import advancing
from workflows.models import Task, TaskState

TASK = "workflows.runner.run_task"
FOR_WORKERS = (TaskState.READY, TaskState.RUNNING)  # as in the condition of their index


def due(now: datetime, most: int) -> list[int]:
    """A hint that nobody has heard for half a lease is lost, with the process that had it."""
    unheard = _ready().filter(Q(hinted_at=None) | Q(hinted_at__lt=now - dispatch.rehint()))
    return list(unheard.order_by("pk").values_list("pk", flat=True)[:most])


def hinted(now: datetime) -> int:
    return _ready().filter(hinted_at__gte=now - dispatch.rehint()).count()


def _ready() -> QuerySet[Task]:
    return Task.objects.filter(state__in=FOR_WORKERS).filter(state=TaskState.READY)


def hint(pk: int, now: datetime) -> None:
    """Wake a worker for this task: the mark and the message commit together."""
    with transaction.atomic():
        unheard = Q(hinted_at=None) | Q(hinted_at__lt=now - dispatch.rehint())
        if Task.objects.filter(unheard, pk=pk, state=TaskState.READY).update(hinted_at=now):
            async_task(TASK, pk, task_name=f"task-{pk}", timeout=-1, ack_failure=True)


def hint_ready(attempt: int, now: datetime, *, but: int = 0) -> None:
    """For what has just become ready: at once, or by a later tick when the queue is full. `but`: so many are left out,
    for the worker that is at it."""
    for pk in advancing.ready(attempt, but + dispatch.room())[but:]:
        hint(pk, now)


def forget() -> None:
    with transaction.atomic():  # but for those that someone changes: nobody waits for another
        free = list(_ready().select_for_update(skip_locked=True).values_list("pk", flat=True))
        Task.objects.filter(pk__in=free).update(hinted_at=None)
