"""Resume: an export that ended early goes on where it stood, and nothing that LINE accepted is sent again."""

import time
from datetime import timedelta

import pyarrow as pa
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from exports import jobs, resuming, sending
from exports.endings import SAME_MAPPING
from exports.lease import JobKilled
from exports.models import Job, JobRequest, JobState
from tests.exports.factories import a_job, a_request, an_authentication, keep
from tests.exports.test_run import authentication, due, ends, events, line, run, start  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def resumed(job):
    assert why_not(job) == ""
    assert resuming.resume(job)
    return run(job)


def give_up(job):
    """Every try of the request is used up."""
    run(job)
    while job.state == JobState.RETRY_WAIT:
        due(job)
        run(job)
    return job


def test_unknown_rows_are_sent_once_more_and_line_drops_what_it_has(line, start):  # noqa: F811
    line.behave([{"skip": 1, "status": 500, "keep": True}, {"status": 500}])
    job = give_up(start(events(2500), max_retry=1))
    assert (job.state, ends(job)) == (JobState.ERROR, (2500, 0, 1000, 0, 1000, 500))
    resumed(job)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (2500, 0, 2500, 0, 0, 0))
    assert (line.stats["accepted"], line.stats["duplicates"]) == (3500, 1000)
    assert [(r.first_row, r.state) for r in job.requests.all()] == [(n, "accepted") for n in (0, 1000, 2000)]


def test_a_mended_token_lets_the_job_go_on(line, start, authentication):  # noqa: F811
    line.behave([{"skip": 1, "status": 401}])
    job = run(start(events(2500)))
    assert (job.state, ends(job)) == (JobState.ERROR, (2500, 0, 1000, 0, 0, 1500))
    resumed(job)
    assert (ends(job), line.stats["duplicates"]) == ((2500, 0, 2500, 0, 0, 0), 0)
    assert (job.error, job.advice) == ("", "")


def test_a_stopped_job_goes_on(line, start):  # noqa: F811
    line.behave([{"skip": 1, "status": 429}])
    job = run(start(events(2500)))
    jobs.stop(job)
    job.refresh_from_db()
    assert (job.state, job.position) == (JobState.KILLED, 1000)
    resumed(job)
    assert ends(job) == (2500, 0, 2500, 0, 0, 0)


def test_what_was_unknown_stays_so_if_the_job_ends_before_it_is_sent_again(line, start, authentication):  # noqa: F811
    line.behave([{"status": 500}, {"status": 500}])
    job = give_up(start(events(10), max_retry=1))
    assert resuming.resume(job)
    authentication.delete()
    assert (run(job).state, ends(job)) == (JobState.ERROR, (10, 0, 0, 0, 10, 0))


def test_what_was_in_flight_at_a_stop_stays_unknown_at_the_next(line, start, monkeypatch):  # noqa: F811
    stop = lambda *_: (_ for _ in ()).throw(JobKilled)  # noqa: E731 - Stop reaches a request that is not answered
    monkeypatch.setattr(sending.HttpPost, "__call__", stop)
    job = run(start(events(10)))
    assert (job.state, ends(job)) == (JobState.KILLED, (10, 0, 0, 0, 10, 0))
    assert resuming.resume(job)
    jobs.stop(job)
    job.refresh_from_db()
    assert (job.state, ends(job)) == (JobState.KILLED, (10, 0, 0, 0, 10, 0))


def test_only_one_of_two_clicks_resumes(line, start):  # noqa: F811
    line.behave([{"status": 401}])
    job = run(start(events(10)))
    again = Job.objects.get(pk=job.pk)
    assert (resuming.resume(job), resuming.resume(again)) == (True, False)


def test_a_part_of_a_divided_request_is_resumed_alone(line, start):  # noqa: F811
    line.clock = lambda: time.time() + 60
    line.behave([{"skip": 3, "status": 401}])
    job = run(
        start(with_one_that_line_finds_too_old(events(1000)), sql="select * from events order by event_timestamp")
    )
    assert [end_row for end_row, _ in job.division["parts"]] == [125, 250, 500, 1000]
    resumed(job)
    assert (job.state, ends(job)) == (JobState.SUCCESS, (1000, 0, 999, 1, 0, 0))
    assert list(job.requests.filter(state="divided").values_list("end_row", flat=True)) == [
        1000,
        500,
        250,
        125,
        63,
        32,
        16,
        8,
        4,
        2,
    ]


