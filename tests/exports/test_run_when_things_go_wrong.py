"""What happens to rows when people, databases and clocks get in the way of a job."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pyarrow as pa
import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from exports import exporting, jobs, sending, turns
from exports.exporter import batches, pipeline
from exports.models import Job, JobLog, JobReason, JobRequest, JobState, TagLease
from exports.run import run_job
from tests.exports.test_run import authentication, due, ends, events, line, run, start  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def test_stop_in_a_retry_wait_leaves_what_was_sent_unknown(line, start):  # noqa: F811
    line.behave([{"status": 500, "keep": True}])
    job = run(start(events(10)))
    assert jobs.stop(job)
    job.refresh_from_db()
    assert (job.state, ends(job)) == (JobState.KILLED, (10, 0, 0, 0, 10, 0))


def test_stop_between_two_beats_is_heard_before_a_retry_wait(line, start, settings):  # noqa: F811
    settings.HEARTBEAT_SECONDS = 60
    line.behave([{"status": 500, "delay": 0.5}])
    job = start(events(10))
    threading.Timer(0.4, lambda: (jobs.stop(job), connection.close())).start()
    assert run(job).state == JobState.KILLED


def test_stop_heard_right_after_an_answer_does_not_forget_the_answer(line, start, monkeypatch):  # noqa: F811
    record = sending.Sender.record

    def record_and_hear_stop(sender, attempt):
        sender.lease.kill = True
        return record(sender, attempt)

    monkeypatch.setattr(sending.Sender, "record", record_and_hear_stop)
    job = run(start(events(2500)))
    assert (job.state, ends(job)) == (JobState.KILLED, (2500, 0, 1000, 0, 0, 1500))


def test_a_stop_reaches_a_running_query(start, settings):  # noqa: F811
    settings.HEARTBEAT_SECONDS = 0.2
    settings.QUERY_TIME_LIMIT = 20
    job = start(events(5), sql="select e.* from events e, range(1000000000) a, range(1000) b order by b.range")
    threading.Timer(2, lambda: (jobs.stop(job), connection.close())).start()
    assert (run(job).state, job.result_rows) == (JobState.KILLED, None)


def test_a_token_refused_after_a_server_error_leaves_the_rows_unknown(line, start):  # noqa: F811
    line.behave([{"status": 500}, {"status": 401}])
    job = run(start(events(10)))
    due(job)
    run(job)
    assert (job.state, ends(job)) == (JobState.ERROR, (10, 0, 0, 0, 10, 0))
    assert "Nothing was sent" not in job.advice


def test_a_request_divided_after_a_server_error_leaves_its_rest_unknown(line, start):  # noqa: F811
    line.behave([{"status": 500, "keep": True}, {"status": 400}, {"skip": 1, "status": 401}])
    job = run(start(events(1500)))
    due(job)
    run(job)
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 0, 500, 0, 500, 500))


def test_many_bad_rows_within_a_divided_request_do_not_make_it_whole_again(line, start, monkeypatch):  # noqa: F811
    monkeypatch.setattr(batches, "QUIET_ROWS", 5)
    monkeypatch.setattr(pipeline, "SLICE_ROWS", 2)
    line.behave([{"status": 400}, {"skip": 1, "status": 429}])
    job = run(start(events(14, bad=range(4, 10))))
    due(job)
    assert ends(run(job)) == (14, 6, 8, 0, 0, 0)
    assert [request.events for request in job.requests.all()] == [8, 4, 2, 1, 1]


def test_a_request_that_was_refused_reached_nobody(line, start):  # noqa: F811
    line.behave([{"status": 400, "times": 100}])
    job = run(start(events(100)))
    assert (job.state, ends(job)) == (JobState.ERROR, (100, 0, 0, 10, 0, 90))
    assert "Resume and Run again keep the mapping as it was. LINE received no event." in job.advice


def test_slowing_down_leaves_nothing_at_line(line, start):  # noqa: F811
    line.behave([{"status": 429}])
    job = run(start(events(10)))
    jobs.stop(job)
    job.refresh_from_db()
    assert ends(job) == (10, 0, 0, 0, 0, 10)
    assert job.requests.get().state == JobRequest.State.STOPPED


def test_a_request_whose_rows_all_left_the_window_does_not_stay_open(line, start):  # noqa: F811
    line.behave([{"status": 500}])
    job = run(start(events(10)))
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        run(job)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (10, 0, 0, 0, 10, 0))
    assert job.requests.get().state == JobRequest.State.UNKNOWN


def test_the_request_of_a_dead_worker_stays_on_record(line, start):  # noqa: F811
    job = start(events(10))
    JobRequest.objects.create(
        job=job, number=1, first_row=0, end_row=10, events=10, state="sending", sent_at=timezone.now()
    )
    run(job)
    assert (ends(job), JobRequest.objects.get().state) == ((10, 0, 10, 0, 0, 0), JobRequest.State.ACCEPTED)


@pytest.mark.parametrize("nth", range(8))
def test_a_database_that_is_away_after_an_answer_costs_no_repeat(line, start, nth):  # noqa: F811
    """The console's database fails once, at the nth statement after LINE has received the events."""
    job, seen = start(events(10)), []

    def fail(execute, sql, params, many, context):
        if line.stats["accepted"]:
            seen.append(sql)
            if len(seen) == nth + 1:
                raise OperationalError("the connection is gone")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        run_job(job.pk)
    job.refresh_from_db()
    assert len(seen) > nth
    assert (job.state, ends(job)) == (JobState.SUCCESS, (10, 0, 10, 0, 0, 0)), seen[nth]
    assert line.stats["duplicates"] == 0


