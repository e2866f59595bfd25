"""Loads at once end as if one had come after the other, and a reader never sees half of one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest
from django.db import connection

from warehouse import tables
from warehouse.catalogue import catalogue_all
from warehouse.loading import NotLoaded
from warehouse.models import Table, TableFile

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run all calls in threads that start together; → their results, an exception where one was raised."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        except NotLoaded as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def loading(database, *sources, mode="append"):
    return lambda: tables.load(database=database, table="orders", sources=sources, mode=mode)


def present():
    """Every row of the table now, as the catalogue has it."""
    table = catalogue_all().get(("shop", "orders"))
    files = [pq.read_table(path) for path in table.files] if table else []
    return [row["n"] for file in files for row in file.to_pylist()]


def test_appends_at_once_are_all_kept(shop, source):
    results = at_once(*(loading(shop, source(f"{n}.csv", f"n\n{n}\n{n}\n")) for n in range(1, 5)))
    assert len({table.pk for table in results}) == 1
    assert sorted(present()) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_replace_and_an_append_end_in_one_of_the_two_orders(shop, source):
    tables.load(database=shop, table="orders", sources=[source("old.csv", "n\n1\n")])
    at_once(
        loading(shop, source("new.csv", "n\n2\n"), mode="replace"),
        loading(shop, source("more.csv", "n\n3\n")),
    )
    assert present() in ([2], [2, 3])


def test_the_first_two_loads_of_a_table_agree_on_its_columns(shop, source):
    results = at_once(loading(shop, source("a.csv", "n\n1\n")), loading(shop, source("b.csv", "n\nx\n")))
    columns = Table.objects.get().columns
    if columns[0] == ["n", "VARCHAR"]:
        assert sorted(present()) == ["1", "x"]
    else:
        assert present() == [1] and isinstance(results[1], NotLoaded)


def test_readers_see_a_load_whole_or_not_at_all(shop, source):
    done, seen = threading.Event(), set()

    def read():
        while not done.is_set():
            seen.add(tuple(present()))

    def write():
        for number in (1, 2, 3):
            pair = [source(f"{number}{half}.csv", f"n\n{number}\n") for half in "ab"]
            tables.load(database=shop, table="orders", sources=pair, mode="replace")
        done.set()

    at_once(read, read, write)
    assert seen <= {(), (1, 1), (2, 2), (3, 3)} and len(seen) > 1


def test_an_append_to_a_table_that_is_deleted_meanwhile_makes_it_anew(shop, source, monkeypatch):
    table = tables.load(database=shop, table="orders", sources=[source("a.csv", "n\n1\n")])
    decide = tables.loading.columns_of

    def decide_late(*args, **options):
        columns = decide(*args, **options)
        Table.objects.filter(pk=table.pk).exists() and tables.delete_table(table)
        return columns

    monkeypatch.setattr(tables.loading, "columns_of", decide_late)
    tables.load(database=shop, table="orders", sources=[source("b.csv", "n\n2\n")])
    assert present() == [2] and TableFile.objects.filter(retired_at=None).count() == 1
