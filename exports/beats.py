"""Which clusters are alive: each one's sentinel says so every few seconds.

All times are the database's, so that hosts need not agree about theirs.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django_q.conf import Conf

from exports.lease import alive, owner
from exports.upkeep_models import ClusterBeat

SECONDS = 5
SILENT = timedelta(seconds=30)  # after which a cluster is taken for dead
SWEPT = timedelta(minutes=5)
_AGE = ExpressionWrapper(Now() - F("ticked_at"), output_field=DurationField())


@dataclass(frozen=True)
class Cluster:
    """`silence`: since the last tick of its dispatcher."""

    host: str
    pid: int
    workers: int
    started_at: datetime
    silence: timedelta
    alive: bool


def beat() -> None:
    """This process's dispatcher has done its work. Forgets clusters that ended long ago."""
    me = owner()
    if not ClusterBeat.objects.filter(owner=me).update(ticked_at=Now()):
        about = {"host": socket.gethostname(), "pid": os.getpid(), "workers": Conf.WORKERS}
        ClusterBeat.objects.create(owner=me, **about, started_at=Now(), ticked_at=Now())
    ClusterBeat.objects.exclude(owner=me).filter(ticked_at__lt=Now() - SWEPT).delete()


def clusters() -> list[Cluster]:
    """Those heard of lately, the oldest first; of those that are gone, the last one alone stays on record."""
    found = ClusterBeat.objects.annotate(silence=_AGE).order_by("started_at")
    return [
        Cluster(beat.host, beat.pid, beat.workers, beat.started_at, beat.silence, _alive(beat.owner, beat.silence))
        for beat in found
    ]


def _alive(who: str, silence: timedelta) -> bool:
    return silence < SILENT and alive(who)
