"""How the background work stands: what waits, what runs, which clusters are alive. A few indexed queries."""

from dataclasses import dataclass

from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from exports import beats, dispatch, upkeep
from exports.beats import SILENT, Cluster
from exports.models import ACTIVE, Job, JobState

LONG_WAIT = 60.0  # seconds


@dataclass(frozen=True)
class Vitals:
    """`due`: jobs whose time has come and that no worker has; `oldest`: seconds that the first of them has waited, and
    `oldest_job` its number. `stalled`: of the running ones, those whose worker has stopped reporting."""

    queued: int
    retrying: int
    running: int
    stalled: int
    due: int
    oldest: float
    oldest_job: int | None
    clusters: list[Cluster]

    @property
    def alive(self) -> list[Cluster]:
        return [cluster for cluster in self.clusters if cluster.alive]

    @property
    def workers(self) -> int:
        return sum(cluster.workers for cluster in self.alive)

    @property
    def silence(self) -> float | None:
        """Seconds since any dispatcher's last tick; None if there never was one."""
        return min((cluster.silence.total_seconds() for cluster in self.clusters), default=None)

    @property
    def ticking(self) -> bool:
        return self.silence is not None and self.silence < SILENT.total_seconds()

    @property
    def waits_in_vain(self) -> bool:
        """A job waits long though a worker is free, with neither a job nor the upkeep to do."""
        return self.oldest > LONG_WAIT and self.running + upkeep.under_way(LONG_WAIT) < self.workers


def vitals() -> Vitals:
    now = timezone.now()
    counts = Job.objects.filter(state__in=ACTIVE).aggregate(
        queued=Count("pk", filter=Q(state=JobState.QUEUED)),
        retrying=Count("pk", filter=Q(state=JobState.RETRY_WAIT)),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        stalled=Count("pk", filter=Q(state=JobState.RUNNING, lease_until__lt=Now())),
    )
    waiting = dispatch.waiting(now)
    due = waiting.aggregate(number=Count("pk"), since=Min("next_attempt_at"))
    first = waiting.filter(next_attempt_at=due["since"]).values_list("pk", flat=True).first() if due["number"] else None
    oldest = (now - due["since"]).total_seconds() if due["since"] else 0.0
    return Vitals(**counts, due=due["number"], oldest=oldest, oldest_job=first, clusters=beats.clusters())
