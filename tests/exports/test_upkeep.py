"""The upkeep of each day is done once, by whichever cluster, also when a worker dies of it."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from exports import dispatch, drain, retention, upkeep
from exports.broker import DurableORM
from exports.lease import owner
from exports.upkeep_models import Upkeep

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 24, 3, 5, tzinfo=UTC)
ELSEWHERE = "other-host/1/2:77:1"


def test_it_is_hinted_once_whoever_looks():
    upkeep.wake(NIGHT)
    upkeep.wake(NIGHT + timedelta(minutes=1))
    assert OrmQ.objects.count() == 1
    assert Upkeep.objects.get().day == NIGHT.date()


def test_a_day_begins_at_the_hour_that_is_set(settings):
    upkeep.wake(NIGHT - timedelta(hours=1))
    assert Upkeep.objects.get().day == NIGHT.date() - timedelta(days=1)
    settings.UPKEEP_HOUR = 0
    upkeep.wake(NIGHT - timedelta(hours=1))
    assert Upkeep.objects.filter(day=NIGHT.date()).exists()


def test_it_is_done_once_a_day():
    day = Upkeep.objects.create(day=NIGHT.date())
    assert upkeep.run(day.pk) != "not needed"
    assert upkeep.run(day.pk) == "not needed"
    upkeep.wake(NIGHT)
    assert not OrmQ.objects.exists()


def test_what_it_freed_and_when_is_on_record():
    day = Upkeep.objects.create(day=NIGHT.date())
    assert upkeep.last() is None
    upkeep.run(day.pk)
    last = upkeep.last()
    assert (last.owner, last.freed["jobs"]) == (owner(), 0) and last.started_at <= last.finished_at


def test_another_worker_leaves_it_to_the_one_that_has_it():
    day = Upkeep.objects.create(day=NIGHT.date(), owner=ELSEWHERE, beat_at=timezone.now())
    assert upkeep.run(day.pk) == "not needed"


def test_another_worker_goes_on_when_the_one_that_had_it_fell_silent():
    silent = timezone.now() - 2 * upkeep.SILENT
    day = Upkeep.objects.create(day=NIGHT.date(), owner=ELSEWHERE, beat_at=silent, hinted_at=silent)
    upkeep.wake(timezone.now())
    upkeep.run(day.pk)
    assert upkeep.last() == day


def test_a_dead_process_of_this_host_is_seen_at_once():
    here, _, _ = owner().rsplit(":", 2)
    day = Upkeep.objects.create(day=NIGHT.date(), owner=f"{here}:4194304:1", beat_at=timezone.now())
    upkeep.run(day.pk)
    assert upkeep.last() == day


def test_a_hint_whose_worker_died_is_given_anew_at_once_and_its_counts_go_on():
    here, _, _ = owner().rsplit(":", 2)
    at = timezone.now()
    values = {"owner": f"{here}:4194304:1", "hinted_at": at - timedelta(seconds=9), "beat_at": at}
    day = Upkeep.objects.create(day=upkeep._day(at), freed={"jobs": 5}, **values)
    upkeep.wake(timezone.now())
    upkeep.wake(timezone.now())
    assert OrmQ.objects.count() == 1
    upkeep.run(day.pk)
    assert upkeep.last().freed["jobs"] == 5


def test_it_is_left_to_another_cluster_when_this_one_ends(monkeypatch, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    (tmp_path / "jobs" / "1").mkdir(parents=True)
    day = Upkeep.objects.create(day=upkeep._day(timezone.now()), hinted_at=timezone.now())
    monkeypatch.setattr(drain, "begun", lambda: True)
    assert upkeep.run(day.pk) == "the cluster ends"
    upkeep.wake(timezone.now())
    assert upkeep.last() is None and OrmQ.objects.count() == 1


def test_one_that_breaks_off_is_not_taken_for_done(monkeypatch):
    def fail(now, freed):
        raise OSError("the disk is away")

    monkeypatch.setattr(retention, "_files", fail)
    day = Upkeep.objects.create(day=NIGHT.date())
    with pytest.raises(OSError, match="the disk"):
        upkeep.run(day.pk)
    assert upkeep.last() is None


@pytest.fixture
def broker(monkeypatch):
    """Of a cluster that has just begun, on a host that may have begun just now too."""
    for name in ("last_tick", "last_tidy"):
        monkeypatch.setattr(DurableORM, name, -inf)
    return DurableORM()


def test_clusters_look_for_it_when_they_tidy(broker):
    broker.set_stat("key", "value", 3)
    assert Upkeep.objects.count() == OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)  # its connection is closed
def test_a_fault_in_tidying_does_not_keep_it_from_its_day(broker, monkeypatch):
    def fail():
        raise PermissionError("a folder of somebody else")

    monkeypatch.setattr(dispatch, "tidy", fail)
    broker.set_stat("key", "value", 3)
    assert Upkeep.objects.count() == OrmQ.objects.count() == 1
