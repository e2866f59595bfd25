"""Queries over a real PostgreSQL server: what runs, what is refused, and what ends a query."""

import json
import socket
import threading
import time

import pytest

from warehouse.engines.base import (
    Cancelled,
    EngineUnavailable,
    LimitExceeded,
    Limits,
    QueryFailed,
    QueryRejected,
)
from warehouse.engines.postgresql import PostgreSQLEngine

SMALL = Limits(seconds=30, rows=1_000_000, memory_mb=256)
FOREVER = "SELECT count(*) FROM numbers a, numbers b, numbers c"


@pytest.fixture
def start(postgresql, tmp_path):
    """Start a query: start(sql, limits=…, order_by=…, settings={…}) -> Result."""

    def run(sql, *, limits=SMALL, settings=None, **options):
        engine = PostgreSQLEngine(postgresql.settings(**(settings or {})))
        return engine.run(sql, tables={}, database="", limits=limits, workdir=tmp_path, **options)

    return run


@pytest.fixture
def rows(start):
    """All rows of a query as tuples."""

    def run(sql, **options):
        with start(sql, **options) as result:
            return [tuple(row.values()) for batch in result for row in batch.to_pylist()]

    return run


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- rows and their order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", ";", " ; ", " -- done", "; -- done\n", " /* done */"])
def test_a_query_runs_however_its_text_ends(rows, end):
    assert rows(f"SELECT n, t FROM numbers WHERE n < 3 ORDER BY n{end}") == [(1, "x1"), (2, "x2")]


def test_rows_come_in_the_order_of_a_column_with_nulls_last(rows):
    sql = "SELECT NULLIF(n, 2) AS N, gen_random_uuid() AS id FROM numbers WHERE n < 4 -- unordered"
    assert [n for n, _ in rows(sql, order_by="n")] == [1, 3, None]


def test_a_query_s_own_order_stands(rows, start):
    sql = "(SELECT n FROM numbers WHERE n < 4 ORDER BY n DESC)"
    assert rows(sql, order_by="n") == [(3,), (2,), (1,)]
    with start(sql, order_by="n") as result:
        assert result.ordered


def test_a_column_to_order_by_that_is_missing_is_refused(start):
    with pytest.raises(QueryRejected, match=r'no column "day" to order its rows by\. It has: n, t'):
        start("SELECT n, t FROM numbers", order_by="day")


def test_an_empty_result_has_its_columns(start):
    with start("SELECT n FROM numbers WHERE false") as result:
        assert result.schema.names == ["n"] and sum(batch.num_rows for batch in result) == 0


def test_check_names_tables_columns_and_what_would_run(postgresql):
    sql = "WITH few AS (SELECT n FROM numbers) SELECT n, t, n::numeric(9, 2) AS d FROM few JOIN sales.Notes USING (n)"
    postgresql.admin.execute("CREATE SCHEMA IF NOT EXISTS sales; GRANT USAGE ON SCHEMA sales TO PUBLIC")
    postgresql.admin.execute(
        "CREATE TABLE IF NOT EXISTS sales.notes (n int, t uuid); GRANT SELECT ON sales.notes TO PUBLIC"
    )
    found = PostgreSQLEngine(postgresql.settings()).check(sql, tables={}, database="")
    assert found.tables == (("public", "numbers"), ("sales", "notes")) and not found.ordered
    assert [(c.name, c.type) for c in found.columns] == [("n", "INTEGER"), ("t", "VARCHAR"), ("d", "DECIMAL(9,2)")]
    assert sql in found.text


def test_progress_tells_the_rows(start):
    with start("SELECT n FROM numbers") as result:
        read = sum(batch.num_rows for batch in result)
        assert read == 50_000
        until(lambda: result.progress().state == "finished")
        assert result.progress().rows == 50_000 and result.progress().percent == 100


# --- errors and their place --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "says", "line", "column"),
    [
        ("SELECT n,\n  nothing\nFROM numbers", 'column "nothing" does not exist', 2, 3),
        ("SELECT '日本', nothing FROM numbers", 'column "nothing" does not exist', 1, 14),
        ("SELECT n FROM\u3000numbers\nWHERE n = 'x'", 'invalid input syntax for type integer: "x"', 2, 11),
        ("SELEC n FROM numbers", 'syntax error at or near "SELEC"', 1, 1),
        ("SELECT n FROM nowhere", 'relation "nowhere" does not exist', 1, 15),
    ],
)
def test_what_the_server_refuses_is_placed_in_the_user_s_text(start, sql, says, line, column):
    with pytest.raises(QueryRejected) as caught:
        start(sql, order_by="n")
    assert says in caught.value.message and (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("order_by", [None, "d"])
def test_an_error_among_the_rows_is_the_user_s(rows, order_by):
    with pytest.raises(QueryFailed, match="division by zero") as caught:
        rows("SELECT 1 / (n - 40000) AS d FROM numbers", order_by=order_by)
    assert caught.value.user_error


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("INSERT INTO notes VALUES (1)", "no query but another kind of statement"),
        ("WITH w AS (INSERT INTO notes VALUES (1) RETURNING n) SELECT n FROM w", "writes as well as reads"),
        ("WITH w AS (DELETE FROM notes RETURNING n) SELECT n FROM w", "writes as well as reads"),
        ("SELECT n INTO copy FROM notes", "Leave INTO out"),
        ("SELECT n FROM notes FOR UPDATE", "lock rows"),
        ("SELECT 1; SELECT 2", "These are 2 statements"),
        ("COPY notes TO STDOUT", "another kind of statement"),
        ("SET transaction_read_only = off", "another kind of statement"),
        ("EXPLAIN ANALYZE SELECT 1", "another kind of statement"),
        (" ", "There is no query"),
        ("SELECT $1", "has parameters"),
        ("SELECT n, t AS N FROM numbers", 'two columns named "n"'),
        ("SELECT FROM numbers", "no columns"),
        ("SELECT 1 AS a\0", "NUL"),
        ("SELECT 'open", "not closed"),
    ],
)
def test_anything_but_one_plain_select_is_refused(start, sql, says):
    with pytest.raises(QueryRejected, match=says):
        start(sql)


