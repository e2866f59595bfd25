"""Queries in the fenced child: rows, order, errors, progress."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from tests.warehouse.engines.conftest import SMALL
from warehouse.engines.base import EngineUnavailable, QueryFailed, QueryRejected, Table
from warehouse.engines.duckdb import DuckDBEngine


def test_it_reads_the_tables_it_is_given(rows):
    assert sorted(rows("select name, day from sales.orders join crm.people using (name, day)")) == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
    ]


def test_an_empty_table_has_its_columns_and_no_rows(start):
    with start("select * from nothing") as result:
        assert [batch.num_rows for batch in result if batch.num_rows] == []
        assert result.schema == pa.schema([("day", pa.int64()), ("tags", pa.list_(pa.string()))])


def test_it_knows_the_schema_before_the_rows(start):
    with start("select day, name, 1.5 as price from orders") as result:
        assert result.schema.names == ["day", "name", "price"]
        assert result.ordered is False


def test_it_orders_an_unordered_query_by_a_column_nulls_last(rows):
    assert rows("select day, name from orders -- all;\n; -- done", order_by="DAY") == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
        (None, "n"),
    ]


def test_a_query_with_its_own_order_keeps_it(start):
    with start("select name from orders order by name desc", order_by="name") as result:
        assert result.ordered is True
        assert [name for batch in result for name in batch["name"].to_pylist()] == ["n", "c", "b", "a"]


def test_ordering_sorts_only_the_rows_that_a_limit_left(rows):
    assert rows("select 9 - i as i from range(9) t(i) limit 3", order_by="i") == [(7,), (8,), (9,)]


def test_an_order_that_only_a_subquery_has_is_not_relied_upon(start):
    with start("select * from (select day from orders order by day desc)", order_by="day") as result:
        assert result.ordered is False
        assert [day for batch in result for day in batch["day"].to_pylist()] == [1, 2, 3, None]


def test_it_refuses_to_order_by_a_column_that_the_result_lacks(start):
    with pytest.raises(QueryRejected, match=r'no column "when" to order its rows by\. It has: name'):
        start("select name from orders", order_by="when")


@pytest.mark.parametrize("sql", ["select 1 a, 2 A", "select * from orders o join crm.people p on o.day = p.day"])
def test_it_refuses_two_columns_of_one_name(start, sql):
    with pytest.raises(QueryRejected, match=r'two columns named "(A|day)"\. Give one of them another name with AS'):
        start(sql)


def test_the_scheduled_time_and_the_time_zone_reach_the_query(rows):
    sql = "select td_scheduled_time(), cast(to_timestamp(td_scheduled_time()) as varchar)"
    assert rows(sql, scheduled_time=86400, time_zone="Asia/Tokyo") == [(86400, "1970-01-02 09:00:00+09")]


def test_it_refuses_an_unknown_time_zone(start):
    with pytest.raises(QueryRejected, match='no time zone "Mars/Olympus"'):
        start("select 1", time_zone="Mars/Olympus")


def test_it_points_at_an_unknown_column_in_the_users_own_text(start):
    with pytest.raises(QueryRejected) as caught:
        start("select name,\n  nme\nfrom orders", order_by="name")
    assert caught.value.message.startswith('Referenced column "nme" not found')
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize("order_by", [None, "broken"])
def test_it_points_at_a_failing_cast_also_in_an_ordered_query(rows, order_by):
    with pytest.raises(QueryFailed) as caught:
        rows("select 1 as one,\n  cast(name as bigint) as broken\nfrom orders", order_by=order_by)
    assert (caught.value.user_error, caught.value.line, caught.value.column) == (True, 2, 3)
    assert "Could not convert string 'c'" in caught.value.message
    assert "LINE" not in caught.value.message


def test_wide_spaces_do_not_shift_the_place_of_an_error(start):
    with pytest.raises(QueryRejected) as caught:
        start("select '　',　　nme from orders")
    assert caught.value.column == 14


def test_missing_files_are_no_fault_of_the_user(tmp_path):
    gone = Table((str(tmp_path / "gone.parquet"),), ())
    tables = {("sales", "orders"): gone}
    with pytest.raises(QueryFailed, match=r"The files of the table sales\.orders cannot be read") as caught:
        DuckDBEngine().run("from orders", tables=tables, database="sales", limits=SMALL, workdir=tmp_path)
    assert caught.value.user_error is False
    assert str(tmp_path) not in caught.value.message


def test_check_tells_tables_columns_and_order_without_running(tables):
    checked = DuckDBEngine().check("select day, [name] l from orders order by 1", tables=tables, database="sales")
    assert checked.tables == (("sales", "orders"),)
    assert [(column.name, column.type) for column in checked.columns] == [("day", "BIGINT"), ("l", "VARCHAR[]")]
    assert checked.ordered is True


def test_check_does_not_run_the_query(tables):
    DuckDBEngine().check("select error('run') as e from orders", tables=tables, database="sales")


def test_check_refuses_what_run_refuses(tables):
    with pytest.raises(QueryRejected, match='Table "ordr" does not exist'):
        DuckDBEngine().check("select * from ordr", tables=tables, database="sales")


def test_progress_goes_from_running_to_finished(start):
    with start("select i from range(300000) t(i)") as result:
        assert result.progress().state in ("starting", "running")
        list(result)
        assert result.progress().rows == 300_000
        assert result.progress().state == "finished"
        assert result.progress().percent == 100


def test_its_folder_goes_with_the_query(start, tmp_path):
    with start("select * from orders"):
        assert len(list((tmp_path / "work").iterdir())) == 1
    assert list((tmp_path / "work").iterdir()) == []


def test_a_work_folder_that_cannot_be_made_is_worth_another_try(tables, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineUnavailable):
        DuckDBEngine().run("select 1", tables=tables, database="sales", limits=SMALL, workdir=tmp_path / "file" / "w")


def test_the_child_has_nothing_of_our_environment(start, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do not tell")
    with start("select count(*) from range(100000000) a, range(100000) b") as result:
        assert "do not tell" not in Path(f"/proc/{result.handle['pid']}/environ").read_text()


PARENT = """
import os, sys
from pathlib import Path
from warehouse.engines.base import Limits
from warehouse.engines.duckdb import DuckDBEngine
result = DuckDBEngine().run(
    "select count(*) from range(100000000) a, range(100000) b",
    tables={}, database="d", limits=Limits(), workdir=Path(sys.argv[1]),
)
print(result.handle["pid"], flush=True)
sys.stdin.read()
"""


def test_the_child_dies_with_its_parent(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    parent = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(Path.cwd())}
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 3
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_child_outlives_the_thread_that_started_it(start):
    results = []
    thread = threading.Thread(target=lambda: results.append(start("select 1 as one from range(100000)")))
    thread.start()
    thread.join()
    time.sleep(0.1)
    with results[0] as result:
        assert sum(batch.num_rows for batch in result) == 100_000
