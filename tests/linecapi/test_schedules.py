import pytest

SCHEDULE = {
    "id": "4",
    "name": "daily",
    "cron": "0 9 * * *",
    "timezone": "Asia/Tokyo",
    "delay": 0,
    "created_at": "2016-08-02T17:58:40Z",
    "type": "presto",
    "query": "select 1",
    "database": "shop",
    "user_name": "editor",
    "priority": -1,
    "retry_limit": 0,
    "result": '{"type": "line_conversion", "access_token": "hidden"}',
    "next_time": "2026-12-01T00:00:00Z",
    "engine_version": None,
    "executing_user_id": 1,
}


def test_schedules_are_listed_and_one_without_cron_has_no_next_time(linecapi, td):
    never = SCHEDULE | {"name": "never", "cron": None, "next_time": None, "result": ""}
    td.answers("GET /v3/schedule/list", {"schedules": [SCHEDULE, never]})
    lines = linecapi("sched:list").out.splitlines()
    assert lines[2].startswith("daily  0 9 * * *  Asia/Tokyo  2026-12-01 00:00:00 UTC")
    assert "1970" not in lines[3]
    assert "hidden" not in lines[2]


@pytest.mark.parametrize(
    ("start", "says"),
    [("2026-12-01 00:00:00 UTC", "It starts at 2026-12-01 00:00:00 UTC."), (None, "It never runs by itself.")],
)
def test_a_schedule_is_created(linecapi, td, start, says):
    td.answers("POST /v3/schedule/create/daily exp", {**SCHEDULE, "start": start})
    ended = linecapi("sched:create", "daily exp", "0 9 * * *", "-d", "shop", "-t", "Asia/Tokyo", "-D", "60", "select 1")
    assert ended.out == f"Schedule 'daily exp' is created. {says}\n"
    expected = {"cron": "0 9 * * *", "query": "select 1", "database": "shop", "type": "hive"}
    assert td.asked[0].params == {**expected, "timezone": "Asia/Tokyo", "delay": "60"}


def test_a_name_that_is_taken_is_told(linecapi, td):
    td.answers("POST /v3/schedule/create/daily", (409, {"message": "Schedule 'daily' already exists."}))
    ended = linecapi("sched:create", "daily", "@daily", "-d", "shop", "select 1")
    assert (ended.code, ended.err) == (1, "linecapi: Schedule 'daily' already exists.\n")


def test_only_what_is_given_is_changed(linecapi, td):
    td.answers("POST /v3/schedule/update/daily", SCHEDULE)
    assert linecapi("sched:update", "daily", "-n", "nightly", "-s", "", "-P", "0").code == 0
    assert td.asked[0].params == {"name": "nightly", "cron": "", "priority": "0"}
    assert linecapi("sched:update", "daily").code == 2


def test_a_schedule_is_deleted(linecapi, td):
    td.answers("POST /v3/schedule/delete/daily", SCHEDULE)
    assert linecapi("sched:delete", "daily").out == "Schedule 'daily' is deleted.\n"


def test_runs_are_listed(linecapi, td):
    past = {"job_id": "19", "status": "success", "priority": 0, "result": "", "scheduled_at": "2026-11-30T00:00:00Z"}
    td.answers("GET /v3/schedule/history/daily", {"history": [past], "count": 1, "from": 0, "to": 5})
    assert linecapi("sched:history", "daily", "5").out.splitlines()[2].split()[:3] == ["19", "2026-11-30", "00:00:00"]
    assert td.asked[0].params == {"from": "0", "to": "5"}


@pytest.mark.parametrize("time", ["1796083200", "2026-12-01 00:00:00", "2026-12-01T09:00:00+09:00"])
def test_a_query_is_run_for_a_time(linecapi, td, time):
    started = {"job_id": "20", "type": "presto", "scheduled_at": "2026-12-01 00:00:00 UTC"}
    td.answers("POST /v3/schedule/run/daily/1796083200", {"jobs": [started]})
    ended = linecapi("sched:run", "daily", time, "-n", "1")
    assert ended.out.startswith("Scheduled 1 jobs from 2026-12-01 00:00:00 UTC.\n")
    assert td.asked[0].params == {"num": "1"}


def test_a_time_that_is_none_is_told(linecapi, td):
    assert linecapi("sched:run", "daily", "tomorrow").code == 2
    assert not td.asked
