"""td> and td_run>: the job a task makes, once, and what its end leaves for the tasks after it."""

import pytest

from accounts.models import Role
from exports.lease import LostLease
from exports.models import EngineType, Job, JobState, Priority
from exports.run import run_job
from tests.exports.factories import a_query
from tests.workflows.factories import SESSION_TIME, step, taken
from tests.workflows.shop import a_table, again, through, waiting
from warehouse.models import Table
from workflows.dig import td_operators
from workflows.models import Task, TaskJob, TaskState
from workflows.operators import td_jobs
from workflows.operators.base import TaskFailed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def shop(db):
    return a_table("events")


def failure(user, op="td", command=None, **values):
    params = values.pop("params", {"database": "shop", "query": "select 1 n"})
    with pytest.raises(TaskFailed) as raised:
        taken(step(user, op, command, params=params, **values))
    assert not Job.objects.exists()
    return raised.value.message


def test_a_query_is_a_job_of_the_task_for_the_time_of_its_session(editor):
    first, job = waiting(
        editor, "td", query="select td_scheduled_time() at", engine="hive", priority="-1", job_retry="2"
    )
    told = (job.name, job.engine, job.created_by, job.scheduled_for, job.time_zone, job.priority, job.retry_limit)
    assert told == ("+daily+a", EngineType.HIVE, editor, SESSION_TIME, "UTC", Priority.LOW, 2)
    assert TaskJob.objects.get(task=first.task).job == job
    assert first.log.text == f"Job {job.pk}: Hive (TD-compatible) on shop."


def test_a_step_that_is_repeated_after_a_death_finds_its_job(editor):
    first, job = waiting(editor, "td", query="select 1 n")
    first.params = {}  # what the job runs is decided
    assert again(first, {}).job == job.pk
    assert Job.objects.count() == 1


def test_a_worker_that_was_believed_dead_makes_no_second_job(editor):
    first, job = waiting(editor, "td", query="select 1 n")
    late = td_jobs._made(first, td_jobs.query(first), first.key)
    assert (late, Job.objects.count()) == (job, 1)
    Task.objects.update(state=TaskState.CANCELED)
    with pytest.raises(LostLease):
        td_jobs._made(first, td_jobs.query(first), "other")
    assert Job.objects.count() == 1


def test_a_job_of_someone_else_is_not_taken_for_its_own(editor):
    first, job = waiting(editor, "td", query="select 1 n")
    TaskJob.objects.all().delete()
    with pytest.raises(TaskFailed, match=f"Job {job.pk}, which this task has not made"):
        again(first, {})


def test_a_file_is_rendered_with_what_the_task_sees_and_its_own_parameters(editor):
    files = {"sql/count.sql": "-- ${table}\nselect count(*) n from ${table} where event_type <> '${kind}'"}
    values = {"files": files, "folder": "sql", "variables": {"table": "events"}, "kind": "x"}
    _, done, job = through(editor, "td", "count.sql", store_last_results=True, **values)
    assert job.sql == "-- events\nselect count(*) n from events where event_type <> 'x'"
    assert done.stored["td"]["last_results"] == {"n": 3}


def test_data_is_used_as_it_is(editor):
    _, job = waiting(editor, "td", {"data": "select '$' || '{x}' n"})
    assert job.sql == "select '$' || '{x}' n"


def test_the_first_row_is_kept_and_what_was_kept_before_goes(editor):
    sql = """select 9007199254740993 id, 1.50 price, date '2026-01-02' day, cast(null as varchar) none,
        array[1, 2] list, cast('nan' as double) odd, true flag, 'a' || chr(0) nul"""
    _, done, job = through(editor, "td", query=sql, store_last_results="true")
    row = {"id": "9007199254740993", "price": "1.50", "day": "2026-01-02", "none": None, "list": [1, 2]}
    last = {"id": str(job.pk), "num_records": 1}
    assert done.stored == {
        "td": {
            "last_job_id": str(job.pk),
            "last_job": last,
            "last_results": {**row, "odd": "NaN", "flag": True, "nul": "a�"},
        }
    }
    assert done.reset == [("td", "last_results")]


def test_without_rows_there_is_an_empty_map_and_without_the_wish_nothing_is_reset(editor):
    _, done, _ = through(editor, "td", query="select 1 n where false", store_last_results=True)
    assert (done.stored["td"]["last_results"], done.reset) == ({}, [("td", "last_results")])
    _, done, _ = through(editor, "td", query="select 1 n")
    assert ("last_results" in done.stored["td"], list(done.reset)) == (False, [])


def test_a_row_that_is_too_large_is_told(editor):
    first, job = waiting(editor, "td", query="select rpad('a', 2000000, 'a') big", store_last_results=True)
    run_job(job.pk)
    with pytest.raises(TaskFailed, match="The first row holds more than 1,048,576 bytes"):
        again(first, {"job": job.pk})


def test_a_preview_is_masked(editor):
    first, _, job = through(editor, "td", query="select event_type, email from events order by 2", preview=True)
    lines = first.log.text.splitlines()[2:]
    assert lines[:2] == [f"Preview of job {job.pk}:", "event_type | email"]
    assert len(lines) == 5
    assert "u0@example.com" not in first.log.text
    assert lines[2].startswith("conversion | ")


