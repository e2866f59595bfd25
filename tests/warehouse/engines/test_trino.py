"""Queries over Trino's protocol, against a stand-in for its coordinator."""

import json
import threading
import time

import pyarrow as pa
import pytest

from tests.warehouse.engines.fake_trino import DESCRIBING, Answer, failure
from warehouse.engines.base import Cancelled, EngineUnavailable, LimitExceeded, Limits, QueryFailed, QueryRejected
from warehouse.engines.trino import TreasureDataEngine, TrinoEngine
from warehouse.engines.trino import test as ask

SMALL = Limits(seconds=30, rows=1_000_000, memory_mb=256)


@pytest.fixture
def engine(fake_trino):
    """engine(user=…) → an engine whose server is the stand-in."""

    def make(**changes):
        mine = {"scheme": "http", "host": "127.0.0.1", "port": fake_trino.port, "user": "ann", "catalog": "hive"}
        return TrinoEngine({**mine, "schema": "web", **changes})

    return make


@pytest.fixture
def start(engine, tmp_path):
    """Start a query: start(sql, limits=…, order_by=…, settings={…}) -> Result."""

    def run(sql, *, limits=SMALL, settings=None, **options):
        return engine(**(settings or {})).run(sql, tables={}, database="", limits=limits, workdir=tmp_path, **options)

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


def test_rows_of_all_pages_come(fake_trino, rows):
    fake_trino.answers["visits"] = Answer(pages=[[[1], [2]], [], [[3]]])
    assert rows("SELECT a FROM visits") == [(1,), (2,), (3,)]
    assert fake_trino.queries == ["SELECT a FROM visits"]


def test_an_empty_result_has_its_columns(fake_trino, start):
    fake_trino.answers["none"] = Answer(columns=[("a", "bigint"), ("b", "varchar")], pages=[])
    with start("SELECT a, b FROM none") as result:
        assert result.schema.names == ["a", "b"] and not list(result)


def test_the_columns_are_known_while_the_query_waits(fake_trino, start):
    fake_trino.answers["slow"] = Answer(columns=[("day", "date")], waits=True)
    with start("SELECT day FROM slow") as result:
        assert result.schema == pa.schema([("day", pa.date32())])


@pytest.mark.parametrize("end", ["", ";", " -- done", "; -- done\n"])
def test_rows_are_ordered_by_the_server(fake_trino, start, end):
    with start(f"SELECT a FROM visits{end}", order_by="A") as result:
        list(result)
    [ran] = fake_trino.queries
    assert ran.startswith("SELECT * FROM (\nSELECT a FROM visits")
    assert ran.endswith('\n) AS unordered ORDER BY "a" ASC NULLS LAST')


def test_a_query_s_own_order_stands(fake_trino, start):
    with start("SELECT a FROM visits ORDER BY a DESC", order_by="a") as result:
        list(result)
        assert result.ordered
    assert fake_trino.queries == ["SELECT a FROM visits ORDER BY a DESC"]


def test_repeated_names_and_a_missing_order_are_refused(fake_trino, start):
    fake_trino.answers["twice"] = Answer(columns=[("a", "bigint"), ("A", "bigint")])
    with pytest.raises(QueryRejected, match='two columns named "A"'):
        start("SELECT * FROM twice")
    with pytest.raises(QueryRejected, match='no column "b" to order'):
        start("SELECT a FROM visits", order_by="b")


def test_check_names_tables_and_columns_and_runs_nothing(fake_trino, engine):
    fake_trino.answers["visits"] = Answer(columns=[("a", "decimal(10,2)"), ("b", "array(varchar)")])
    found = engine().check("SELECT a, b FROM visits JOIN mysql.shop.Orders USING (a)", tables={}, database="")
    assert found.tables == (("mysql.shop", "orders"), ("web", "visits")) and fake_trino.queries == []
    assert [(c.name, c.type) for c in found.columns] == [("a", "DECIMAL(10,2)"), ("b", "VARCHAR[]")]


def test_the_session_goes_with_the_query(fake_trino, start):
    with start("SELECT a FROM visits", limits=Limits(seconds=60), time_zone="Asia/Tokyo") as result:
        list(result)
    headers = fake_trino.asked[-2][2]
    assert (headers["X-Trino-Catalog"], headers["X-Trino-Schema"], headers["X-Trino-User"]) == ("hive", "web", "ann")
    assert headers["X-Trino-Time-Zone"] == "Asia/Tokyo" and "query_max_run_time=65s" in headers["X-Trino-Session"]


def test_where_the_cluster_forbids_it_no_limit_is_sent(fake_trino, rows):
    rows("SELECT a FROM visits", settings={"server_limits": False})
    assert not any("query_max" in str(headers) for _, _, headers, _ in fake_trino.asked)


