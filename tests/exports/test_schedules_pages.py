"""The schedule in a query's editor: what it means while one types, what is saved, refused, and kept on record."""

from dataclasses import replace

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry
from exports import queries, schedules
from exports.models import Query
from exports.schedule_models import Schedule
from exports.timing import Timing
from tests.exports.queries import SQL, a_query, posted
from tests.exports.schedules import at

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def at_half_past_nine(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with time_machine.travel(at(9, 30), tick=False):
        yield


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def query(editor):
    return a_query(editor)


def url(name, *args):
    return reverse(f"exports:{name}", args=args)


def text(response):
    return response.content.decode()


def fields(repeat="cron", cron="0 6 * * *", **changes):
    """What the panel's fields post."""
    values = {"repeat": repeat, "cron": cron, "time_zone": "Asia/Tokyo", "delay": ""}
    values |= {"missed": "each", "overlap": "queue"} | changes
    return {f"schedule-{name}": value for name, value in values.items()}


def save(client, query, repeat="cron", cron="0 6 * * *", sql=SQL, **changes):
    values = posted(query, sql=sql) | fields(repeat, cron, **changes)
    return client.post(url("query_save", query.pk), values, headers=HTMX)


def scheduled(query, cron="0 6 * * *", **settings):
    """The query with a schedule that is saved."""
    draft = replace(queries.stored(query), schedule=Timing(cron, "Asia/Tokyo", **settings))
    queries.update(query, draft, base=query.version, user=None)
    return schedules.of(query)


def told():
    """The audit trail's schedule entries: (action, details)."""
    return list(
        AuditEntry.objects.filter(action__startswith="schedule").order_by("pk").values_list("action", "details")
    )


# --- while one types ---------------------------------------------------------------------------------------------


def check(client, query=None, **changes):
    address = url("schedule_check", query.pk) if query else url("schedule_check_new")
    return text(client.post(address, fields(**changes), headers=HTMX))


def test_a_line_is_told_in_words_with_its_next_five_runs(edit):
    page = check(edit, delay="900")
    assert "Every day at 06:00, Asia/Tokyo time" in page and "started 15 min later" in page
    assert "Wed 25 Nov 2026, 06:00 JST" in page and "starts 06:15 JST, 24 Nov, 21:15 UTC" in page
    assert page.count("<li>") == 5 and "in 12 h" in page


def test_a_wrong_line_is_told_beside_its_field_by_the_name_of_the_part(edit):
    page = check(edit, cron="0 0 32 * *")
    assert "day of month: 32 is not within 1–31." in page.split('id="id_schedule-cron_error"')[1][:120]
    assert 'aria-invalid="true"' in page and "<li>Wed" not in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cron": "61 * * * *"}, "minute: 61 is not within 0–59."),
        ({"cron": "0 " * 5000}, "at most 200 characters"),
        ({"cron": "0 0 31 2 *"}, "This never runs"),
        ({"cron": "@monthly"}, "There is no preset @monthly"),
        ({"cron": "0\0 * * * *"}, "Null characters are not allowed"),
        ({"delay": "-1"}, "The delay must be 0 to 2,592,000 seconds (30 days)."),
        ({"delay": "1e9"}, "Write a whole number of seconds"),
        ({"delay": "9" * 5000}, "Write a whole number of seconds"),
        ({"time_zone": "Mars/Phobos"}, "There is no time zone “Mars/Phobos”."),
        ({"missed": "never"}, "Select a valid choice"),
        ({"repeat": "weekly"}, "Select a valid choice"),
    ],
)
def test_nonsense_is_answered_while_one_types_and_refused_by_save(edit, query, changes, says):
    assert says in check(edit, query, **changes)
    response = save(edit, query, **changes)
    assert response.status_code == 422 and says in text(response).split("<li>Schedule: ")[1].split("</li>")[0]
    assert (Query.objects.get().version, Schedule.objects.count()) == (1, 0)


