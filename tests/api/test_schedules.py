"""Saved queries by the API: made, listed, changed and deleted, and what is refused."""

import json
from unittest.mock import patch

import pytest
import time_machine

from accounts.models import AuditEntry
from exports import queries, schedules
from exports.models import Query
from exports.timing import Timing
from tests.exports.factories import a_job
from tests.exports.queries import a_draft, a_query, shop
from tests.exports.schedules import at

pytestmark = pytest.mark.django_db
LIST = "/v3/schedule/list"


@pytest.fixture(autouse=True)
def at_half_past_nine():
    with time_machine.travel(at(9, 30), tick=False):
        yield


@pytest.fixture
def calls(api, editor):
    """`calls.post(…)`, `calls.get(…)` as an editor, over a database shop_jp."""
    shop()
    return api(editor)


def create(calls, name="daily", **changes):
    values = {"type": "hive", "query": "SELECT 1", "database": "shop_jp", "cron": "0 9 * * *", "timezone": "Asia/Tokyo"}
    return calls.post(f"/v3/schedule/create/{name}", **values | changes)


def update(calls, of="daily", **changes):
    return calls.post(f"/v3/schedule/update/{of}", **changes)


def problems(answer):
    assert answer.status_code == 422, answer.json()
    assert all(name in answer.json()["message"] for name in answer.json()["details"])
    return {name: texts[0] for name, texts in answer.json()["details"].items()}


# --- create -------------------------------------------------------------------------------------------------------


def test_a_new_schedule_says_when_it_runs_first(calls, editor):
    made = create(calls, delay=900, priority=-1, retry_limit=3).json()
    query = Query.objects.get(name="daily")
    assert made.items() >= {"id": str(query.pk), "start": "2026-11-25 00:15:00 UTC", "name": "daily"}.items()
    assert schedules.timing_of(query) == Timing("0 9 * * *", "Asia/Tokyo", 900)
    assert (query.engine, query.sql, query.time_zone) == ("hive", "SELECT 1", "UTC")
    assert (query.priority, query.retry_limit, query.version, query.created_by) == (-1, 3, 1, editor)


@pytest.mark.parametrize("cron", ["@hourly", "@daily", "@monthly"])
def test_the_presets_are_taken(calls, cron):
    answer = create(calls, cron=cron, timezone="").json()
    starts = {"@hourly": "2026-11-24 10:00", "@daily": "2026-11-25 00:00", "@monthly": "2026-12-01 00:00"}
    assert (answer["cron"], answer["timezone"], answer["start"]) == (cron, "UTC", f"{starts[cron]}:00 UTC")


def test_without_a_cron_line_it_never_runs(calls):
    values = {"type": "presto", "query": "SELECT 1", "database": "shop_jp"}
    for name, more in (("empty", {"cron": ""}), ("absent", {})):
        made = calls.post(f"/v3/schedule/create/{name}", **values, **more).json()
        assert (made["start"], made["cron"], made["next_time"]) == (None, None, None)
    assert not schedules.of(Query.objects.get(name="empty"))


def test_a_time_zone_without_a_cron_line_waits_for_one(calls):
    create(calls, cron="", delay=60)
    assert update(calls, cron="0 9 * * *").json()["next_time"] == "2026-11-25T00:01:00Z"


def test_the_toolbelt_sends_what_is_not_set_as_empty_texts(calls):
    unset = dict.fromkeys(("priority", "retry_limit", "engine_version", "result", "timezone", "type"), "")
    made = create(calls, "daily%20exp%2Ev1", delay="0", **unset).json()
    assert (made["name"], made["type"], made["timezone"]) == ("daily exp.v1", "hive", "UTC")
    assert (made["delay"], made["priority"], made["retry_limit"], made["result"]) == (0, 0, 0, "")


def test_java_sends_json(calls):
    body = {"name": "java", "cron": None, "type": "trino", "query": "SELECT 1", "timezone": "UTC", "delay": 0}
    body |= {"database": "shop_jp", "priority": 0, "retry_limit": 0, "result": None, "engine_version": None}
    made = calls.post("/v3/schedule/create/java", json=json.dumps(body)).json()
    assert (made["type"], made["cron"], made["start"]) == ("trino", None, None)


def test_what_clients_send_of_engines_and_pools_changes_nothing(calls):
    answer = create(calls, engine_version="stable", pool_name="hadoop2", executing_user_id="77")
    assert (answer.status_code, answer.json()["engine_version"]) == (200, None)


@pytest.mark.parametrize("given", ["hive", "presto", "trino", "duckdb"])
def test_a_type_is_given_back_as_it_was_sent(calls, given):
    create(calls, type=given)
    (listed,) = calls.get(LIST).json()["schedules"]
    assert listed["type"] == given


