"""A saved query is one thing, whether the API or the console made it."""

import json

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry
from exports import queries, schedules
from exports.models import Job, Query
from exports.timing import Timing
from tests.exports.queries import a_query, posted, shop
from tests.exports.schedules import at

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LINE = {"type": "line_conversion", "line_tag_id": "tag_1", "access_token": "very-secret-token"}


@pytest.fixture(autouse=True)
def at_half_past_nine(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with time_machine.travel(at(9, 30), tick=False):
        yield


@pytest.fixture
def calls(api, editor):
    shop()
    return api(editor)


@pytest.fixture
def browser(as_user, editor):
    return as_user(editor)


@pytest.fixture
def monthly(calls):
    """Made by the API, in Hive, with a destination of its own."""
    values = {"type": "hive", "query": "SELECT 1", "database": "shop_jp", "cron": "@monthly", "timezone": "Asia/Tokyo"}
    calls.post("/v3/schedule/create/monthly", **values, delay=60, result=json.dumps(LINE))
    return Query.objects.get()


def page(browser, name, *args):
    answer = browser.get(reverse(f"exports:{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def save(browser, query, **changes):
    schedule = {"repeat": "cron", "cron": "@monthly", "time_zone": "Asia/Tokyo", "delay": "60", "missed": "each"}
    schedule = {f"schedule-{name}": value for name, value in (schedule | {"overlap": "queue"}).items()}
    values = posted(query, engine=query.engine) | schedule | changes
    return browser.post(reverse("exports:query_save", args=[query.pk]), values, headers=HTMX)


def test_the_editor_shows_what_the_api_made(browser, monthly):
    text = page(browser, "query", monthly.pk)
    assert '<option value="hive" selected>Hive (TD-compatible)</option>' in text
    assert 'value="@monthly"' in text and "On the 1st of every month at 00:00, Asia/Tokyo time" in text
    assert "very-secret-token" not in text


def test_the_lists_of_the_console_have_it(browser, monthly):
    assert "monthly" in page(browser, "queries")
    assert "@monthly" in page(browser, "schedules")
    assert "Hive" in page(browser, "query_version", monthly.pk, 1)


def test_the_console_saves_it_and_the_api_tells_so(browser, calls, monthly):
    assert save(browser, monthly, sql="SELECT 2").status_code == 200
    shown = calls.get("/v3/schedule/show/monthly").json()
    assert (shown["query"], shown["cron"], shown["delay"], shown["type"]) == ("SELECT 2", "@monthly", 60, "hive")
    assert json.loads(shown["result"])["line_tag_id"] == "tag_1"


def test_an_editor_that_was_opened_before_an_update_by_the_api_does_not_undo_it(browser, calls, monthly):
    calls.post("/v3/schedule/update/monthly", query="SELECT 3")
    answer = save(browser, monthly, sql="SELECT 2")
    assert (answer.status_code, "Version 2 was saved" in answer.content.decode()) == (422, True)
    assert Query.objects.get().sql == "SELECT 3"


def test_each_update_is_a_version_that_can_be_restored(calls, monthly, editor):
    calls.post("/v3/schedule/update/monthly", query="SELECT 2", type="trino", result="")
    monthly.refresh_from_db()
    queries.restore(monthly, monthly.versions.get(number=1), user=editor)
    shown = calls.get("/v3/schedule/show/monthly").json()
    assert (shown["query"], shown["type"]) == ("SELECT 1", "hive")
    assert json.loads(shown["result"])["line_tag_id"] == "tag_1"


def test_what_the_console_made_is_listed_updated_run_and_deleted_by_the_api(calls, editor):
    query = a_query(editor, name="purchases", engine="trino")
    (listed,) = calls.get("/v3/schedule/list").json()["schedules"]
    assert (listed["name"], listed["type"], listed["cron"], listed["id"]) == ("purchases", "trino", None, str(query.pk))
    updated = calls.post("/v3/schedule/update/purchases", cron="@hourly", type="presto").json()
    assert (updated["next_time"], updated["type"]) == ("2026-11-24T10:00:00Z", "presto")
    (ran,) = calls.post(f"/v3/schedule/run/purchases/{int(at(9).timestamp())}").json()["jobs"]
    assert (ran["scheduled_at"], ran["type"], ran["status"]) == ("2026-11-24 09:00:00 UTC", "presto", "queued")
    Job.objects.update(state="success")
    assert calls.post("/v3/schedule/delete/purchases").json()["cron"] == "@hourly"
    assert not Query.objects.exists()


def test_an_engine_changed_in_the_console_is_told_by_its_own_name(browser, calls, monthly):
    calls.post("/v3/schedule/update/monthly", type="presto")
    monthly.refresh_from_db()
    save(browser, monthly, engine="duckdb")
    assert calls.get("/v3/schedule/show/monthly").json()["type"] == "duckdb"


def test_a_schedule_removed_in_the_console_leaves_its_time_zone(browser, calls, monthly):
    save(browser, monthly, **{"schedule-repeat": "none"})
    shown = calls.get("/v3/schedule/show/monthly").json()
    assert (shown["cron"], shown["timezone"], shown["delay"]) == (None, "Asia/Tokyo", 60)
    calls.post("/v3/schedule/update/monthly", cron="@daily")
    assert schedules.timing_of(Query.objects.get()) == Timing("@daily", "Asia/Tokyo", 60)


def test_the_editor_begins_a_schedule_with_the_time_zone_that_the_api_gave(browser, calls):
    values = {"type": "hive", "query": "SELECT 1", "database": "shop_jp", "timezone": "Asia/Tokyo", "delay": 900}
    number = calls.post("/v3/schedule/create/idle", **values).json()["id"]
    text = page(browser, "query", number)
    panel = text[text.index('name="schedule-time_zone"') :]
    assert '<option value="Asia/Tokyo" selected>' in panel[: panel.index("</select>")]
    assert 'value="900"' in text[text.index('name="schedule-delay"') :][:200]


def test_an_update_from_a_source_to_hive_leaves_the_source(calls, editor):
    query = a_query(editor, name="purchases")
    calls.post("/v3/schedule/update/purchases", type="hive", query="SELECT 1")
    query.refresh_from_db()
    assert (query.engine, query.source, query.version) == ("hive", None, 2)
    assert AuditEntry.objects.get(action="query.update").details == {"version": 2}


def test_a_start_and_an_end_survive_a_change_and_go_with_the_schedule(calls, monthly):
    times = Timing("0 9 25 11 *", "Asia/Tokyo", starts_at=at(0, day=25), ends_at=at(0, day=25))
    schedules.save(monthly, times, user=None)
    assert calls.post("/v3/schedule/update/monthly", delay=5).json()["next_time"] == "2026-11-25T00:00:05Z"
    assert schedules.timing_of(monthly).ends_at == at(0, day=25)
    assert calls.post("/v3/schedule/update/monthly", cron="0 8 25 11 *").status_code == 422
    assert calls.post("/v3/schedule/update/monthly", cron="").json()["cron"] is None
    assert calls.post("/v3/schedule/update/monthly", cron="@daily").json()["next_time"] == "2026-11-24T15:00:05Z"
