"""A job's notes: summed up when it ends, whatever came between."""

import logging
import os
import time
from datetime import timedelta

import pyarrow as pa
import pytest
from django.utils import timezone

from exports import dispatch, jobs, notes
from exports.models import Job, JobReason, JobState
from exports.note_file import NAME, NoteFile
from exports.sending import Sender
from tests.exports.test_run import authentication, due, events, line, run, start  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86400
HASH = "0A" * 32


def with_things_to_note(count=2500, bad=()):
    """Rows of which the first 40 are old, each tenth has the key of its neighbour, and each fifth one address."""
    made, now = events(count, bad).to_pydict(), int(time.time())
    made["event_timestamp"] = [now - 40 * DAY + n if n < 40 else now - count + n for n in range(count)]
    made["deduplication_key"] = [f"k{n - 1}" if n % 10 == 9 else f"k{n}" for n in range(count)]
    made["email"] = [HASH if n % 5 == 0 and n not in bad else email for n, email in enumerate(made["email"])]
    return pa.table(made)


def noted(job):
    found = job.notes
    return (found["rows"], found["warnings"]["old"], found["warnings"]["repeated"], found["hashes"]["email"])


ALL = (2500, 40, 250, {"upper": 500, "blank": 0, "most": 500})


def test_a_job_has_notes_when_it_ends(line, start):  # noqa: F811
    job = run(start(with_things_to_note()))
    assert (job.state, noted(job)) == (JobState.SUCCESS, ALL)
    assert not (job.folder / NAME).exists()


def test_invalid_rows_are_not_counted(line, start):  # noqa: F811
    job = run(start(with_things_to_note(bad={0, 45, 1700})))
    assert noted(job) == (2497, 39, 250, {"upper": 497, "blank": 0, "most": 497})


def test_a_job_that_goes_on_later_has_the_notes_of_all_its_rows(line, start):  # noqa: F811
    line.behave([{"skip": 1, "status": 500}])
    job = run(start(with_things_to_note()))
    assert (job.state, job.position, job.notes) == (JobState.RETRY_WAIT, 1000, {})
    due(job)
    assert noted(run(job)) == ALL


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 5000)])
def test_notes_that_were_lost_are_taken_again(line, start, damage):  # noqa: F811
    line.behave([{"skip": 1, "status": 500}])
    job = run(start(with_things_to_note()))
    damage(job.folder / NAME)
    due(job)
    assert noted(run(job)) == ALL


def test_a_job_taken_over_from_the_middle_has_them_too(line, start, monkeypatch):  # noqa: F811
    job, record = start(with_things_to_note()), Sender.record

    def die_at_the_second(sender, attempt):
        if sender.request.number == 2:
            raise SystemExit
        return record(sender, attempt)

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(Sender, "record", die_at_the_second)
        run(job)
    Job.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    dispatch.take_over(timezone.now())
    due(job)
    assert Job.objects.get().position == 1000
    assert noted(run(job)) == ALL


def test_a_job_that_ends_in_error_has_notes_of_the_rows_before(line, start):  # noqa: F811
    line.behave([{"skip": 1, "status": 401}])
    job = run(start(with_things_to_note()))
    assert (job.state, job.position) == (JobState.ERROR, 1000)
    assert noted(job) == (1000, 40, 100, {"upper": 200, "blank": 0, "most": 200})


def test_a_job_that_sent_nothing_has_none(line, start):  # noqa: F811
    line.behave([{"status": 401}])
    job = run(start(with_things_to_note(500)))
    assert (job.state, job.notes, (job.folder / NAME).exists()) == (JobState.ERROR, {}, False)


def test_a_result_that_was_checked_as_a_whole_has_notes_of_all_good_rows(line, start):  # noqa: F811
    job = run(start(with_things_to_note(bad={2499}), ignore_invalid_records=False))
    assert (job.state, job.accepted, job.notes["rows"]) == (JobState.ERROR, 0, 2499)


def test_a_job_stopped_while_it_waits_is_summed_up_by_the_dispatcher(line, start):  # noqa: F811
    line.behave([{"skip": 1, "status": 500}])
    job = run(start(with_things_to_note()))
    jobs.stop(job)
    dispatch.tidy()
    job.refresh_from_db()
    assert (job.state, job.notes["rows"], (job.folder / NAME).exists()) == (JobState.KILLED, 1000, False)


@pytest.mark.parametrize("broken", ["write", "summary"])
def test_notes_that_fail_do_not_fail_the_job(line, start, monkeypatch, caplog, broken):  # noqa: F811
    def fail(*_, **__):
        raise OSError("the disk is full")

    monkeypatch.setattr(NoteFile, broken, fail)
    with caplog.at_level(logging.ERROR):
        job = run(start(with_things_to_note()))
    assert (job.state, job.accepted, job.notes) == (JobState.SUCCESS, 2500, {})
    assert "rows' notes cannot be" in caplog.text


def test_milliseconds_are_counted_among_the_reasons(line, start):  # noqa: F811
    made = events(10).to_pydict()
    made["event_timestamp"] = [at * 1000 for at in made["event_timestamp"]]
    job = run(start(pa.table(made)))
    assert (JobReason.objects.get().code, job.notes["rows"]) == ("milliseconds", 0)


def test_a_query_without_a_destination_has_none(authentication):  # noqa: F811
    job = Job.objects.create(name="q", database_name="d", sql="select 1", next_attempt_at=timezone.now())
    assert notes.of_ended(job, JobState.SUCCESS) == {}