# --- errors ------------------------------------------------------------------------------------------------------


def test_what_the_server_refuses_is_placed_in_the_user_s_text(fake_trino, start):
    error = failure("Column 'x' cannot be resolved", line=3, column=8)  # one line of ours stands before the user's
    fake_trino.answers["bad"] = Answer(error=error, at_once=True)
    with pytest.raises(QueryRejected) as caught:
        start("SELECT a,\n bad.x")
    assert caught.value.message == "Column 'x' cannot be resolved"
    assert (caught.value.line, caught.value.column) == (2, 8)


@pytest.mark.parametrize(("order_by", "line"), [(None, 1), ("a", 2)])
def test_an_error_among_the_rows_is_the_user_s_and_keeps_its_place(fake_trino, rows, order_by, line):
    error = failure("Division by zero", name="DIVISION_BY_ZERO", line=line, column=8)
    fake_trino.answers["late"] = Answer(error=error)
    with pytest.raises(QueryFailed, match=r"^Division by zero$") as caught:
        rows("SELECT a FROM late", order_by=order_by)
    assert caught.value.user_error and (caught.value.line, caught.value.column) == (1, 8)


@pytest.mark.parametrize(
    ("name", "kind", "raised", "says"),
    [
        ("EXCEEDED_GLOBAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", QueryFailed, "at a limit of the cluster"),
        ("QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES", EngineUnavailable, "not available"),
        ("ADMINISTRATIVELY_KILLED", "USER_ERROR", Cancelled, "ended the query"),
        ("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", QueryFailed, "Trino failed"),
        ("HIVE_CANNOT_OPEN_SPLIT", "EXTERNAL", QueryFailed, "Trino failed"),
    ],
)
def test_errors_are_told_apart_by_what_to_do_next(fake_trino, rows, name, kind, raised, says):
    fake_trino.answers["late"] = Answer(error=failure("it says", name=name, kind=kind))
    with pytest.raises(raised, match=says):
        rows("SELECT a FROM late")


@pytest.mark.parametrize(
    ("status", "raised", "says"),
    [(401, QueryFailed, "other credentials"), (403, QueryFailed, "forbids"), (503, EngineUnavailable, "not available")],
)
def test_answers_that_are_no_trino_s_are_explained(fake_trino, engine, status, raised, says):
    fake_trino.answers["answer"] = Answer(status=status)
    with pytest.raises(raised, match=says):
        engine().test()


@pytest.mark.parametrize(("changes", "says"), [({"port": 1}, "refused"), ({"host": "no.invalid"}, "DNS")])
def test_a_server_that_cannot_be_reached_is_worth_another_try(engine, changes, says):
    with pytest.raises(EngineUnavailable, match=says):
        engine(**changes).test()


def test_it_is_not_led_to_another_server(fake_trino, start):
    fake_trino.answers["away"] = Answer(elsewhere="http://localhost:1")
    with pytest.raises(QueryFailed, match="sends clients to another address"):
        start("SELECT a FROM away")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM visits", "another kind of statement"),
        ("CALL system.runtime.kill_query('x')", "another kind of statement"),
        ("CREATE TABLE t AS SELECT 1", "another kind of statement"),
        ("SET SESSION a = 1", "another kind of statement"),
        ("SELECT 1; SELECT 2", "These are 2 statements"),
        ("SELECT * FROM TABLE(mysql.system.query(query => 'DELETE FROM t'))", "cannot be used here"),
        ("SELECT ?", "has parameters"),
        ("SELECT (1", "cannot be read"),
    ],
)
def test_anything_but_one_plain_select_is_refused_and_not_sent(fake_trino, start, sql, says):
    with pytest.raises(QueryRejected, match=says):
        start(sql)
    assert fake_trino.asked == []


# --- secrets -----------------------------------------------------------------------------------------------------


def test_a_connection_that_works_says_who_asked(fake_trino):
    settings = {"scheme": "http", "host": "127.0.0.1", "port": fake_trino.port, "user": "ann", "catalog": "hive"}
    assert ask(settings) == 'Trino answered; signed in as "ann".'


@pytest.mark.parametrize("secret", ["password", "token"])
def test_secrets_are_not_sent_in_the_clear(fake_trino, engine, secret):
    with pytest.raises(QueryFailed, match="only sent by https"):
        engine(**{secret: "sesame-open"}).test()
    assert fake_trino.asked == []


KEY = "1/0123456789abcdef0123456789abcdef"


