"""The cluster ends while a job runs: the job stops at a good place, waits, and goes on without repeating a request."""

import threading
import time

import pytest
from django.db import OperationalError

from exports import drain, jobs
from exports.models import JobLog, JobState, TagLease
from exports.run import run_job
from tests.exports.test_run import authentication, due, ends, events, line, run, start  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def not_for_the_next_test():
    yield
    drain.over()


def drain_after(line, requests):  # noqa: F811
    """From another thread, when so many requests have arrived."""

    def wait():
        end = time.monotonic() + 30
        while line.stats["requests"] < requests and time.monotonic() < end:
            time.sleep(0.01)
        drain.begin()

    threading.Thread(target=wait).start()


def test_a_job_stops_after_its_present_request_and_goes_on(line, start):  # noqa: F811
    line.behave([{"delay": 0.5, "times": 9}])
    job = start(events(3000))
    drain_after(line, 2)
    run(job)
    assert (job.state, job.position, job.takeovers, job.lease_token) == (JobState.QUEUED, 2000, 0, None)
    drain.over()
    assert (run(job).state, ends(job)) == (JobState.SUCCESS, (3000, 0, 3000, 0, 0, 0))
    assert (line.stats["requests"], line.stats["duplicates"]) == (3, 0)


def test_a_job_that_is_handed_back_does_not_keep_the_tag(line, start):  # noqa: F811
    line.behave([{"delay": 0.3, "times": 9}])
    job = start(events(2000))
    drain_after(line, 1)
    run(job)
    assert TagLease.objects.get().token is None


def test_a_running_query_is_stopped_and_begins_anew(start, settings):  # noqa: F811
    settings.HEARTBEAT_SECONDS = 0.2
    job = start(events(5), sql="select e.* from events e, range(1000000000) a, range(1000) b order by b.range")
    threading.Timer(1, drain.begin).start()
    assert (run(job).state, job.result_rows, job.error) == (JobState.QUEUED, None, "")


def test_no_job_is_begun_and_the_next_cluster_hears_of_it_at_once(start):  # noqa: F811
    job = start(events(5))
    drain.begin()
    run(job)
    assert (job.state, job.started_at, job.hinted_at) == (JobState.QUEUED, None, None)


def test_a_job_whose_database_was_away_goes_on_at_once(line, start, monkeypatch):  # noqa: F811
    from exports import run as running

    def away(job, lease):
        raise OperationalError("the connection is closed")

    job = start(events(5))
    with monkeypatch.context() as patch:
        patch.setattr(running, "_steps", away)
        assert run_job(job.pk) == "abandoned"
    assert run(job).state == JobState.SUCCESS
    assert JobLog.objects.filter(job=job, text__startswith="The console's database was away").exists()


def test_a_job_that_is_stopped_while_its_database_is_away_ends_at_once(start, monkeypatch):  # noqa: F811
    from exports import run as running

    def stopped(job, lease):
        jobs.stop(job)
        raise OperationalError("the connection is closed")

    job = start(events(5))
    monkeypatch.setattr(running, "_steps", stopped)
    assert run(job).state == JobState.KILLED