def test_an_empty_line_never_runs(edit):
    assert "Saved, but never runs by itself" in check(edit, cron="")


def test_a_preset_does_not_look_at_the_line(edit):
    page = check(edit, repeat="@hourly", cron="nonsense")
    assert "@hourly (:00)" in page and page.count("<li>") == 5


def test_giving_up_a_schedule_warns_that_its_history_goes(edit, query):
    scheduled(query)
    page = check(edit, query, repeat="none")
    assert "Save removes the schedule and the history of its slots" in page


def test_the_choices_stand_in_the_order_of_treasure_data(edit, query):
    page = text(edit.get(url("query", query.pk)))
    places = [page.index(label) for label in ("Custom cron...", "@daily (midnight)", "@hourly (:00)", "<span>None")]
    assert places == sorted(places)


def test_a_new_schedule_starts_with_the_time_zone_of_the_query(edit, query):
    page = text(edit.get(url("query", query.pk)))
    assert '<option value="Asia/Tokyo" selected>' in page.split('name="schedule-time_zone"')[1]


# --- save --------------------------------------------------------------------------------------------------------


def test_a_schedule_is_saved_with_its_query(edit, editor, query):
    page = text(save(edit, query, delay="900", missed="latest", overlap="skip", sql="SELECT 1 AS n"))
    schedule = schedules.of(query)
    assert (schedule.cron, schedule.time_zone, schedule.delay) == ("0 6 * * *", "Asia/Tokyo", 900)
    assert (schedule.missed, schedule.overlap, schedule.changed_by) == ("latest", "skip", editor)
    assert schedule.next_slot == at(21) and Query.objects.get().sql == "SELECT 1 AS n"
    assert "Saved as version 2." in page and url("schedule", schedule.pk) in page


def test_a_new_query_can_begin_with_a_schedule(edit):
    edit.post(url("query_create"), posted(name="new") | fields("@daily"))
    assert schedules.of(Query.objects.get()).cron == "@daily"


def test_a_wrong_schedule_keeps_all_that_was_typed(edit, query):
    page = text(save(edit, query, cron="61 * * * *", sql="SELECT 2 AS n"))
    assert 'value="61 * * * *"' in page and Query.objects.get().sql == SQL


def test_without_javascript_a_wrong_schedule_shows_the_page_again(edit, query):
    response = edit.post(url("query_save", query.pk), posted(query, sql="SELECT 3 AS n") | fields(cron="x"))
    assert response.status_code == 422 and "SELECT 3 AS n" in text(response) and 'value="x"' in text(response)


@pytest.mark.parametrize(("repeat", "cron"), [("none", "0 6 * * *"), ("cron", ""), ("cron", "  ")])
def test_none_and_an_empty_line_remove_the_schedule(edit, query, repeat, cron):
    scheduled(query)
    save(edit, query, repeat, cron, delay="nonsense")
    assert schedules.of(query) is None and Query.objects.get().version == 3


def test_a_save_that_names_no_schedule_leaves_it_as_it_is(edit, query):
    scheduled(query)
    edit.post(url("query_save", query.pk), posted(query, sql="SELECT 4 AS n"))
    assert schedules.of(query).cron == "0 6 * * *"


def test_another_text_does_not_touch_the_schedule(edit, editor, query):
    before = scheduled(query)
    save(edit, query, sql="SELECT 5 AS n")
    assert schedules.of(query).changed_by is None is before.changed_by
    assert [action for action, _ in told()] == []


def test_monthly_stays_while_it_is_not_changed(edit, query):
    scheduled(query, "@monthly")
    assert save(edit, query, cron="@monthly", sql="SELECT 6 AS n").status_code == 200
    assert schedules.of(query).cron == "@monthly"


def test_a_run_does_not_ask_for_a_valid_schedule(edit, query):
    response = edit.post(url("query_run", query.pk), posted(query) | fields(cron="nonsense"))
    assert response.status_code == 302 and query.jobs.count() == 1