def test_the_end_of_the_job_is_that_of_the_task(editor):
    first, job = waiting(editor, "td", query="select\nmissing from events")
    run_job(job.pk)
    with pytest.raises(TaskFailed) as raised:
        again(first, {"job": job.pk})
    assert raised.value.message.startswith(f"Job {job.pk} failed in line 2 of its SQL: The query failed:")
    assert (raised.value.advice, raised.value.params) == (
        "Correct the query and run it again.",
        {"job_id": str(job.pk)},
    )
    Job.objects.filter(pk=job.pk).update(state=JobState.KILLED)
    with pytest.raises(TaskFailed, match=f"Job {job.pk} was stopped"):
        again(first, {"job": job.pk})
    job.delete()
    with pytest.raises(TaskFailed, match=f"Job {job.pk} was deleted before"):
        again(first, {"job": job.pk})


def test_create_table_replaces_and_insert_into_adds_or_creates(editor):
    table = Table.objects.filter(name="sums", database__name="shop")
    for _ in range(2):
        through(editor, "td", query="-- a sum;\nselect 1 n;", create_table="sums")
        assert (table.get().columns[0], sum(f.rows for f in table.get().files.filter(retired_at=None))) == (
            ["n", "INTEGER"],
            1,
        )
    _, done, _ = through(editor, "td", query="select 2", insert_into="shop.sums", engine="hive")
    assert done.stored["td"]["last_job"]["num_records"] == 1
    assert sum(f.rows for f in table.get().files.filter(retired_at=None)) == 2
    through(editor, "td", query="select 2 n", insert_into="shop.new")
    assert Table.objects.filter(name="new").exists()


def test_what_cannot_run_is_told_before_there_is_a_job(editor):
    asked = {"database": "shop", "query": "select 1 n"}
    for changed, told in (
        ({"database": None}, "td> needs a database."),
        ({"database": "shoe"}, "There is no database “shoe”."),
        ({"engine": "spark"}, "“engine” must be presto or trino or hive, not “spark”."),
        ({"priority": 3}, "“priority” must be a whole number from -2 to 2, not “3”."),
        ({"job_retry": "33"}, "“job_retry” must be a whole number from 0 to 32, not “33”."),
        ({"store_last_results": "yes"}, "“store_last_results” must be true or false, not “yes”."),
        ({"query": " "}, "The query of td> is empty."),
        ({"query": "select '${secret:a}'"}, "The query has ${secret:a}, and no secret can stand in a query."),
        ({"create_table": "A"}, "“create_table”: "),
        ({"insert_into": "none.events"}, "“insert_into”: there is no database none"),
        ({"create_table": "aaa", "insert_into": "aaa"}, "“create_table” and “insert_into” exclude each other."),
        ({"insert_into": "aaa", "download_file": "a.csv"}, "“insert_into” and “download_file” exclude each other."),
        ({"download_file": "a/../../b.csv"}, "“download_file”: “a/../../b.csv” leads out of the project."),
        ({"download_file": "a\nb.csv"}, "“download_file”: “ab.csv” cannot be a file's path: no \\, no control"),
        ({"download_file": "${secret:a}.csv"}, "“download_file” has ${secret:a}, and no secret can stand in the name"),
    ):
        assert told in failure(editor, params={**asked, **changed})
    assert failure(editor, command="no.sql") == "The project has no file no.sql."
    files = {"q.sql": "select\n${missing}"}
    assert "q.sql, line 2: ${missing} cannot be evaluated" in failure(editor, command="q.sql", files=files)


def test_only_an_editor_makes_jobs(viewer, editor):
    assert failure(viewer) == "viewer may not do what td> does: it needs the role editor."
    editor.role = Role.VIEWER
    editor.save()
    assert "role editor" in failure(editor)


def test_a_file_may_ask_for_as_many_repeats_as_a_job_takes():
    from exports.models import MOST_RETRIES

    assert td_operators.MOST_RETRIES == MOST_RETRIES


def test_a_saved_query_runs_by_name_or_number(editor):
    query = a_query("daily", sql="select 7 n")
    digits = a_query(str(query.pk + 1000))
    for said, meant in (("daily", query), (query.pk, query), (str(query.pk), query), (digits.name, digits)):
        _, job = waiting(editor, "td_run", said)
        assert (job.query, job.name, job.scheduled_for) == (meant, meant.name, SESSION_TIME)
    at = "2026-01-01T09:00:00+09:00"
    _, done, job = through(editor, "td_run", "daily", session_time=at, store_last_results=True)
    assert waiting(editor, "td_run", "daily", session_time="2026-01-01 00:00:00")[1].scheduled_for == job.scheduled_for
    assert (job.scheduled_for.isoformat(), done.stored["td"]["last_results"]) == ("2026-01-01T00:00:00+00:00", {"n": 7})


def test_a_saved_query_that_is_not_there_is_told(editor):
    assert failure(editor, "td_run", "daily") == "There is no saved query “daily”."
    a_query("daily")
    told = failure(editor, "td_run", "daily", params={"session_time": "today"})
    assert told == "“session_time” must be a time such as 2026-11-30T15:00:00+09:00, not “today”."
