"""Loads at once end as if one had come after the other, and a reader never sees half of one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest
from django.db import connection

from tests.warehouse.factories import a_table
from warehouse import changes, tables
from warehouse.catalogue import catalogue_all
from warehouse.changes import Refused
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
        except (NotLoaded, Refused) as error:
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
    a_table(shop, n=[1])
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
        while not done.wait(0.001):
            seen.add(tuple(present()))

    def write():
        for number in (1, 2):
            pair = [source(f"{number}{half}.csv", f"n\n{number}\n") for half in "ab"]
            tables.load(database=shop, table="orders", sources=pair, mode="replace")
        done.set()

    at_once(read, read, write)
    assert seen <= {(), (1, 1), (2, 2)} and len(seen) > 1


def test_an_append_to_a_table_that_is_deleted_meanwhile_makes_it_anew(shop, source, monkeypatch):
    table = a_table(shop, n=[1])
    decide = tables.loading.columns_of

    def decide_late(*args, **options):
        columns = decide(*args, **options)
        Table.objects.filter(pk=table.pk).exists() and tables.delete_table(table)
        return columns

    monkeypatch.setattr(tables.loading, "columns_of", decide_late)
    tables.load(database=shop, table="orders", sources=[source("b.csv", "n\n2\n")])
    assert present() == [2] and TableFile.objects.filter(retired_at=None).count() == 1


def named_rows():
    """{table: its rows}, by one look at the catalogue."""
    return {
        name: [row["n"] for path in table.files for row in pq.read_table(path).to_pylist()]
        for (_, name), table in catalogue_all().items()
    }


def test_readers_find_both_tables_at_any_moment_of_a_swap(shop, source):
    one, _ = a_table(shop, "one", n=[1]), a_table(shop, "two", n=[2])
    done, seen = threading.Event(), []

    def read():
        while not done.wait(0.001):
            seen.append(named_rows())

    def swap():
        for _ in range(10):
            name = Table.objects.get(pk=one.pk).name
            changes.swap_tables(Table.objects.get(pk=one.pk), "two" if name == "one" else "one")
        done.set()

    at_once(read, swap)
    assert all(rows in ({"one": [1], "two": [2]}, {"one": [2], "two": [1]}) for rows in seen) and seen


def test_swaps_at_once_end_as_if_one_had_come_after_the_other(shop, source):
    one, two = a_table(shop, "one", n=[1]), a_table(shop, "two", n=[2])
    at_once(lambda: changes.swap_tables(one, "two"), lambda: changes.swap_tables(two, "one"))
    assert named_rows() in ({"one": [1], "two": [2]}, {"one": [2], "two": [1]})


def test_an_append_and_a_swap_lose_no_row(shop, source):
    a_table(shop, "orders", n=[1]), a_table(shop, "other", n=[2])
    at_once(
        loading(shop, source("more.csv", "n\n3\n")),
        lambda: changes.swap_tables(Table.objects.get(name="other"), "orders"),
    )
    assert named_rows() in ({"orders": [2, 3], "other": [1]}, {"orders": [2], "other": [1, 3]})


def test_an_append_and_an_emptying_end_in_one_of_the_two_orders(shop, source):
    table = a_table(shop, n=[1])
    at_once(loading(shop, source("more.csv", "n\n2\n")), lambda: changes.empty_table(table))
    assert present() in ([], [2])


def test_a_name_is_taken_once(shop, source):
    one, two = a_table(shop, "one", n=[1]), a_table(shop, "two", n=[2])
    results = at_once(lambda: changes.rename_table(one, "orders"), lambda: changes.rename_table(two, "orders"))
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]
    assert sorted(named_rows()) in (["one", "orders"], ["orders", "two"])
