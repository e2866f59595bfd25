"""A row that LINE may have, and that can not be sent again because its time is over, is unknown; the others go on."""

# ruff: noqa: F401, F811 - fixtures

import random
import time
from datetime import timedelta

import pyarrow as pa
import pytest
import time_machine
from django.utils import timezone

from exports import rejects, resuming
from exports.models import Job, JobReason, JobRequest, JobState
from tests.exports.test_run import authentication, due, ends, events, line, run, start

pytestmark = pytest.mark.django_db(transaction=True)
OLDEST = 90 * 86400


def leaving(count, *ages, bad=()):
    """Events of now, but the first ones so many seconds before they leave the time window, or after."""
    now, table = int(time.time()), events(count, bad=bad)
    times = [now - OLDEST + left for left in ages] + [now - 10] * (count - len(ages))
    return table.set_column(3, "event_timestamp", pa.array(times, pa.int64()))


def later(job, line, seconds=120):
    """The job's next try, when so much time has passed."""
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        line.clock = time.time
        return run(job)


def told(job):
    return [(r.row, r.end) for r in rejects.read(job.folder, job.rejects_bytes)]


def test_only_what_was_sent_and_has_left_the_window_is_unknown(line, start):
    line.behave([{"status": 500}])
    job = run(start(leaving(6, -60, 60, 61, bad={4})))
    later(job, line)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (6, 2, 2, 0, 2, 0))
    assert told(job) == [(0, "invalid"), (1, "unknown"), (2, "unknown"), (4, "invalid")]


def test_its_reason_is_clear(line, start, as_user, editor):
    line.behave([{"status": 500}])
    job = later(run(start(leaving(3, 60))), line)
    reason = JobReason.objects.get()
    assert (reason.field, reason.code, reason.rows) == ("event_timestamp", "unknown", 1)
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert "1 event unknown." in page and "they stay unknown" in page and 'id="rejects-csv"' in page
    assert "Fix and resend" not in as_user(editor).get(f"/jobs/{job.pk}/rejects").content.decode()


def test_who_was_asked_to_slow_down_has_left_nothing(line, start):
    line.behave([{"status": 429}])
    assert ends(later(run(start(leaving(3, 60))), line)) == (3, 1, 2, 0, 0, 0)


def test_what_a_dead_worker_had_on_its_way_is_unknown(line, start):
    job = start(leaving(3, 60))
    request = {"number": 1, "end_row": 3, "events": 3, "state": "sending", "sent_at": timezone.now()}
    JobRequest.objects.create(job=job, first_row=0, **request)
    assert ends(later(job, line)) == (3, 0, 2, 0, 1, 0)


def test_what_a_dead_worker_had_on_its_way_stays_so_if_the_next_try_has_no_answer(line, start):
    job = start(leaving(3, 60))
    request = {"number": 1, "end_row": 3, "events": 3, "state": "sending", "sent_at": timezone.now()}
    JobRequest.objects.create(job=job, first_row=0, **request)
    line.behave([{"status": 500}])
    later(job, line)
    assert job.state == JobState.RETRY_WAIT
    assert ends(later(job, line, 240)) == (3, 0, 2, 0, 1, 0)


def test_with_ignore_invalid_records_off_the_others_go_on_too(line, start):
    line.behave([{"status": 500}])
    job = later(run(start(leaving(3, 60), ignore_invalid_records=False)), line)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (3, 0, 2, 0, 1, 0))


def test_a_part_of_a_divided_request_that_was_sent_before_is_unknown(line, start):
    line.behave([{"status": 500}, {"status": 400}, {"status": 429}])
    job = run(start(leaving(8, 60, 300)))
    due(job)
    assert run(job).division
    assert ends(later(job, line)) == (8, 0, 7, 0, 1, 0)


def test_an_end_before_the_rest_counts_no_row_twice(line, start):
    line.behave([{"status": 500}, {"status": 400}, {"status": 429}, {"skip": 1, "status": 401}])
    job = run(start(leaving(8, 60)))
    due(job)
    run(job)
    later(job, line)
    assert (job.state, ends(job)) == (JobState.ERROR, (8, 0, 3, 0, 5, 0))


def test_resume_leaves_it_unknown(line, start, as_user, editor):
    line.behave([{"status": 500}, {"skip": 1, "status": 401}])
    job = later(run(start(leaving(1500, 60))), line)
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 0, 1000, 0, 1, 499))
    assert (job.unknown_ahead, resuming.offer(job, timezone.now()).until) == (0, None)
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert "499 rows left." in page and "sends them once more" not in page
    assert resuming.resume(job)
    assert ends(run(job)) == (1500, 0, 1499, 0, 1, 0)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_line_answers_no_row_that_it_has_is_taken_for_invalid(line, start, seed):
    """Answers and pauses by chance; each minute some rows leave the time window."""
    chance = random.Random(seed)
    answers = [{"status": 500}, {"status": 500, "keep": True}, {"status": 429}, {"status": 400}]
    line.behave([chance.choice(answers) for _ in range(6)])
    job, passed = start(leaving(40, *range(30, 600, 30), bad={25}), max_retry=10), 0
    while not run_at(job, line, passed).finished:
        passed += chance.choice([20, 70, 130])
    assert sum(ends(job)[1:]) == job.rows == 40
    lost = {f"k{row}" for row, end in told(job) if end in ("invalid", "refused")}
    assert not lost & {e["event"]["deduplication_key"] for e in line.events}


def run_at(job, line, seconds):
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        due(job)
        line.clock = time.time
        return run(job)