def test_a_token_that_is_replaced_meanwhile_goes_with_the_next_request(line, start, authentication, monkeypatch):  # noqa: F811
    record = sending.Sender.record

    def record_and_replace(sender, attempt):
        line.tags["tag"] = "new"
        authentication.set_secrets({"access_token": "new"}, at=timezone.now())
        authentication.save()
        return record(sender, attempt)

    monkeypatch.setattr(sending.Sender, "record", record_and_replace)
    job = run(start(events(2500)))
    assert (job.state, ends(job)) == (JobState.SUCCESS, (2500, 0, 2500, 0, 0, 0))


def test_a_tag_in_use_makes_the_job_wait_for_its_turn(line, start, monkeypatch):  # noqa: F811
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    other = start(events(5))
    job = jobs.run_again(other, user=None)
    token = "00000000-0000-0000-0000-000000000001"
    Job.objects.filter(pk=other.pk).update(
        state=JobState.RUNNING, lease_token=token, lease_until=timezone.now() + timezone.timedelta(minutes=1)
    )
    TagLease.objects.create(tag="line_conversion:/v1/tag/events", token=token)
    assert (run(job).state, job.tries) == (JobState.RETRY_WAIT, 0)
    assert line.stats["requests"] == 0


def test_jobs_of_one_tag_never_send_at_once(line, start):  # noqa: F811
    line.behave([{"delay": 0.1, "times": 100}])
    first = start(events(3000))
    both = [first, jobs.run_again(first, user=None)]

    def work(job):
        try:
            return run_job(job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, both)) == ["success", "success"]
    assert (line.stats["requests"], line.stats["overlaps"]) == (6, 0)


def test_a_mended_token_is_used_from_the_next_request_on(line, start, authentication):  # noqa: F811
    line.behave([{"status": 500}])
    authentication.set_secrets({"access_token": "wrong"}, at=timezone.now())
    authentication.save()
    job = run(start(events(10)))
    authentication.set_secrets({"access_token": "token"}, at=timezone.now())
    authentication.save()
    due(job)
    assert run(job).accepted == 10


def test_an_authentication_that_is_deleted_meanwhile_leaves_nothing_unknown(line, start, authentication):  # noqa: F811
    line.behave([{"skip": 1, "status": 429}])
    job = run(start(events(1500)))
    authentication.delete()
    due(job)
    run(job)
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 0, 1000, 0, 0, 500))
    assert "does not exist any more" in job.error


def test_refusals_without_end_point_to_the_mapping(line, start):  # noqa: F811
    line.clock = lambda: timezone.now().timestamp() - 3 * 86400  # for LINE every event lies ahead
    job = run(start(events(300)))
    assert (job.state, job.accepted, job.refused) == (JobState.ERROR, 0, 10)
    assert "point to the mapping" in job.advice


def test_with_ignore_invalid_records_off_one_refusal_ends_the_job(line, start):  # noqa: F811
    line.clock = lambda: timezone.now().timestamp() - 3 * 86400
    job = run(start(events(300), ignore_invalid_records=False))
    assert (job.state, job.refused, job.not_attempted) == (JobState.ERROR, 1, 299)


def test_a_second_worker_does_not_check_again_what_the_first_has_found(line, start):  # noqa: F811
    job = run(start(events(10, bad={3}), ignore_invalid_records=False))
    Job.objects.update(state=JobState.QUEUED, error="", finished_at=None)  # its worker died before the end was kept
    assert (run(job).state, ends(job)) == (JobState.ERROR, (10, 1, 0, 0, 0, 9))
    assert JobReason.objects.get().rows == 1


def test_rows_that_leave_the_window_while_they_are_prepared_are_taken_out(line, start, monkeypatch):  # noqa: F811
    now = timezone.now().timestamp()
    clock = itertools.chain([now], itertools.repeat(now + 60))
    monkeypatch.setattr(exporting, "time", SimpleNamespace(time=lambda: next(clock), monotonic=time.monotonic))
    line.clock = lambda: now + 60
    table = events(3)
    times = pa.array([int(now) - 90 * 86400 + 30, int(now) - 10, int(now) - 5], pa.int64())
    job = run(start(table.set_column(3, "event_timestamp", times)))
    assert (job.state, ends(job)) == (JobState.SUCCESS, (3, 1, 2, 0, 0, 0))
    assert line.stats["by_status"] == {"202": 1}


def test_errors_and_logs_hold_no_values_of_rows(start):  # noqa: F811
    job = run(start(events(5), sql="select *, cast(email as integer) as n from events"))
    assert job.state == JobState.ERROR
    assert "u0@example.com" not in job.error + "".join(JobLog.objects.values_list("text", flat=True))


def test_odd_values_in_columns_and_samples_do_not_fail_the_job(line, start):  # noqa: F811
    sql = (
        "select * replace (case when event_timestamp % 2 = 0 then 'con' || chr(0) || 'x' else event_type end"
        " as event_type), timestamp_ns '2020-01-01 00:00:00.000000001' as odd,"
        " timestamp '20000-01-01' as far from events"
    )
    job = run(start(events(10), sql=sql))
    assert (job.state, job.accepted, job.invalid) == (JobState.SUCCESS, 5, 5)


def test_the_waits_double_while_line_asks_to_slow_down_and_no_try_is_used_up(line, start):  # noqa: F811
    line.behave([{"status": 429, "times": 3}])
    job = start(events(10))
    for _ in range(3):
        run(job)
        due(job)
    told = JobLog.objects.filter(job=job, text__contains="Next try").values_list("text", flat=True)
    assert [text.rpartition("in ")[2] for text in told] == ["15 s.", "30 s.", "60 s."]
    assert (job.tries, run(job).state) == (0, JobState.SUCCESS)