@pytest.fixture
def treasure_data(fake_trino, monkeypatch):
    """Treasure Data's engine with the stand-in in its endpoint's place."""
    engine = TreasureDataEngine({"site": "treasuredata.co.jp", "api_key": KEY, "database": "web"})
    local = {"scheme": "http", "host": "127.0.0.1", "port": fake_trino.port}
    assert engine._settings["host"] == "api-presto.treasuredata.co.jp" and engine._settings["scheme"] == "https"
    monkeypatch.setattr(engine, "_settings", {**engine._settings, **local})
    return engine


def test_treasure_data_s_key_travels_as_the_user_and_nowhere_else(fake_trino, treasure_data, tmp_path, caplog):
    caplog.set_level("DEBUG")
    with treasure_data.run("SELECT 1", tables={}, database="", limits=SMALL, workdir=tmp_path) as result:
        assert [row for batch in result for row in batch.to_pylist()] == [{"a": 1}]
        assert KEY not in json.dumps(result.handle)
    assert {headers.pop("X-Trino-User") for _, _, headers, _ in fake_trino.asked} == {KEY}
    assert {headers["X-Trino-Catalog"] for _, _, headers, _ in fake_trino.asked} == {"td-presto"}
    assert KEY not in str(fake_trino.asked) and KEY not in caplog.text
    assert KEY not in f"{treasure_data!r} {vars(treasure_data)!r} {treasure_data.test()}"


def test_an_error_that_repeats_the_key_is_cleared_of_it(fake_trino, treasure_data):
    error = failure(f"Access Denied: {KEY} cannot select", name="PERMISSION_DENIED")
    fake_trino.answers["answer"] = Answer(error=error, at_once=True)
    with pytest.raises(QueryRejected, match="Access Denied: ••• cannot select") as caught:
        treasure_data.test()
    assert KEY not in f"{caught.value.detail} {caught.value!r}"


# --- what ends a query -------------------------------------------------------------------------------------------


def test_at_the_row_limit_exactly_that_many_rows_come_and_the_server_is_told(fake_trino, start):
    fake_trino.answers["many"] = Answer(pages=[[[1], [2]]] * 5, waits=True)
    seen, limits = [], Limits(seconds=30, rows=3)
    with start("SELECT a FROM many", limits=limits) as result, pytest.raises(LimitExceeded) as caught:
        for batch in result:
            seen += batch.column(0).to_pylist()
    assert caught.value.which == "rows" and seen == [1, 2, 1]
    assert fake_trino.ended


def test_rows_come_while_the_query_goes_on(fake_trino, start):
    fake_trino.answers["slow"] = Answer(pages=[[[1]]], waits=True)
    with start("SELECT a FROM slow") as result:
        assert next(iter(result)).to_pylist() == [{"a": 1}]
        assert result.progress().state != "finished"


def test_the_time_limit_ends_the_query_here_and_there(fake_trino, rows):
    fake_trino.answers["slow"] = Answer(waits=True)
    with pytest.raises(LimitExceeded) as caught:
        rows("SELECT a FROM slow", limits=Limits(seconds=2))
    assert caught.value.which == "seconds" and fake_trino.ended


def test_cancelling_from_another_thread_ends_the_query_here_and_there(fake_trino, start):
    fake_trino.answers["slow"] = Answer(waits=True)
    with start("SELECT a FROM slow") as result:
        until(lambda: result.progress().percent == 40)
        threading.Timer(0.1, result.cancel).start()
        with pytest.raises(Cancelled):
            list(result)
    assert fake_trino.ended


def test_leaving_the_context_ends_the_query_there(fake_trino, start):
    fake_trino.answers["slow"] = Answer(waits=True)
    with start("SELECT a FROM slow") as result:
        until(lambda: "query_id" in result.handle)
        name = result.handle["query_id"]
    assert any(name in path for path in fake_trino.ended)


def test_another_process_stops_it_by_its_handle(fake_trino, engine, start):
    fake_trino.answers["slow"] = Answer(waits=True)
    with start("SELECT a FROM slow") as result:
        until(lambda: "query_id" in result.handle)
        assert engine().stop(json.loads(json.dumps(result.handle)))
        with pytest.raises(Cancelled):
            list(result)


def test_from_another_host_the_server_is_asked_to_stop_it(fake_trino, engine):
    assert engine().stop({"engine": "trino", "host": "elsewhere", "pid": 1, "born": "1", "query_id": "20260101_x"})
    assert fake_trino.ended == ["/v1/query/20260101_x"]
    assert not engine().stop({"engine": "trino", "host": "elsewhere", "pid": 1, "born": "1", "query_id": "../x"})


def test_columns_are_asked_for_without_rows(fake_trino, engine):
    engine().check("SELECT a FROM visits -- all", tables={}, database="")
    asked = next(body for _, _, _, body in fake_trino.asked)
    assert asked == f"SELECT * FROM (\nSELECT a FROM visits -- all\n{DESCRIBING}"