@pytest.mark.parametrize(
    "call",
    [
        "pg_read_file('/etc/passwd')",
        "pg_catalog.\"pg_read_file\"('/etc/passwd')",
        "PG_LS_DIR ('/')",
        "lo_import('/etc/passwd')",
        "set_config('transaction_read_only', 'off', false)",
        "pg_terminate_backend(1)",
        "dblink('host=elsewhere', 'SELECT 1')",
        "query_to_xml('DELETE FROM notes', true, true, '')",
        "pg_advisory_lock(1)",
        "/* */ 1 -- \r, pg_read_file('/etc/passwd')",
    ],
)
def test_functions_that_reach_beyond_tables_are_refused(start, call):
    with pytest.raises(QueryRejected, match="cannot be used here") as caught:
        start(f"SELECT {call}")
    assert caught.value.line is not None


def test_names_with_unicode_escapes_are_refused(start):
    with pytest.raises(QueryRejected, match="Unicode escapes"):
        start("SELECT U&\"pg\\005fread_file\"('/etc/passwd')")


def test_a_function_that_writes_is_stopped_by_the_session(postgresql, rows):
    postgresql.admin.execute(
        "CREATE OR REPLACE FUNCTION note() RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (1) RETURNING n'"
    )
    with pytest.raises(QueryFailed, match="read-only transaction"):
        rows("SELECT note()", settings={"user": "writer"})
    assert postgresql.admin.execute("SELECT count(*) FROM notes").fetchone() == (0,)


# --- what ends a query -------------------------------------------------------------------------------------------


def test_at_the_row_limit_exactly_that_many_rows_come(start):
    seen = 0
    limits = Limits(seconds=30, rows=123)
    with start("SELECT n FROM numbers", limits=limits) as result, pytest.raises(LimitExceeded) as caught:
        for batch in result:
            seen += batch.num_rows
    assert seen == 123 and caught.value.which == "rows"


def test_the_time_limit_ends_the_query_here_and_there(rows, postgresql):
    with pytest.raises(LimitExceeded) as caught:
        rows(FOREVER, limits=Limits(seconds=1.5))
    assert caught.value.which == "seconds"
    until(lambda: not postgresql.running("numbers c"))


def test_a_huge_value_ends_at_the_memory_limit(rows):
    with pytest.raises((LimitExceeded, QueryFailed), match=r"memory limit|larger than 64 MB"):
        rows("SELECT repeat('x', 200000000) AS x FROM generate_series(1, 9)", limits=Limits(seconds=60, memory_mb=128))


def test_cancelling_from_another_thread_ends_the_query_here_and_there(start, postgresql):
    with start(FOREVER) as result:
        until(lambda: postgresql.running("numbers c"))
        threading.Timer(0.1, result.cancel).start()
        with pytest.raises(Cancelled):
            list(result)
    until(lambda: not postgresql.running("numbers c"))


def test_leaving_the_context_ends_the_query_there(start, postgresql):
    with start(FOREVER):
        until(lambda: postgresql.running("numbers c"))
    until(lambda: not postgresql.running("numbers c"))


def test_another_process_stops_it_by_its_handle(start, postgresql):
    engine = PostgreSQLEngine(postgresql.settings())
    with start(FOREVER) as result:
        handle = json.loads(json.dumps(result.handle))
        assert engine.stop(handle)
        with pytest.raises(Cancelled):
            list(result)
    assert not engine.stop(handle)


def test_a_connection_that_the_server_ends_is_worth_another_try(start, postgresql):
    with start(FOREVER) as result:
        until(lambda: postgresql.running("numbers c"))
        postgresql.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        with pytest.raises(EngineUnavailable, match="terminating connection"):
            list(result)


def test_a_query_that_the_server_s_admin_cancels_is_cancelled(start, postgresql):
    with start(FOREVER) as result:
        until(lambda: postgresql.running("numbers c"))
        postgresql.admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        with pytest.raises(Cancelled, match="PostgreSQL ended the query"):
            list(result)


def test_the_time_limit_holds_when_the_server_says_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {"host": "127.0.0.1", "port": silent.getsockname()[1], "database": "d", "user": "u", "password": "p"}
        with pytest.raises((LimitExceeded, EngineUnavailable)):
            PostgreSQLEngine(settings).run(
                "SELECT 1", tables={}, database="", limits=Limits(seconds=2), workdir=tmp_path / "work"
            )
    assert list((tmp_path / "work").iterdir()) == []
