"""Data Workbench > Schedules: all of them, their last results, and the runs of the next 24 hours."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from exports import firing, schedule_list, schedule_load, schedules
from exports.schedule_models import Schedule, Slot
from tests.exports.factories import a_job, a_query
from tests.exports.schedules import a_schedule, at

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = at(9, 30)


@pytest.fixture(autouse=True)
def at_half_past_nine(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def look(as_user, viewer):
    return as_user(viewer)


def shown(client, **given):
    return client.get(reverse("exports:schedules"), given).content.decode()


def named(name, slot, cron="0 * * * *", **values):
    return a_schedule(cron, slot=slot, query=a_query(name), **values)


def ran(schedule, *states):
    """Slots of an hour each with jobs that ended so, the last one at 08:00; "skipped" has none."""
    for n, state in enumerate(reversed(states)):
        when = at(8) - timedelta(hours=n)
        job = None if state == "skipped" else a_job(state, schedule=schedule, scheduled_for=when, exports=False)
        Slot.objects.create(schedule=schedule, scheduled_for=when, job=job, skipped="" if job else "Missed.")
    return schedule


def row(schedule):
    return schedule_list.rows([schedule], NOW)[0]


# --- the list ----------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(look):
    assert "No schedules yet" in shown(look)


def test_the_next_run_comes_first_and_disabled_ones_last(look, editor):
    named("later", at(12), "0 12 * * *")
    named("soon", at(10))
    schedules.pause(named("paused", at(11), "0 11 * * *"), user=editor)
    page = shown(look)
    assert page.index(">soon<") < page.index(">later<") < page.index(">paused<")
    assert "In 30 min" in page and "Tue 24 Nov 2026, 12:00 UTC" in page and "Paused by editor." in page


def test_a_row_tells_the_last_results_in_words(look):
    schedule = ran(named("daily", at(10)), "success", "skipped", "error", "error")
    assert row(schedule).marks_text == "Last 4 slots, the oldest first: Success, Skipped, Error, Error"
    page = shown(look)
    assert "Every hour at :00, UTC" in page and "2 errors in a row" in page
    assert row(schedule).marks_text in page


def test_a_streak_is_the_last_ten_slots():
    schedule = ran(named("daily", at(10)), *["error"] * 3, *["success"] * 9)
    assert [mark.word for mark in row(schedule).marks] == ["Error"] + ["Success"] * 9


def test_a_job_that_goes_on_neither_ends_nor_makes_a_row_of_errors():
    assert row(ran(named("a", at(10)), "success", "error", "queued")).errors == 1
    assert row(ran(named("b", at(10)), "error", "success")).errors == 0


def test_one_that_has_ended_says_so_and_when(look):
    schedule = named("once", at(8), "0 8 24 11 *", starts_at=at(8), ends_at=at(8), time_zone="UTC")
    named("hourly", at(10))
    firing.fire(NOW)
    page = shown(look)
    assert page.index(">hourly<") < page.index(">once<")
    assert "Once: Tue 24 Nov 2026, 08:00 UTC" in page and "<span>Ended</span>" in page and "Disabled</span>" not in page
    schedule.refresh_from_db()
    assert row(schedule).ended == "Tue 24 Nov 2026, 08:00 UTC"
    assert ">once<" in shown(look, state="ended") and ">hourly<" not in shown(look, state="ended")
    assert ">once<" not in shown(look, state="enabled") + shown(look, state="disabled")


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("", {"good", "bad", "mended", "paused"}),
        ("enabled", {"good", "bad", "mended"}),
        ("disabled", {"paused"}),
        ("failing", {"bad"}),
        ("nonsense", {"good", "bad", "mended", "paused"}),
    ],
)
def test_the_filters_find_what_they_say(editor, state, found):
    ran(named("good", at(10)), "success")
    ran(named("bad", at(10)), "success", "error", "skipped", "queued")
    ran(named("mended", at(10)), "error", "success")
    schedules.pause(named("paused", at(10)), user=editor)
    chosen = schedule_list.ScheduleFilter.parse({"state": state})
    assert {schedule.query.name for schedule in chosen.apply()} == found


def test_the_search_looks_at_the_query_names(look):
    named("orders", at(10)), named("visits", at(10))
    page = shown(look, q="ORD")
    assert ">orders<" in page and ">visits<" not in page
    assert "No schedule matches" in shown(look, q="<b>")


def test_many_schedules_cost_no_more_sql(look, django_assert_max_num_queries):
    for n in range(30):
        ran(named(f"query {n:02}", at(10)), "success", "error")
    with django_assert_max_num_queries(7):
        page = shown(look)
    assert "1–25 of 30" in page
    with django_assert_max_num_queries(7):
        assert "26–30 of 30" in shown(look, page="2", state="failing")


def test_a_line_that_cannot_be_read_does_not_break_the_list(look):
    named("broken", at(10))
    Schedule.objects.update(cron="61 * * * *")
    assert "61 * * * *" in shown(look) and schedule_load.measure(NOW).total == 0


# --- the next 24 hours -------------------------------------------------------------------------------------------


def loaded():
    """Hour of UTC → runs, of the hours that have any."""
    return {hour.start.hour: hour.runs for hour in schedule_load.measure(NOW).hours if hour.runs}


def test_the_runs_of_each_hour_are_counted_from_now_on():
    named("a", at(10), "0,45 10 * * *"), named("b", at(10, 15), "15 10 * * *"), named("c", at(9, 40), "20,40 9 * * *")
    assert loaded() == {9: 1, 10: 3}  # 09:20 is over; tomorrow's is 23 hours and 50 minutes away, behind the last edge


def test_a_delay_moves_the_runs_and_disabled_schedules_have_none(editor):
    named("a", at(10), "0 10 * * *", delay=3 * 3600)
    schedules.pause(named("b", at(10), "0 10 * * *"), user=editor)
    assert loaded() == {13: 1}


def test_no_run_is_counted_before_the_start_or_after_the_end():
    named("a", at(12), starts_at=at(12), ends_at=at(14), delay=1800)
    named("b", at(8), starts_at=at(8), ends_at=at(8))
    firing.fire(NOW)
    assert loaded() == {12: 1, 13: 1, 14: 1}


def test_the_hours_are_told_in_the_zone_of_most_schedules():
    named("a", at(10), time_zone="Asia/Tokyo"), named("b", at(10), time_zone="Asia/Tokyo"), named("c", at(10))
    found = schedule_load.measure(NOW)
    assert (found.zone, found.hours[1].text, found.hours[1].utc) == ("Asia/Tokyo", "Tue 19:00 JST", "10:00 UTC")


def test_the_chart_has_a_table_and_is_loaded_beside_the_page(look, django_assert_max_num_queries):
    for n in range(20):
        named(f"query {n}", at(10))
    assert f'hx-get="{reverse("exports:schedule_load")}"' in shown(look)
    with django_assert_max_num_queries(3):
        page = look.get(reverse("exports:schedule_load"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page and page.count("<tr>") == 25 and 'role="img"' in page
    assert "460 runs" in page and "<html" in look.get(reverse("exports:schedule_load")).content.decode()
