"""The System page's lines about background work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import beats
from exports.models import Job, JobState
from exports.upkeep_models import ClusterBeat, Upkeep
from linecapi_site.background import background
from tests.exports.factories import a_job, exporting
from tests.exports.schedules import a_schedule

pytestmark = pytest.mark.django_db


def fact(label):
    return next(fact for fact in background() if fact.label.startswith(label))


def waiting(seconds):
    return a_job(JobState.QUEUED, next_attempt_at=timezone.now() - timedelta(seconds=seconds))


def test_no_cluster_is_a_warning_that_says_what_to_do():
    found = fact("Cluster")
    assert (found.value, found.good) == ("None alive", False) and "manage.py" in found.text


def test_a_cluster_has_its_host_workers_and_last_tick():
    beats.beat()
    ClusterBeat.objects.update(host="worker-1", workers=4, pid=77)
    found = fact("Cluster on worker-1")
    assert (found.value, found.good) == ("4 workers", True)
    assert "Process 77, since" in found.text and "Its last tick was" in found.text


def test_a_dispatcher_that_fell_silent_is_a_warning():
    beats.beat()
    ClusterBeat.objects.update(ticked_at=timezone.now() - timedelta(minutes=3))
    assert fact("Dispatcher").good is False and "Ticked 3 min ago" in fact("Dispatcher").value


def test_a_job_that_waits_long_though_a_worker_is_free_is_a_warning():
    beats.beat()
    job = waiting(90)
    found = fact("Queue")
    assert found.good is False and f"Job {job.pk} has waited longest: 1 min 3" in found.text


def test_a_job_may_wait_long_while_all_workers_are_busy():
    beats.beat()
    ClusterBeat.objects.update(workers=1)
    waiting(90), exporting()
    found = fact("Queue")
    assert found.good is None and "All workers are busy" in found.text


def test_a_job_may_wait_long_while_the_only_worker_deletes_what_is_old():
    beats.beat()
    ClusterBeat.objects.update(workers=1)
    waiting(90)
    going_on = Upkeep.objects.create(beat_at=timezone.now())
    assert fact("Queue").good is None
    Upkeep.objects.filter(pk=going_on.pk).update(beat_at=timezone.now() - timedelta(minutes=5))
    assert fact("Queue").good is False


def test_a_job_that_waits_for_the_run_before_it_is_no_warning():
    beats.beat()
    at = timezone.now().replace(minute=0, second=0, microsecond=0)
    schedule = a_schedule(slot=at)
    exporting(schedule=schedule)
    a_job(JobState.QUEUED, schedule=schedule, next_attempt_at=timezone.now() - timedelta(hours=1))
    assert fact("Queue").value == "Empty"


def test_stalled_jobs_are_a_warning():
    assert fact("Jobs stalled").good is None
    exporting()
    Job.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    assert (fact("Jobs stalled").value, fact("Jobs stalled").good) == ("1", False)


def test_it_says_what_the_last_upkeep_freed():
    Upkeep.objects.create(finished_at=timezone.now(), freed={"results": 2, "bytes": 5 * 2**20})
    found = fact("Upkeep")
    assert found.good and "Deleted 2 jobs' files; 5.0 MB of files." in found.text


def test_an_upkeep_that_is_late_or_could_not_delete_is_a_warning():
    late = Upkeep.objects.create(finished_at=timezone.now() - timedelta(days=3))
    assert fact("Upkeep").good is False and "It is late" in fact("Upkeep").text
    Upkeep.objects.filter(pk=late.pk).update(finished_at=timezone.now(), freed={"failed": 1})
    assert fact("Upkeep").good is False and "1 folder could not be deleted" in fact("Upkeep").text
