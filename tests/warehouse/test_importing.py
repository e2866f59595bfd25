"""Imports: tables grow the columns they need, old and new rows are read together, and a named import is done once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgpack
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from warehouse import files, importing, merging, preview, tables
from warehouse.catalogue import catalogue_all
from warehouse.engines.base import Limits
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.importing import Sent, import_file
from warehouse.loading import NotLoaded
from warehouse.models import ImportId, Table, TableFile
from warehouse.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def events(shop):
    return Table.objects.create(database=shop, name="events", columns=[["time", "BIGINT"]])


@pytest.fixture
def send(tmp_path):
    """`send(table, {…}, {…})`: import these records."""

    def run(table, *records, **sent):
        path = tmp_path / f"{threading.get_ident()}.msgpack"
        path.write_bytes(b"".join(map(msgpack.packb, records)))
        return import_file(table, Sent(path, **sent))

    return run


def asked(sql, database="shop"):
    """The rows of a query by our own engine."""
    limits = Limits(seconds=60, rows=100_000, memory_mb=512, spool_mb=64)
    with DuckDBEngine(dialect="trino").run(
        sql, tables=catalogue_all(), database=database, limits=limits, workdir=settings.DATA_DIR
    ) as result:
        return [tuple(row.values()) for batch in result for row in batch.to_pylist()]


def columns(table):
    return Table.objects.get(pk=table.pk).columns


def test_new_keys_become_columns_and_old_rows_have_nulls(events, send):
    assert send(events, {"time": 1, "n": 1}) == 1
    send(events, {"time": 2, "n": 2, "t": "b"})
    assert columns(events) == [["time", "BIGINT"], ["n", "BIGINT"], ["t", "VARCHAR"]]
    assert asked("SELECT time, n, t FROM events ORDER BY time") == [(1, 1, None), (2, 2, "b")]
    assert asked("SELECT count(*), count(t) FROM events") == [(2, 1)]
    assert preview.first_rows(Table.objects.get()) == [("1", "1", None), ("2", "2", "b")]


def test_fractions_widen_a_column_of_whole_numbers(events, send):
    send(events, {"time": 1, "n": 1})
    send(events, {"time": 2, "n": 2.5})
    assert columns(events) == [["time", "BIGINT"], ["n", "DOUBLE"]]
    assert asked("SELECT n FROM events ORDER BY n") == [(1.0,), (2.5,)]


def test_a_value_that_does_not_fit_is_an_error_and_nothing_is_imported(events, send):
    send(events, {"time": 1, "n": 1})
    with pytest.raises(NotLoaded, match='Record 2, column "n": "x" is not a whole number') as raised:
        send(events, {"n": 2}, {"n": "x", "new": 1})
    assert (raised.value.line, raised.value.column) == (2, "n")
    assert columns(events) == [["time", "BIGINT"], ["n", "BIGINT"]] and asked("SELECT n FROM events") == [(1,)]


def test_a_file_of_anyone_s_goes_into_the_grown_table(events, send, shop, source):
    send(events, {"time": 1, "n": 1})
    tables.load(database=shop, table="events", sources=[source("a.csv", "n\n7\n")])
    send(events, {"time": 3, "m": 3})
    assert asked("SELECT n, m FROM events ORDER BY n NULLS LAST") == [(1, None), (7, None), (None, 3)]


def test_an_import_is_on_record(events, send, editor):
    send(events, {"n": 1}, unique_id="abc", user=editor)
    load = events.loads.get()
    assert (load.mode, load.sources, load.rows, load.loaded_by) == ("append", ["import abc"], 1, editor)
    assert AuditEntry.objects.get(action="table.load").details["rows"] == 1


def test_nothing_to_import_is_no_file(events, send):
    assert send(events) == 0
    assert not TableFile.objects.exists()


def test_a_named_import_is_done_once(events, send):
    assert send(events, {"n": 1}, unique_id="abc") == 1
    assert send(events, {"n": 1}, unique_id="abc") == 0
    assert send(events, {"n": 1}, unique_id="other") == 1
    assert asked("SELECT count(*) FROM events") == [(2,)] and events.loads.count() == 2


def test_the_name_belongs_to_the_table(events, send, shop):
    send(events, {"n": 1}, unique_id="abc")
    other = Table.objects.create(database=shop, name="other", columns=[["time", "BIGINT"]])
    assert send(other, {"n": 1}, unique_id="abc") == 1


def test_the_name_of_an_import_that_failed_can_be_used_again(events, send):
    with pytest.raises(NotLoaded):
        send(events, [1], unique_id="abc")
    assert send(events, {"n": 1}, unique_id="abc") == 1


def test_names_are_forgotten_after_a_while(events, send):
    send(events, {"n": 1}, unique_id="abc")
    sweep(timezone.now() + timedelta(days=29))
    assert ImportId.objects.exists()
    sweep(timezone.now() + timedelta(days=31))
    assert not ImportId.objects.exists()


def at_once(*calls):
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_the_same_import_sent_at_once_is_done_once(events, send):
    results = at_once(*[lambda: send(events, {"n": 1}, unique_id="abc")] * 3)
    assert sorted(results) == [0, 0, 1] and asked("SELECT count(*) FROM events") == [(1,)]


def test_imports_at_once_with_different_columns_are_all_kept(events, send):
    at_once(*(lambda name=name: send(events, {"time": 1, name: 1}) for name in ("a1", "b1", "c1")))
    assert sorted(columns(events)) == [["a1", "BIGINT"], ["b1", "BIGINT"], ["c1", "BIGINT"], ["time", "BIGINT"]]
    assert asked("SELECT sum(a1), sum(b1), sum(c1), count(*) FROM events") == [(1, 1, 1, 3)]


def change_while_packing(monkeypatch, change):
    """Let `change()` happen once, between the reading of the file and the listing."""
    pack, done = importing._pack, []

    def late(*args):
        packed = pack(*args)
        if not done:
            done.append(change())
        return packed

    monkeypatch.setattr(importing, "_pack", late)


def alter(table, *pairs):
    files.change_columns(Table.objects.get(pk=table.pk), [["time", "BIGINT"], *map(list, pairs)])


def test_a_column_that_came_meanwhile_with_another_type_is_minded(events, send, monkeypatch):
    change_while_packing(monkeypatch, lambda: alter(events, ("n", "BIGINT")))
    with pytest.raises(NotLoaded, match="is not a whole number"):
        send(events, {"n": "x"})
    change_while_packing(monkeypatch, lambda: alter(events, ("n", "BIGINT"), ("m", "VARCHAR")))
    send(events, {"m": 5})
    assert columns(events)[2] == ["m", "VARCHAR"] and asked("SELECT m FROM events") == [("5",)]


def test_a_column_that_was_taken_away_meanwhile_stays_away(events, send, monkeypatch):
    send(events, {"time": 1, "n": 1})
    change_while_packing(monkeypatch, lambda: alter(events))
    send(events, {"time": 2, "n": 2, "m": 2})
    assert columns(events) == [["time", "BIGINT"], ["m", "BIGINT"]]
    assert asked("SELECT * FROM events ORDER BY time") == [(1, None), (2, 2)]


def test_a_column_that_comes_back_has_its_values(events, send):
    send(events, {"time": 1, "n": 1})
    alter(events)
    alter(events, ("n", "VARCHAR"))
    assert asked("SELECT n FROM events") == [("1",)]


def test_a_table_that_is_deleted_meanwhile_gets_nothing(events, send, monkeypatch):
    change_while_packing(monkeypatch, lambda: tables.delete_table(events))
    with pytest.raises(Table.DoesNotExist):
        send(events, {"n": 1})
    assert not TableFile.objects.exists()


# --- merging -----------------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(merging, "MANY", 3)


def test_many_small_files_become_one(events, send, few):
    for n in range(6):
        send(events, {"time": n, "n": n})
    assert TableFile.objects.filter(retired_at=None).count() < 3
    assert asked("SELECT count(*), sum(n) FROM events") == [(6, 15)]
    assert events.loads.count() == 6


def test_only_files_that_hold_the_same_are_merged(events, send, few):
    for n in range(2):
        send(events, {"time": n, "n": n})
    for n in range(2, 5):
        send(events, {"time": n, "m": n})
    live = TableFile.objects.filter(retired_at=None)
    assert sorted(live.values_list("rows", flat=True)) == [1, 1, 3]
    assert asked("SELECT sum(n), sum(m) FROM events") == [(1, 9)]


def test_a_column_that_is_hidden_survives_a_merge(events, send, few):
    for n in range(2):
        send(events, {"time": n, "n": n})
    alter(events)
    for _ in range(3):
        send(events, {"time": 9})
    alter(events, ("n", "BIGINT"))
    assert asked("SELECT sum(n), count(*) FROM events") == [(1, 5)]


def test_a_merge_of_a_table_that_was_emptied_meanwhile_brings_nothing_back(events, send, few, monkeypatch):
    for n in range(2):
        send(events, {"n": n})
    merge = merging.loader.merge

    def late(*args, **options):
        rows = merge(*args, **options)
        files.retire(events)
        return rows

    monkeypatch.setattr(merging.loader, "merge", late)
    send(events, {"n": 2})
    assert asked("SELECT count(*) FROM events") == [(0,)]


def test_a_merge_that_fails_leaves_the_table_as_it_is(events, send, few):
    for n in range(2):
        send(events, {"n": n})
    TableFile.objects.first().absolute_path.write_bytes(b"damaged")
    assert send(events, {"n": 2}) == 1
    assert TableFile.objects.filter(retired_at=None).count() == 3


def test_merges_at_once_lose_and_double_nothing(events, send, monkeypatch):
    for n in range(4):
        send(events, {"n": n})
    monkeypatch.setattr(merging, "MANY", 3)
    at_once(*[lambda: merging.merge_small(events)] * 3)
    assert asked("SELECT count(*), sum(n) FROM events") == [(4, 6)]
    assert TableFile.objects.filter(retired_at=None).count() == 1
