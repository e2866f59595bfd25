"""Jobs outlive the processes that run them: real clusters, real SIGKILLs."""

import time
from dataclasses import replace

import pytest

from exports import jobs, queries, resending
from exports.models import Job, JobState, Mode, Phase
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.exports.rechecks import FIXED, draft, query, save  # noqa: F401 - fixtures
from tests.exports.test_run import authentication, ends, events, start  # noqa: F401 - fixtures
from tests.flow.conftest import cluster

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def slow_line():
    with Sandbox({"tag": "token"}) as sandbox:
        sandbox.behave([{"delay": 0.5, "times": 1000}])
        yield sandbox


def wait(pk, done, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = Job.objects.get(pk=pk)
        if done(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {pk} is {job.state} at row {job.position} after {seconds} s")


def test_a_killed_worker_costs_no_row(slow_line, start, kill):  # noqa: F811
    job = start(events(5000, bad={10, 4500}))
    with cluster(slow_line.url):
        for rows in (1000, 3000):
            kill(wait(job.pk, lambda j, rows=rows: j.state == JobState.RUNNING and j.position >= rows))
        job = wait(job.pk, lambda j: j.finished)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (5000, 2, 4998, 0, 0, 0))
    assert job.log.filter(text__contains="Another one goes on").count() == 2
    assert len({e["event"]["deduplication_key"] for e in slow_line.events}) == 4998
    assert slow_line.stats["duplicates"] <= 2000  # at most the request in flight, each time
    assert slow_line.stats["overlaps"] == 0


def test_stop_reaches_a_request_in_flight(slow_line, start):  # noqa: F811
    slow_line.behave([{"skip": 1, "hang": True}])
    job = start(events(3000))
    with cluster(slow_line.url):
        wait(job.pk, lambda j: j.position >= 1000)
        time.sleep(0.5)
        jobs.stop(Job.objects.get(pk=job.pk))
        stopped = time.monotonic()
        job = wait(job.pk, lambda j: j.finished)
    assert time.monotonic() - stopped < 5
    assert (job.state, ends(job)) == (JobState.KILLED, (3000, 0, 1000, 0, 1000, 1000))


MANY = "SELECT e.* FROM events e, range(50000)"  # half a million rows


def test_a_validation_goes_on_after_its_worker_was_killed(slow_line, draft, query, editor, kill):  # noqa: F811
    job = queries.run(replace(draft, text=replace(draft.text, sql=MANY)), query=query, user=editor, mode=Mode.VALIDATE)
    with cluster(slow_line.url):
        kill(wait(job.pk, lambda j: j.phase == Phase.CHECKING))
        job = wait(job.pk, lambda j: j.finished)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (500_000, 100_000, 0, 0, 0, 400_000))
    assert sum(job.reasons.filter(field="email").values_list("rows", flat=True)) == 100_000
    assert job.log.filter(text__contains="Another one goes on").count() == 1


def test_a_re_check_goes_on_after_its_worker_was_killed(slow_line, save, query, editor, kill):  # noqa: F811
    save(sql=MANY)
    job = queries.run(queries.stored(query), query=query, user=editor, mode=Mode.VALIDATE)
    with cluster(slow_line.url):
        job = wait(job.pk, lambda j: j.finished)
        save(sql=MANY, mapping=FIXED)
        check = resending.recheck(job, user=editor)
        kill(wait(check.pk, lambda j: j.state == JobState.RUNNING))
        check = wait(check.pk, lambda j: j.finished)
    assert (check.state, ends(check)) == (JobState.SUCCESS, (100_000, 0, 0, 0, 0, 100_000))
    assert check.log.filter(text__contains="Another one goes on").count() == 1
    assert slow_line.stats["requests"] == 0
