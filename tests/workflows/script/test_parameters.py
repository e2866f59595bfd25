"""What a task sees of what others export and store, and the built-in variables."""

from datetime import UTC, datetime

from workflows.script.parameters import Stored, Task, merge, of_task, visible
from workflows.script.variables import Session, builtin


def test_maps_are_merged_and_all_else_is_replaced_without_touching_the_layers():
    low, high = {"td": {"database": "a", "engine": "hive"}, "list": [1, 2]}, {"td": {"engine": "presto"}, "list": [3]}

    merged = merge(low, high)
    assert merged == {"td": {"database": "a", "engine": "presto"}, "list": [3]}
    merged["list"].append(4)
    assert (low["td"]["engine"], high["list"]) == ("hive", [3])


def test_the_nearer_wins_and_only_what_ended_before_is_seen():
    tasks = {
        task.id: task
        for task in [
            Task(1, None, export={"a": "root", "b": "root", "td": {"database": "root"}}),
            Task(2, 1, stored=Stored({"b": "stored", "td": {"last_results": {"n": 1, "old": 1}}})),
            Task(3, 2, stored=Stored({"c": "by a child"})),
            Task(4, 1, frozenset({2}), export={"b": "group"}, stored=Stored({"td": {"last_job_id": 7}})),
            Task(
                5,
                4,
                export={"a": "never seen"},
                stored=Stored({"td": {"last_results": {"n": 2}}}, [("td", "last_results")]),
            ),
            Task(6, 4, frozenset({5}), export={"d": "own"}),
            Task(7, 4, frozenset({6}), stored=Stored({"a": "later"})),
        ]
    }

    assert visible(6, tasks, attempt={"a": "attempt", "z": "attempt"}) == {
        "a": "root",
        "b": "group",
        "c": "by a child",
        "d": "own",
        "z": "attempt",
        "td": {"database": "root", "last_results": {"n": 2}, "last_job_id": 7},
    }
    assert visible(1, tasks, attempt={"b": 1})["b"] == "root"


def test_a_task_of_a_very_long_workflow_sees_its_first_one():
    chain = {1: Task(1, None), 2: Task(2, 1, stored=Stored({"first": 1}))}
    chain |= {number: Task(number, 1, frozenset({number - 1})) for number in range(3, 3000)}

    assert visible(2999, chain, attempt={}) == {"first": 1}


def test_built_in_variables_cannot_be_exported_over_but_a_tasks_own_values_stand_over_all():
    tree, params = of_task({"session_date": "forged", "x": 1}, {"session_date": "2026-03-01"}, {"x": 2, "td>": "a.sql"})

    assert tree == {"session_date": "2026-03-01", "x": 2, "td>": "a.sql"}
    assert params == {"session_date": "2026-03-01", "x": 1}


def test_built_in_variables_have_the_formats_of_the_documentation():
    session = Session(
        project_id=12345,
        id=2381,
        uuid="414a8b9e-b365-4394-916a-f0ed9987bd2b",
        attempt_id=7,
        time=datetime(2016, 1, 30, 8, tzinfo=UTC),
        timezone="America/Los_Angeles",
        last=datetime(2016, 1, 29, 8, tzinfo=UTC),
        next=datetime(2016, 1, 31, 8, tzinfo=UTC),
        last_executed=datetime(2016, 1, 29, 8, tzinfo=UTC),
    )

    found = builtin(session, task_name="+my_workflow+parent_task+child_task0")
    assert (
        found.items()
        >= {
            "timezone": "America/Los_Angeles",
            "project_id": 12345,
            "session_uuid": "414a8b9e-b365-4394-916a-f0ed9987bd2b",
            "session_id": 2381,
            "session_time": "2016-01-30T00:00:00-08:00",
            "session_date": "2016-01-30",
            "session_date_compact": "20160130",
            "session_local_time": "2016-01-30 00:00:00",
            "session_tz_offset": "-0800",
            "session_unixtime": 1454140800,
            "task_name": "+my_workflow+parent_task+child_task0",
            "attempt_id": 7,
            "last_session_time": "2016-01-29T00:00:00-08:00",
            "last_session_unixtime": 1454054400,
            "last_executed_session_time": "2016-01-29T00:00:00-08:00",
            "last_executed_session_unixtime": 1454054400,
            "next_session_local_time": "2016-01-31 00:00:00",
            "next_session_date_compact": "20160131",
            "next_session_unixtime": 1454227200,
        }.items()
    )


def test_without_a_schedule_there_is_no_session_before_or_after():
    session = Session(project_id=1, id=2, uuid="u", attempt_id=3, time=datetime(2026, 7, 1, tzinfo=UTC), timezone="UTC")

    found = builtin(session, task_name="+a")
    assert found["session_time"] == "2026-07-01T00:00:00+00:00"
    assert not [name for name in found if name.startswith(("last_session", "next_session"))]
    assert (found["last_executed_session_time"], found["last_executed_session_tz_offset"]) == ("", "+0000")
