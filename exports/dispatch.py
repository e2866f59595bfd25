"""The dispatcher: hands waiting jobs to workers, and the jobs of dead workers to others.

`tick` is idempotent and may be called by any number of processes at once.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from exports import accounting
from exports.lease import alive
from exports.models import WAITING, Job, JobQuerySet, JobState

REHINT = timedelta(seconds=30)


def tick() -> None:
    now = timezone.now()
    take_over(now)
    for pk in _due(now).order_by("-priority", "next_attempt_at").values_list("pk", flat=True)[:100]:
        hint(pk, now)


def _due(now: datetime) -> JobQuerySet:
    unheard = Q(hinted_at=None) | Q(hinted_at__lt=now - REHINT)
    return Job.objects.filter(unheard, state__in=WAITING, next_attempt_at__lte=now, kill_requested=False)


def hint(pk: int, now: datetime) -> None:
    """Wake a worker for this job: the mark and the task commit together."""
    with transaction.atomic():
        if _due(now).filter(pk=pk).update(hinted_at=now):
            async_task("exports.run.run_job", pk, task_name=f"job-{pk}", timeout=-1, ack_failure=True)


def take_over(now: datetime) -> None:
    """Jobs whose worker is gone wait again; those that were to stop end.

    A dead process of this host is seen at once, one of another host when its lease ends.
    """
    running = Job.objects.filter(state=JobState.RUNNING)
    gone = [token for token, who in running.values_list("lease_token", "lease_owner") if not alive(who)]
    dead = running.filter(Q(lease_until__lt=Now()) | Q(lease_token__in=gone))
    for pk, token in dead.filter(kill_requested=True).values_list("pk", "lease_token"):
        accounting.end_killed(running.filter(pk=pk, lease_token=token), pk)
    dead.filter(kill_requested=False).update(
        state=JobState.QUEUED,
        lease_token=None,
        lease_until=None,
        hinted_at=None,
        next_attempt_at=now,
        takeovers=F("takeovers") + 1,
    )