def test_a_name_is_taken_once(calls):
    create(calls)
    answer = create(calls)
    assert (answer.status_code, answer.json()["message"]) == (409, "Schedule 'daily' already exists.")


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"cron": "0 0 32 * *"}, "cron", "day of month: 32 is not within 1–31."),
        ({"cron": "0 0 31 2 *"}, "cron", "This never runs: day of month 31 does not exist in month 2."),
        ({"cron": "@weekly"}, "cron", "There is no preset @weekly. Presets are @hourly and @daily and @monthly."),
        ({"cron": "* * * *"}, "cron", "A cron line has 5 fields"),
        ({"timezone": "JST"}, "timezone", "There is no time zone “JST”. Write a name such as Asia/Tokyo, or UTC."),
        ({"timezone": "JST", "cron": ""}, "timezone", "There is no time zone “JST”."),
        ({"delay": "-1"}, "delay", "must be a whole number from 0 to 2,592,000; -1 is not"),
        ({"priority": "3"}, "priority", "must be a whole number from -2 to 2; 3 is not"),
        ({"retry_limit": "33"}, "retry_limit", "must be a whole number from 0 to 32; 33 is not"),
        ({"type": "pig"}, "type", "must be one of presto, trino, hive, duckdb"),
        ({"database": "nowhere"}, "database", "nowhere does not exist"),
        ({"database": ""}, "database", "is required"),
        ({"query": ""}, "query", "is required"),
        ({"query": " \n"}, "query", "is empty"),
    ],
)
def test_a_bad_value_is_named_with_its_rule(calls, changes, name, says):
    found = problems(create(calls, **changes))
    assert (list(found), found[name][: len(says)]) == ([name], says)
    assert not Query.objects.exists()


@pytest.mark.parametrize("name", ["%20", "a%E2%80%A8b", "n" * 256])
def test_a_name_that_nobody_could_read_is_refused(calls, name):
    assert "name" in problems(create(calls, name))


def test_all_that_is_wrong_with_a_schedule_is_told_at_once(calls):
    assert set(problems(create(calls, cron="no", timezone="JST"))) == {"cron", "timezone"}


def test_a_new_schedule_stands_in_the_audit_trail(calls, editor):
    create(calls)
    entries = AuditEntry.objects.filter(target_name="daily").order_by("pk")
    assert [(entry.user, entry.action) for entry in entries] == [
        (editor, "query.create"),
        (editor, "schedule.create"),
    ]


# --- list and show ------------------------------------------------------------------------------------------------


def test_the_list_has_all_saved_queries_by_name(calls, editor):
    create(calls, "b")
    create(calls, "a", cron="")
    listed = calls.get(LIST).json()["schedules"]
    assert [(each["name"], each["cron"], each["next_time"]) for each in listed] == [
        ("a", None, None),
        ("b", "0 9 * * *", "2026-11-25T00:00:00Z"),
    ]
    assert listed[1]["created_at"] == "2026-11-24T09:30:00Z"
    assert (listed[1]["user_name"], listed[1]["executing_user_id"]) == ("editor", editor.pk)


def test_a_paused_schedule_has_a_cron_line_but_no_next_time(calls, editor):
    create(calls)
    schedules.pause(schedules.of(Query.objects.get()), user=editor)
    (listed,) = calls.get(LIST).json()["schedules"]
    assert (listed["cron"], listed["next_time"]) == ("0 9 * * *", None)


def test_the_list_costs_the_same_however_long_it_is(calls, django_assert_num_queries):
    for number in range(5):
        create(calls, f"q{number}", cron="" if number % 2 else "@daily")
    with django_assert_num_queries(2):  # the key, the list
        assert len(calls.get(LIST).json()["schedules"]) == 5


def test_one_is_shown_as_in_the_list(calls, api, viewer):
    create(calls)
    assert api(viewer).get("/v3/schedule/show/daily").json() == calls.get(LIST).json()["schedules"][0]
    assert calls.get("/v3/schedule/show/nightly").status_code == 404


# --- update -------------------------------------------------------------------------------------------------------


def test_a_part_is_changed_alone(calls):
    create(calls, delay=60, priority=2)
    changed = update(calls, query="SELECT 2", priority="").json()
    assert (changed["query"], changed["delay"], changed["priority"]) == ("SELECT 2", 60, 2)
    assert (changed["cron"], changed["timezone"], changed["type"]) == ("0 9 * * *", "Asia/Tokyo", "hive")
    assert Query.objects.get().versions.count() == 2


def test_it_is_renamed(calls):
    create(calls)
    assert update(calls, name="nightly").json()["name"] == "nightly"
    assert update(calls).status_code == 404
    create(calls, "other")
    assert update(calls, "other", name="nightly").json()["message"] == "Schedule 'nightly' already exists."


