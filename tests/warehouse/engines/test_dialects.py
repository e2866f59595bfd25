"""TD's SQL through the whole engine: what the child adds to the translation."""

import pytest

from tests.warehouse.engines.conftest import SMALL
from warehouse.engines.agents import KEYS
from warehouse.engines.base import QueryFailed, QueryRejected
from warehouse.engines.duckdb import DuckDBEngine

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def run(tables, tmp_path):
    """run(sql, dialect) → rows as tuples."""

    def go(sql, dialect="trino", **options):
        options = {"limits": SMALL, "scheduled_time": 1_795_360_000, **options}
        engine = DuckDBEngine(dialect=dialect)
        with engine.run(sql, tables=tables, database="sales", workdir=tmp_path / "work", **options) as result:
            return [tuple(row.values()) for batch in result for row in batch.to_pylist()]

    return go


def test_a_query_of_td_runs_as_it_is(run):
    sql = "SELECT TD_TIME_FORMAT(day * 86400, 'yyyy-MM-dd', 'JST') AS d FROM orders WHERE day IS NOT NULL ORDER BY 1"
    assert run(sql) == [("1970-01-02",), ("1970-01-03",), ("1970-01-04",)]


def test_hives_division_is_not_trinos(run):
    assert run("SELECT 7 / 2 AS x") == [(3,)]
    assert run("SELECT 7 / 2 AS x", "hive") == [(3.5,)]


def test_the_scheduled_time_is_the_jobs(run):
    assert run("SELECT TD_SCHEDULED_TIME() AS t", scheduled_time=86_400) == [(86_400,)]


def test_rows_come_in_the_order_that_is_asked_for(run):
    assert run("SELECT day FROM orders", order_by="day") == [(1,), (2,), (3,), (None,)]


@pytest.mark.parametrize("dialect", ["trino", "hive"])
def test_td_parse_agent_reads_a_user_agent_as_woothee_does(run, dialect):
    sql = f"SELECT TD_PARSE_AGENT('{IPHONE}')['os'] AS os, TD_PARSE_AGENT('{IPHONE}')['category'] AS kind"
    assert run(sql, dialect) == [("iPhone", "smartphone")]


def test_td_parse_agent_has_all_keys_and_says_what_it_does_not_know(run):
    ((found, nothing),) = run("SELECT TD_PARSE_AGENT('telnet') AS a, TD_PARSE_AGENT(NULL) AS b")
    assert ([key for key, _ in found], nothing) == (list(KEYS), None)
    assert dict(found)["os"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1 / (day - day) AS x FROM orders", "Division by zero"),
        ("SELECT ARRAY[1, 2][day + 7] AS x FROM orders", "nothing at subscript"),
        ("SELECT CAST(name AS bigint) AS x FROM orders", "no whole number: "),
    ],
)
def test_what_fails_while_it_runs_says_so_plainly(run, sql, says):
    with pytest.raises(QueryFailed) as caught:
        run(sql)
    assert caught.value.message.startswith(says) and caught.value.user_error


@pytest.mark.parametrize("dialect", ["trino", "hive"])
def test_a_window_in_an_order_of_chance_is_told_how_else(run, dialect):
    with pytest.raises(QueryRejected, match="Let an inner SELECT make it a column"):
        run("SELECT rank() OVER (PARTITION BY name ORDER BY rand(4)) AS r FROM orders", dialect)
    assert run("SELECT rank() OVER (ORDER BY r) AS n FROM (SELECT rand() AS r FROM orders LIMIT 1) t", dialect) == [
        (1,)
    ]


def test_what_its_regular_expressions_lack_is_told_plainly(run):
    with pytest.raises(QueryRejected) as caught:
        run("SELECT regexp_like(name, 'a(?!b)') AS x FROM orders")
    assert caught.value.message == "A regular expression in the query has (?!, which is not available here."


def test_an_error_points_into_the_users_own_text(run):
    with pytest.raises(QueryRejected) as caught:
        run("SELECT TD_TIME_FORMAT(day, 'yyyy', 'JST') AS y,\n  nme\nFROM orders")
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_the_translation_is_told(tables):
    checked = DuckDBEngine(dialect="trino").check("SELECT 1 AS n", tables=tables, database="sales")
    assert checked.text.split() == ["SELECT", "1", "AS", "n"]


def test_a_statement_that_writes_is_refused(run):
    with pytest.raises(QueryRejected, match="Only SELECT"):
        run("DELETE FROM orders")
