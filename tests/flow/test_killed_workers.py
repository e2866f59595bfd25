"""Jobs outlive the processes that run them, and obey Stop: real clusters, real signals."""

import time
from dataclasses import replace

import pytest

from exports import jobs, queries, resending
from exports.models import Job, JobRequest, JobState, Mode, Phase
from exports.texts import Text
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.exports.rechecks import FIXED, draft, query, save  # noqa: F401 - fixtures
from tests.exports.test_run import authentication, ends, events, start  # noqa: F401 - fixtures
from tests.flow.conftest import cluster
from warehouse.models import Database

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

WITHOUT_END = "select e.* from events e, range(1000000000) a, range(1000) b order by b.range"


@pytest.fixture
def slow_line():
    with Sandbox({"tag": "token"}) as sandbox:
        sandbox.behave([{"delay": 0.2, "times": 1000}])
        yield sandbox


def wait(pk, done, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = Job.objects.get(pk=pk)
        if done(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"job {pk} is {job.state} at row {job.position} after {seconds} s")


def endless():
    """A job whose query gives no row for hours."""
    return jobs.start(text=Text(Database.objects.get(), WITHOUT_END, engine="duckdb"), name="endless", user=None)


def order_of(job):
    """The first rows of the job's requests, in the order in which they were sent, those that are repeated once."""
    return [r.first_row for r in JobRequest.objects.filter(job=job).order_by("sent_at")]


def test_two_clusters_share_the_jobs_of_a_tag_and_a_killed_worker_costs_no_row(slow_line, start, kill):  # noqa: F811
    first = start(events(6000))
    both = [first, *(jobs.run_again(first, user=None) for _ in range(2))]
    with cluster(slow_line.url, "one", WORKERS="1"), cluster(slow_line.url, "two", WORKERS="1"):
        held = [wait(job.pk, lambda j: j.position >= 1000) for job in both[:2]]
        assert len({job.lease_owner for job in held}) == 2
        kill(wait(first.pk, lambda j: j.state == JobState.RUNNING))
        done = [wait(job.pk, lambda j: j.finished) for job in both]
    assert [(job.state, ends(job)) for job in done] == [(JobState.SUCCESS, (6000, 0, 6000, 0, 0, 0))] * 3
    assert [order_of(job) for job in done] == [[0, 1000, 2000, 3000, 4000, 5000]] * 3
    assert slow_line.stats["overlaps"] == 0
    assert slow_line.stats["requests"] - 18 <= 1  # at most the request in flight, once more


def test_stop_reaches_a_query_a_request_in_flight_and_a_waiting_job(slow_line, start):  # noqa: F811
    slow_line.behave([{"status": 500, "keep": True}, {"hang": True}])
    waiting = start(events(1000))
    with cluster(slow_line.url, WORKERS="2"):
        wait(waiting.pk, lambda j: j.state == JobState.RETRY_WAIT)
        sending, querying = jobs.run_again(waiting, user=None), endless()
        wait(querying.pk, lambda j: j.phase == "querying")
        wait(sending.pk, lambda j: j.requests.filter(state=JobRequest.State.SENDING).exists())
        for job in (waiting, sending, querying):
            assert jobs.stop(Job.objects.get(pk=job.pk))
        stopped = time.monotonic()
        ended = [wait(job.pk, lambda j: j.finished).state for job in (waiting, sending, querying)]
        assert time.monotonic() - stopped < 5
    assert ended == [JobState.KILLED] * 3


def test_jobs_of_a_cluster_that_ends_go_on_in_the_next(slow_line, start):  # noqa: F811
    sending = start(events(9000))
    querying = endless()
    for rows, command in ((2000, "cluster"), (4000, "qcluster")):
        with cluster(slow_line.url, command=command):
            wait(sending.pk, lambda j, rows=rows: j.position >= rows)
            wait(querying.pk, lambda j: j.phase == "querying" and j.state == JobState.RUNNING)
        states = [(j.state, j.takeovers, j.lease_token) for j in Job.objects.all()]
        assert states == [(JobState.QUEUED, 0, None)] * 2
    jobs.stop(querying)
    with cluster(slow_line.url):
        job = wait(sending.pk, lambda j: j.finished)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (9000, 0, 9000, 0, 0, 0))
    assert (slow_line.stats["requests"], slow_line.stats["duplicates"]) == (9, 0)


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