def test_an_empty_cron_line_removes_the_schedule_and_keeps_its_settings(calls):
    create(calls, delay=60)
    for answer in (update(calls, cron=""), calls.get("/v3/schedule/show/daily")):
        found = answer.json()
        assert (found["cron"], found["next_time"], found["timezone"], found["delay"]) == (None, None, "Asia/Tokyo", 60)


def test_null_removes_the_schedule_as_well(calls):
    create(calls)
    answer = calls.post("/v3/schedule/update/daily", json='{"cron": null, "delay": null}')
    assert (answer.json()["cron"], answer.json()["delay"]) == (None, 0)


def test_what_is_empty_is_not_given(calls):
    before = create(calls, type="trino").json()
    unset = dict.fromkeys(("name", "type", "query", "database", "timezone", "delay", "priority", "retry_limit"), "")
    del before["start"]
    assert update(calls, **unset).json() == before
    assert Query.objects.get().version == 1
    assert not AuditEntry.objects.filter(action="query.update").exists()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cron": "61 * * * *"}, "cron"),
        ({"timezone": "EST"}, "timezone"),
        ({"database": "nowhere"}, "database"),
        ({"delay": "soon"}, "delay"),
        ({"name": "\u2028"}, "name"),
    ],
)
def test_a_bad_change_is_refused_as_a_whole(calls, changes, name):
    create(calls)
    assert list(problems(update(calls, query="SELECT 2", **changes))) == [name]
    assert Query.objects.get().version == 1


def test_a_change_stands_in_the_audit_trail_with_what_differs(calls):
    create(calls)
    update(calls, cron="0 8 * * *")
    update(calls, cron="")
    entries = AuditEntry.objects.filter(action__startswith="schedule.").order_by("pk")
    assert [entry.action for entry in entries] == ["schedule.create", "schedule.update", "schedule.remove"]
    assert entries[1].details == {"Schedule": {"from": "0 9 * * *", "to": "0 8 * * *"}, "version": 2}


def save_in_the_console(query, **changes):
    queries.update(query, a_draft(name=query.name, **changes), base=query.version, user=None)


def test_what_is_saved_in_the_console_meanwhile_stays(calls):
    query = a_query(name="daily")
    real, saves = queries.update, iter(["SELECT 'meanwhile'"])

    def slow(query, draft, *, base, user):
        for sql in saves:
            save_in_the_console(Query.objects.get(), sql=sql)
        return real(query, draft, base=base, user=user)

    with patch.object(queries, "update", slow):
        changed = update(calls, cron="@hourly", retry_limit=2).json()
    assert (changed["query"], changed["cron"], changed["retry_limit"]) == ("SELECT 'meanwhile'", "@hourly", 2)
    assert [version.number for version in query.versions.all()] == [3, 2, 1]


def test_a_query_that_others_save_again_and_again_is_409(calls):
    a_query(name="daily")
    real = queries.update

    def busy(query, draft, *, base, user):
        Query.objects.update(version=base + 1)
        return real(query, draft, base=base, user=user)

    with patch.object(queries, "update", busy):
        assert update(calls, query="SELECT 2").status_code == 409


# --- delete, and who may ------------------------------------------------------------------------------------------


def test_what_is_deleted_is_told_once_more(calls):
    create(calls)
    deleted = calls.post("/v3/schedule/delete/daily").json()
    assert (deleted["cron"], deleted["query"], deleted["name"]) == ("0 9 * * *", "SELECT 1", "daily")
    again = calls.post("/v3/schedule/delete/daily")
    assert (again.status_code, again.json()["message"]) == (404, "Schedule 'daily' does not exist.")
    assert AuditEntry.objects.get(action="query.delete").target_name == "daily"


def test_a_query_with_an_active_job_is_not_deleted(calls):
    job = a_job("queued", exports=False, query=a_query(name="daily"))
    answer = calls.post("/v3/schedule/delete/daily")
    assert (answer.status_code, f"Job {job.pk} of this query is still active." in answer.json()["message"]) == (
        409,
        True,
    )


def test_a_name_may_have_slashes(calls):
    assert create(calls, "shop%2Fdaily").json()["name"] == "shop/daily"
    assert update(calls, "shop%2Fdaily", delay=5).json()["delay"] == 5
    assert calls.get("/v3/schedule/history/shop%2Fdaily").json()["history"] == []
    assert calls.post("/v3/schedule/delete/shop%2Fdaily").json()["name"] == "shop/daily"


@pytest.mark.parametrize("path", ["create/x", "update/daily", "delete/daily", "run/daily/0"])
def test_a_viewer_changes_nothing(api, viewer, path):
    a_query(name="daily")
    assert api(viewer).post(f"/v3/schedule/{path}").status_code == 403
    assert [each["name"] for each in api(viewer).get(LIST).json()["schedules"]] == ["daily"]
