"""Clusters say that they are alive, and are forgotten when they are gone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import beats, dispatch
from exports.beats import SILENT, SWEPT
from exports.broker import DurableORM
from exports.lease import owner
from exports.upkeep_models import ClusterBeat

pytestmark = pytest.mark.django_db


def elsewhere(silent=timedelta(), owner="other-host/1/2:77:1"):
    at = timezone.now()
    about = {"host": "other-host", "pid": 77, "workers": 4, "started_at": at}
    return ClusterBeat.objects.create(owner=owner, ticked_at=at - silent, **about)


@pytest.fixture
def broker(monkeypatch):
    for name in ("last_tick", "last_beat", "last_tidy"):
        monkeypatch.setattr(DurableORM, name, 0.0)
    return DurableORM()


def test_a_cluster_has_one_row_however_often_it_beats():
    beats.beat()
    beats.beat()
    (cluster,) = beats.clusters()
    assert cluster.alive and cluster.workers > 0


def test_one_of_another_host_is_taken_for_dead_when_it_falls_silent():
    elsewhere()
    elsewhere(2 * SILENT, owner="third-host/1/2:78:1")
    assert sorted(cluster.alive for cluster in beats.clusters()) == [False, True]


def test_one_of_this_host_is_known_to_be_dead_at_once():
    here, _, _ = owner().rsplit(":", 2)
    elsewhere(owner=f"{here}:4194304:1")
    assert not beats.clusters()[0].alive


def test_living_clusters_forget_dead_ones():
    elsewhere(2 * SWEPT)
    beats.beat()
    assert ClusterBeat.objects.get().owner == owner()


def test_the_dispatcher_beats_when_it_has_ticked(broker):
    broker.set_stat("key", "value", 3)
    assert beats.clusters()[0].alive


@pytest.mark.django_db(transaction=True)  # its connection is closed
def test_a_dispatcher_that_fails_does_not_beat(broker, monkeypatch):
    def fail():
        raise ValueError("broken")

    monkeypatch.setattr(dispatch, "tick", fail)
    broker.set_stat("key", "value", 3)
    assert not beats.clusters()


def test_it_beats_every_few_seconds_only(broker):
    broker.set_stat("key", "value", 3)
    ClusterBeat.objects.all().delete()
    DurableORM.last_tick = 0.0
    broker.set_stat("key", "value", 3)
    assert not ClusterBeat.objects.exists()
