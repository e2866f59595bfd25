"""td_for_each> and td_wait>: what a query's rows decide about the run."""

from datetime import timedelta

import pytest

from exports.models import Job
from exports.run import run_job
from tests.workflows.factories import SESSION_TIME, pushed, step, taken
from tests.workflows.running import run
from tests.workflows.shop import a_table, again, through, waiting
from workflows import sessions
from workflows.models import Task
from workflows.operators.base import Done, Later, TaskFailed

pytestmark = pytest.mark.django_db(transaction=True)
FOR_EACH = "+a:\n  td_for_each>:\n  query: select 1\n{}  _do:\n    echo>: ${{td.each.n}}\n"


@pytest.fixture(autouse=True)
def shop(db):
    return a_table("events")


def each(editor, query, parallel="", **values):
    return through(editor, "td_for_each", query=query, files={"daily.dig": FOR_EACH.format(parallel)}, **values)


def test_each_row_is_a_run_of_the_body_with_its_values(editor):
    _, done, job = each(editor, "select * from (values (1, date '2026-01-02'), (2, null)) t (n, day) order by n")
    assert [(one.name, one.path, one.file, one.export) for one in done.subtasks] == [
        ("+td-for-each-0", [0, "do"], "daily.dig", {"td": {"each": {"n": 1, "day": "2026-01-02"}}}),
        ("+td-for-each-1", [0, "do"], "daily.dig", {"td": {"each": {"n": 2, "day": None}}}),
    ]
    assert (done.parallel, done.stored["td"]["last_job_id"]) == (1, str(job.pk))


def test_the_values_of_a_row_stand_beside_what_the_body_exports_to_td(editor):
    body = "    _export: {td: {database: shop}}\n    td>: {data: 'select ${td.each.n} m'}\n"
    body += "    store_last_results: true\n"
    text = f"+a:\n  td_for_each>:\n  database: shop\n  query: select 7 n\n  _do:\n{body}"
    attempt = run(sessions.start(pushed(editor, {"daily.dig": text}), SESSION_TIME, user=editor))
    assert attempt.error == ""
    assert Task.objects.get(attempt=attempt, op="td").stored["td"]["last_results"] == {"m": 7}


def test_how_many_run_at_once_may_be_computed(editor):
    assert each(editor, "select 1 n", "  _parallel: true\n")[1].parallel == 0
    limited = "  _parallel: {limit: '${wide}'}\n"
    assert each(editor, "select 1 n", limited, variables={"wide": 3})[1].parallel == 3


def test_no_rows_are_no_tasks_and_too_many_are_told(editor):
    assert each(editor, "select 1 n where false")[1].subtasks == []
    with pytest.raises(TaskFailed, match="gave 1,001 rows; td_for_each> takes up to 1,000"):
        each(editor, "select n from unnest(sequence(1, 1001)) t (n)")


def test_a_query_is_repeated_until_its_first_value_is_true(editor):
    first, job = waiting(editor, "td_wait", query="select count(*) > 3 from events", interval="1h")
    run_job(job.pk)
    later = again(first, {"tries": 1, "job": job.pk})
    assert later == Later(memory={"tries": 2}, at=first.now + timedelta(hours=1))
    second = again(first, later.memory)
    assert second.job != job.pk
    assert again(first, later.memory).job == second.job  # after a death
    Job.objects.filter(pk=second.job).update(sql="select count(*) from events")
    run_job(second.job)
    assert again(first, second.memory) == Done()
    assert first.log.text.count("The query is repeated in 1h.") == 1


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        *((value, False) for value in ("0", "false", "null", "0.00", "1 where false")),
        *((value, True) for value in ("2", "true", "-0.5", "'0'", "date '2026-01-01'")),
    ],
)
def test_all_but_null_false_and_nought_is_true(editor, value, holds):
    _, outcome, _ = through(editor, "td_wait", query=f"select {value}")
    assert isinstance(outcome, Done) == holds


def test_the_interval_has_a_least(editor):
    with pytest.raises(TaskFailed, match="“interval” must be at least 30s, not “29s”"):
        taken(step(editor, "td_wait", params={"database": "shop", "query": "select 1", "interval": "29s"}))
