"""Jobs that do not simply send: a validation sends nothing, a test marks every event."""

from dataclasses import replace

import pyarrow as pa
import pytest

from exports import jobs, modes, rejects, run
from exports.models import Job, JobLog, JobReason, JobState, Mode
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.test_run import authentication, ends, events, line, start  # noqa: F401 - fixtures
from tests.exports.test_run import run as finish

pytestmark = pytest.mark.django_db(transaction=True)


def validated(start, table, **values):  # noqa: F811
    return finish(start(table, mode=Mode.VALIDATE, **values))


def test_a_validation_asks_line_for_nothing(line, start):  # noqa: F811
    job = validated(start, events(2500, bad={3, 1700}))
    assert (job.state, job.outcome, ends(job)) == (JobState.SUCCESS, "rejects", (2500, 2, 0, 0, 0, 2498))
    assert line.stats["requests"] == 0 and not job.requests.exists()


def test_a_validation_needs_no_network(start, settings):  # noqa: F811
    settings.LINE_CONVERSION_API_URL = "http://192.0.2.1:9"
    assert validated(start, events(10)).outcome == "success"


def test_a_validation_records_every_invalid_row_with_its_reasons(line, start):  # noqa: F811
    job = validated(start, events(2500, bad={3, 1700}))
    assert [found.row for found in rejects.read(job.folder, job.rejects_bytes)] == [3, 1700]
    assert (JobReason.objects.get().field, JobReason.objects.get().rows) == ("email", 2)


def test_a_strict_validation_ends_well_too_and_names_all_invalid_rows(line, start):  # noqa: F811
    job = validated(start, events(1500, bad={1, 1499}), ignore_invalid_records=False)
    assert (job.state, job.error, ends(job)) == (JobState.SUCCESS, "", (1500, 2, 0, 0, 0, 1498))


def test_an_empty_result_is_validated(line, start):  # noqa: F811
    job = validated(start, events(0))
    assert "nothing to check" in JobLog.objects.filter(job=job).last().text


def test_the_log_begins_with_the_mode_and_ends_with_what_was_found(line, start):  # noqa: F811
    job = validated(start, events(10, bad={4}))
    texts = list(JobLog.objects.filter(job=job).values_list("text", flat=True))
    assert texts[0].startswith("Validation for line_test queued by") and "nothing is sent" in texts[0]
    assert texts[-1] == "Finished: 9 valid, 1 invalid. Nothing was sent."


def test_a_validation_goes_on_after_its_worker_died(line, start, monkeypatch):  # noqa: F811
    job = start(events(10, bad={4}), mode=Mode.VALIDATE)
    with monkeypatch.context() as patch:
        patch.setattr(run, "_done", lambda *given: 1 / 0)  # it dies with the rows on record
        with pytest.raises(ZeroDivisionError):
            run.run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(state=JobState.RETRY_WAIT, lease_token=None, lease_until=None)
    assert ends(finish(job)) == (10, 1, 0, 0, 0, 9)


def test_run_again_keeps_the_mode(line, start, editor):  # noqa: F811
    again = jobs.run_again(start(events(10), mode=Mode.VALIDATE), user=editor)
    assert again.mode == Mode.VALIDATE


def test_every_event_of_a_test_is_marked_as_one(line, start):  # noqa: F811
    job = finish(start(events(2500, bad={3}), mode=Mode.TEST))
    assert (job.outcome, job.accepted) == ("rejects", 2499)
    assert len(line.events) == 2499 and all(e["event"]["test_flag"] is True for e in line.events)


def test_a_test_is_a_test_whatever_is_mapped(line, start):  # noqa: F811
    table = events(5).append_column("test_flag", pa.array([False] * 5))
    finish(start(table, mode=Mode.TEST))
    assert [e["event"]["test_flag"] for e in line.events] == [True] * 5


def test_run_in_earnest_marks_nothing(line, start):  # noqa: F811
    finish(start(events(5)))
    assert not any("test_flag" in e["event"] for e in line.events)


def test_a_destination_without_test_events_gets_none(line, start, monkeypatch):  # noqa: F811
    monkeypatch.setattr(modes, "connector", lambda key: replace(CONNECTOR, test_field=""))
    job = finish(start(events(5), mode=Mode.TEST))
    assert "has no test events" in job.error and line.stats["requests"] == 0
