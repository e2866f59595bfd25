"""A schedule's own page: its history, pause and resume, run now, backfill."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry
from exports import events, firing, schedules
from exports.models import Job
from exports.schedule_models import Schedule, Slot
from tests.exports.factories import a_job
from tests.exports.schedules import a_schedule, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_half_past_nine(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with time_machine.travel(at(9, 30), tick=False):
        yield


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def schedule():
    return a_schedule(slot=at(10), time_zone="Asia/Tokyo")


def url(name, schedule):
    return reverse(f"exports:schedule{name}", args=[schedule.pk])


def text(response):
    return response.content.decode()


def shown(client, schedule):
    return text(client.get(url("", schedule)))


def a_slot(schedule, hour, **job):
    made = a_job(schedule=schedule, query=schedule.query, scheduled_for=at(hour), **job)
    return Slot.objects.create(schedule=schedule, scheduled_for=at(hour), job=made)


def failed(schedule, hour):
    """A slot whose job ended in a configuration error, which the schedule counts."""
    values = {"error": "LINE refused the access token (401).", "error_kind": "configuration"}
    job = a_slot(schedule, hour, state="error", **values).job
    events.job_ended(job)
    return job


def actions():
    return list(
        AuditEntry.objects.filter(action__startswith="schedule.").order_by("pk").values_list("action", "target_name")
    )


# --- what it shows -----------------------------------------------------------------------------------------------


def test_it_shows_when_it_runs_and_what_it_does(edit, schedule):
    page = shown(edit, schedule)
    assert "Every hour at :00, Asia/Tokyo time." in page and "Enabled" in page
    assert page.count("JST</time>") == 5 and "Tue 24 Nov 2026, 19:00 JST" in page and "10:00 UTC" in page


def test_the_history_tells_each_slot_with_its_job_or_why_it_has_none(edit, schedule):
    job = a_slot(schedule, 8).job
    Slot.objects.create(schedule=schedule, scheduled_for=at(7), skipped="Job 1 had not ended yet.")
    Slot.objects.create(schedule=schedule, scheduled_for=at(6), backfilled=True)
    page = shown(edit, schedule)
    assert reverse("exports:job", args=[job.pk]) in page and "Tue 24 Nov 2026, 17:00 JST" in page
    assert "Skipped" in page and "Job 1 had not ended yet." in page
    assert "Backfilled" in page and "Job deleted" in page and "1–3 of 3 slots" in page


def test_a_queued_job_tells_what_it_waits_for(edit, schedule):
    running = a_slot(schedule, 8, state="running").job
    a_slot(schedule, 9, state="queued")
    assert f"Waits for job {running.pk}" in shown(edit, schedule)


def test_a_long_history_costs_no_more_sql(edit, schedule, django_assert_max_num_queries):
    for hour in range(24):
        a_slot(schedule, hour, state="queued" if hour > 20 else "success")
    with django_assert_max_num_queries(9):
        shown(edit, schedule)


def test_errors_in_a_row_are_told_with_the_last_job(edit, schedule):
    failed(schedule, 7)
    job = failed(schedule, 8)
    page = shown(edit, schedule)
    assert "2 jobs in a row ended in a configuration error." in page and f"job {job.pk}</a>" in page
    assert "LINE refused the access token (401)." in page and "At 5 in a row the schedule is disabled" in page


def test_at_the_fifth_error_the_page_and_the_job_say_that_it_is_disabled(edit, schedule):
    job = [failed(schedule, hour) for hour in range(4, 9)][-1]
    page = shown(edit, schedule)
    assert f"Disabled after 5 jobs in a row ended in a configuration error, job {job.pk} the last." in page
    assert "Correct what is wrong, then resume the schedule." in page and "None: the schedule is disabled." in page
    assert "The schedule of this job is disabled." in text(edit.get(reverse("exports:job", args=[job.pk])))


def test_one_that_has_ended_says_when_and_offers_no_pause(edit):
    schedule = a_schedule(slot=at(8), starts_at=at(6), ends_at=at(9, 10))
    firing.fire(at(9))
    page = shown(edit, schedule)
    assert "Ended: the last slot was Tue 24 Nov 2026, 09:00 UTC." in page and "Ended</span>" in page
    assert 'id="pause"' not in page and 'id="resume"' not in page and "disabled" not in page
    assert "<dt>Starts</dt><dd>Tue 24 Nov 2026, 06:00 UTC</dd>" in page
    query = text(edit.get(reverse("exports:query", args=[schedule.query_id])))
    assert '<span class="chip sq">Ended</span>' in query and "The last one was Tue 24 Nov 2026, 09:00 UTC." in query


def test_the_last_slot_that_waits_for_its_delay_is_still_to_come(edit):
    page = shown(edit, a_schedule(slot=at(9), starts_at=at(9), ends_at=at(9), delay=3600))
    assert "Next run</h2>" in page and page.count("UTC</time>") == 1 and "starts 10:00 UTC" in page
    assert "Enabled" in page and "Ended" not in page


# --- pause, resume, run now --------------------------------------------------------------------------------------


def test_it_is_paused_and_resumed_on_record(edit, schedule):
    page = text(edit.post(url("_pause", schedule), follow=True))
    assert "Paused by editor." in page and "Disabled" in page and not Schedule.objects.get().enabled
    page = text(edit.post(url("_resume", schedule), follow=True))
    assert "It goes on from its next slot." in page and Schedule.objects.get().next_slot == at(10)
    name = schedule.query.name
    assert actions() == [("schedule.pause", name), ("schedule.resume", name)]


def test_what_is_done_already_is_not_recorded_again(edit, schedule):
    edit.post(url("_resume", schedule))
    edit.post(url("_pause", schedule))
    edit.post(url("_pause", schedule))
    assert [action for action, _ in actions()] == ["schedule.pause"]


def test_a_schedule_that_cannot_be_read_stays_disabled_and_says_why(edit, schedule):
    edit.post(url("_pause", schedule))
    Schedule.objects.update(cron="61 * * * *")
    page = text(edit.post(url("_resume", schedule), follow=True))
    assert "minute: 61 is not within 0–59." in page and not Schedule.objects.get().enabled


def test_run_now_leads_to_its_job(edit, schedule):
    response = edit.post(url("_run", schedule))
    job = Job.objects.get()
    assert response["Location"] == reverse("exports:job", args=[job.pk])
    assert (job.query, job.schedule, [action for action, _ in actions()]) == (
        schedule.query,
        None,
        ["schedule.run_now"],
    )


@pytest.mark.parametrize("deed", ["_pause", "_resume", "_run", "_backfill"])
def test_a_viewer_sees_it_and_changes_nothing(as_user, viewer, schedule, deed):
    look = as_user(viewer)
    assert "Pause" not in shown(look, schedule) and "Backfill…" not in shown(look, schedule)
    assert look.post(url(deed, schedule)).status_code == 403


@pytest.mark.parametrize("deed", ["_pause", "_resume", "_run"])
def test_nothing_is_done_by_a_link(edit, schedule, deed):
    assert edit.get(url(deed, schedule)).status_code == 405


# --- backfill ----------------------------------------------------------------------------------------------------


def planned(client, schedule, first="2026-11-24T13:30", count="3"):
    return client.get(url("_backfill", schedule), {"first": first, "count": count})


def test_a_backfill_first_shows_its_slots(edit, schedule):
    job = a_slot(schedule, 6).job
    Slot.objects.create(schedule=schedule, scheduled_for=at(7), skipped="Missed.")
    page = text(planned(edit, schedule))  # 13:30 JST is 04:30 UTC
    assert "2 of 3 slots will run" in page and "Tue 24 Nov 2026, 14:00 JST" in page
    assert f"job {job.pk}</a>" in page and "Runs; it was skipped before" in page
    assert Slot.objects.count() == 2


def test_a_confirmed_backfill_runs_its_slots(edit, schedule):
    a_slot(schedule, 6)
    page = text(edit.post(url("_backfill", schedule), {"first": "2026-11-24T13:30", "count": "3"}, follow=True))
    assert "2 slots queued. 1 had a job already." in page
    assert list(schedule.slots.filter(backfilled=True).values_list("scheduled_for", flat=True)) == [at(7), at(5)]
    assert AuditEntry.objects.get(action="schedule.backfill").details["first"] == "2026-11-24T13:30:00+09:00"


def test_a_backfill_ends_at_the_present(edit, schedule):
    assert "1 of 1 slot will run" in text(planned(edit, schedule, "2026-11-24T17:30", "10"))


@pytest.mark.parametrize(
    ("first", "count", "says"),
    [
        ("", "1", "Choose a date and a time"),
        ("yesterday", "1", "Choose a date and a time"),
        ("2026-11-24T18:31", "1", "Choose a time in the past"),
        ("9999-12-31T23:59", "1", "Choose a time in the past"),
        ("0001-01-01T00:00", "1", "not before the year 2000"),
        ("2026-11-24T18:15", "1", "with a slot between it and now"),
        ("2026-11-24T06:00", "0", "whole number from 1 to 10"),
        ("2026-11-24T06:00", "11", "whole number from 1 to 10"),
        ("2026-11-24T06:00", "some", "whole number from 1 to 10"),
    ],
)
def test_a_backfill_that_cannot_be_says_why(edit, schedule, first, count, says):
    response = planned(edit, schedule, first, count)
    assert response.status_code == 422 and says in text(response)
    assert edit.post(url("_backfill", schedule), {"first": first, "count": count}).status_code == 422
    assert not Job.objects.exists()


def test_the_slots_of_a_time_that_comes_twice_begin_at_the_first(edit):
    schedule = a_schedule("0 1 * * *", slot=at(9, day=25), time_zone="America/Los_Angeles")
    page = text(planned(edit, schedule, "2026-11-01T01:00", "2"))
    assert "Sun 1 Nov 2026, 01:00 PDT" in page and "Sun 1 Nov 2026, 01:00 PST" in page


def test_the_pages_of_a_schedule_that_is_gone_say_so(edit, schedule):
    schedules.remove(schedule.query)
    assert edit.get(url("", schedule)).status_code == 404
    assert edit.post(url("_pause", schedule)).status_code == 404


def test_a_delay_is_told_with_the_start_of_each_run(edit):
    schedule = a_schedule(slot=at(9), delay=3600)
    assert schedule.next_run_at == at(9) + timedelta(hours=1)
    page = shown(edit, schedule)
    assert "starts 11:00 UTC" in page and "<dd>1 h</dd>" in page