def with_one_that_line_finds_too_old(table):
    """Its clock is a minute ahead: an event that our checks pass."""
    times = table.column("event_timestamp").to_pylist()
    times[0] = int(time.time()) - 90 * 86400 + 30
    return table.set_column(3, "event_timestamp", pa.array(times, pa.int64()))


def ended_early(**values):
    settings = {"ignore_invalid_records": True, "max_records": 1000} | values.pop("settings", {})
    given = {"authentication": an_authentication(), "state": JobState.ERROR, "position": 1, "settings": settings}
    return keep(a_job(**given | {"accepted": 1, "not_attempted": 2} | values), {"email": ["a@b.example"] * 3} | REST)


REST = {name: ["x"] * 3 for name in ("deduplication_key", "event_type", "source_type", "event_timestamp")}
MAPPED = {name: {"column": name} for name in [*REST, "email"]}


def why_not(job, later=timedelta(0)):
    return resuming.offer(job, timezone.now() + later).why_not


def test_a_job_that_ended_early_can_be_resumed():
    assert why_not(ended_early(mapping=MAPPED)) == ""


@pytest.mark.parametrize("state", [JobState.SUCCESS, JobState.QUEUED])
def test_a_job_that_goes_on_or_is_done_is_not_offered(state):
    assert resuming.offer(a_job(state), timezone.now()) is None


def test_a_validation_is_not_offered():
    assert resuming.offer(ended_early(mapping=MAPPED, mode="validate"), timezone.now()) is None


def test_without_ignoring_invalid_records_a_job_with_some_stays_stopped():
    job = ended_early(mapping=MAPPED, settings={"ignore_invalid_records": False}, refused=1)
    assert "Ignore Invalid Records is off" in why_not(job)


def test_a_mapping_that_does_not_fit_is_no_better_the_second_time():
    assert "column mapping" in why_not(ended_early(mapping=MAPPED | {"phone": {"column": "tel"}}))


def test_a_deleted_result_stands_in_the_way():
    job = ended_early(mapping=MAPPED)
    (job.folder / "result.arrow").unlink()
    assert "kept result" in why_not(job)


def test_a_deleted_authentication_stands_in_the_way():
    assert "authentication" in why_not(ended_early(mapping=MAPPED, authentication=None))


def test_unknown_events_are_not_sent_again_after_thirty_days():
    job = ended_early(mapping=MAPPED, unknown=1)
    assert why_not(job, timedelta(days=29)) == ""
    assert "30 days only" in why_not(job, timedelta(days=31))


def test_without_unknown_events_there_is_no_last_day():
    assert why_not(ended_early(mapping=MAPPED), timedelta(days=300)) == ""


def test_the_page_offers_it_and_says_what_it_does(as_user, editor):
    job = ended_early(mapping=MAPPED, unknown=1)
    a_request(job, 2, JobRequest.State.UNKNOWN, 500)
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert 'id="job-resume"' in page and "goes on at row 2" in page
    assert "The 1 unknown event is sent once more" in page


def test_after_a_fault_of_the_mapping_the_page_says_that_resume_keeps_it(as_user, editor):
    job = ended_early(mapping=MAPPED, error="LINE refused 10 of 100 events.", advice=f"Compare. {SAME_MAPPING}")
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert "Resume would send them by the mapping as it was" in page and "When the cause is mended" not in page


def test_the_page_says_why_it_cannot(as_user, editor):
    job = ended_early(mapping=MAPPED, authentication=None)
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert 'id="job-resume"' not in page and "This job cannot be resumed" in page


def test_a_click_queues_the_job_and_is_on_record(as_user, editor):
    job = ended_early(mapping=MAPPED)
    as_user(editor).post(f"/jobs/{job.pk}/resume")
    job.refresh_from_db()
    assert (job.state, job.unknown, job.not_attempted, job.finished_at) == (JobState.QUEUED, 0, 2, None)
    assert AuditEntry.objects.get(action="job.resume").details["row"] == 2
    assert "Resumed at row 2." in list(job.log.values_list("text", flat=True))


def test_a_click_that_comes_too_late_changes_nothing(as_user, editor):
    job = a_job(JobState.SUCCESS)
    page = as_user(editor).post(f"/jobs/{job.pk}/resume", follow=True)
    assert b"nothing is left to send" in page.content