def test_a_conflict_saves_no_schedule(edit, query):
    values = posted(query)
    scheduled(query)
    edit.post(url("query_save", query.pk), values | fields("@hourly"), headers=HTMX)
    assert schedules.of(query).cron == "0 6 * * *"


# --- on record ---------------------------------------------------------------------------------------------------


def test_each_change_stands_in_the_audit_trail(edit, query):
    save(edit, query)
    save(edit, Query.objects.get(), "@hourly", delay="60")
    save(edit, Query.objects.get(), "none")
    (created, first), (updated, second), (removed, _) = told()
    assert [created, updated, removed] == ["schedule.create", "schedule.update", "schedule.remove"]
    assert first["Schedule"] == {"from": "", "to": "0 6 * * *"}
    assert second == {
        "version": 3,
        "Schedule": {"from": "0 6 * * *", "to": "@hourly (:00)"},
        "Delay execution": {"from": "none", "to": "1 min"},
    }


def test_a_version_shows_what_changed_in_the_schedule(edit, query):
    save(edit, query)
    save(edit, Query.objects.get(), cron="0 7 * * *", overlap="skip")
    page = text(edit.get(url("query_version", query.pk, 3)))
    assert "<del>0 6 * * *</del>" in page and "<ins>0 7 * * *</ins>" in page
    assert "<del>Queue</del>" in page and "Missed slots" not in page


def test_restore_leaves_the_schedule_and_says_so(edit, query):
    save(edit, query, sql="SELECT 7 AS n")
    assert "the schedule stay as they are now" in text(edit.get(url("query_version", query.pk, 1)))
    edit.post(url("query_restore", query.pk, 1))
    assert schedules.of(query).cron == "0 6 * * *" and Query.objects.get().sql == SQL


def test_a_copy_has_no_schedule(edit, query):
    scheduled(query)
    edit.post(url("query_duplicate", query.pk))
    assert Schedule.objects.count() == 1


def test_a_disabled_schedule_is_told_in_the_editor(edit, editor, query):
    schedule = scheduled(query)
    schedules.pause(schedule, user=editor)
    page = text(edit.get(url("query", query.pk)))
    assert "This schedule is disabled." in page and "Paused by editor." in page and "once resumed" in page


def test_a_viewer_sees_the_schedule_and_changes_nothing(as_user, viewer, query):
    scheduled(query)
    look = as_user(viewer)
    page = text(look.get(url("query", query.pk)))
    assert 'value="0 6 * * *"' in page and "data-save" not in page and "Changes need the role editor" in page
    assert look.post(url("schedule_check", query.pk), fields()).status_code == 403
    assert save(look, query, "none").status_code == 403


# --- start and end, which the editor does not offer --------------------------------------------------------------


def test_a_start_and_an_end_survive_the_editor(edit, query):
    scheduled(query, starts_at=at(0, day=20), ends_at=at(21))
    query.refresh_from_db()
    save(edit, query, cron="30 6 * * *")
    kept = schedules.timing_of(query)
    assert (kept.cron, kept.starts_at, kept.ends_at) == ("30 6 * * *", at(0, day=20), at(21))
    assert schedules.of(query).ended  # tomorrow's 06:30 is after the end


def test_a_line_that_never_runs_between_them_is_refused_beside_its_field(edit, query):
    scheduled(query, starts_at=at(21), ends_at=at(21))
    query.refresh_from_db()
    page = text(save(edit, query, cron="0 7 * * *"))
    assert "The cron line never runs between the start and the end." in page.split('id="id_schedule-cron_error"')[1]
    assert "from Wed 25 Nov 2026, 06:00 JST until Wed 25 Nov 2026, 06:00 JST" in page
    assert schedules.timing_of(query).cron == "0 6 * * *"
    query.refresh_from_db()
    save(edit, query, repeat="none")
    query.refresh_from_db()
    save(edit, query, cron="0 7 * * *")
    assert schedules.timing_of(query).ends_at is None
