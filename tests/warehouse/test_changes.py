"""Tables and databases change their names and places whole, and are refused while something uses them."""

import pyarrow.parquet as pq
import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from exports.models import Query
from tests.exports.factories import a_job
from tests.warehouse.factories import a_table
from warehouse import changes, tables
from warehouse.catalogue import catalogue
from warehouse.changes import Refused
from warehouse.models import Database, Table, TableFile
from warehouse.usage import InUse

pytestmark = pytest.mark.django_db


@pytest.fixture
def table(shop, source):
    """`table("orders", 1)` → a table with one row whose n is 1; with one more, if there is the table."""

    def make(name, n, database=None):
        place = database or shop
        if not place.tables.filter(name=name).exists():
            return a_table(place, name, n=[n])
        return tables.load(database=place, table=name, sources=[source(f"{name}.csv", f"n\n{n}\n")])

    return make


def seen(database):
    """{table: the n of its rows} as a query would see it now."""
    return {
        name: [n for path in found.files for n in pq.read_table(path)["n"].to_pylist()]
        for (_, name), found in catalogue(database).items()
    }


def reads(database, sql, name="daily"):
    return Query.objects.create(name=name, database=database, sql=sql)


def test_a_renamed_table_keeps_its_rows(shop, table, editor):
    changes.rename_table(table("orders", 1), "sales", user=editor)
    assert seen(shop) == {"sales": [1]}
    entry = AuditEntry.objects.get(action="table.rename")
    assert (entry.target_name, entry.user, entry.details) == ("shop.sales", editor, {"old": "orders", "new": "sales"})


@pytest.mark.parametrize("name", ["x", "No Such Name", "9lives"])
def test_a_name_that_is_not_valid_is_refused(shop, table, name):
    with pytest.raises(ValidationError, match="lower-case letters"):
        changes.rename_table(table("orders", 1), name)
    assert seen(shop) == {"orders": [1]}


def test_a_name_that_is_taken_is_refused_or_taken_over(shop, table):
    orders, sales = table("orders", 1), table("sales", 2)
    with pytest.raises(Refused, match=r"^shop\.sales exists already\.$"):
        changes.rename_table(orders, "sales")
    changes.rename_table(orders, "sales", overwrite=True)
    assert seen(shop) == {"sales": [1]}
    assert not Table.objects.filter(pk=sales.pk).exists()


def test_a_table_that_a_query_reads_keeps_its_name_unless_forced(shop, table):
    orders = table("orders", 1)
    reads(shop, "SELECT n FROM Orders")
    with pytest.raises(InUse, match=r"^shop\.orders cannot be renamed: query “daily” uses it\.$") as caught:
        changes.rename_table(orders, "sales")
    assert [use.name for use in caught.value.uses] == ["daily"]
    changes.rename_table(orders, "sales", force=True)
    assert seen(shop) == {"sales": [1]}


def test_a_query_that_reads_the_target_keeps_it_from_being_taken_over(shop, table):
    orders = table("orders", 1)
    table("sales", 2)
    reads(shop, "SELECT n FROM sales")
    with pytest.raises(InUse, match=r"shop\.sales cannot be deleted"):
        changes.rename_table(orders, "sales", overwrite=True)
    assert seen(shop) == {"orders": [1], "sales": [2]}


def test_two_tables_swap_their_rows_and_loads_though_queries_read_them(shop, table):
    reads(shop, "SELECT n FROM orders")
    orders, fresh = table("orders", 1), table("fresh", 2)
    changes.swap_tables(orders, "fresh")
    assert seen(shop) == {"orders": [2], "fresh": [1]}
    assert Table.objects.get(name="orders").loads.get().sources == ["fresh.csv"]
    changes.swap_tables(Table.objects.get(pk=fresh.pk), "fresh")
    assert seen(shop) == {"orders": [1], "fresh": [2]}
    assert AuditEntry.objects.filter(action="table.swap").count() == 2


@pytest.mark.parametrize("other", ["orders", "nothing"])
def test_a_swap_needs_two_tables(shop, table, other):
    with pytest.raises(Refused, match=f"no other table named {other}"):
        changes.swap_tables(table("orders", 1), other)
    assert seen(shop) == {"orders": [1]}


def test_an_emptied_table_keeps_its_columns_and_its_files_for_a_while(shop, table):
    orders = table("orders", 1)
    assert changes.empty_table(orders) == 1
    assert seen(shop) == {"orders": []}
    assert Table.objects.get().columns == orders.columns
    assert TableFile.objects.get().retired_at and TableFile.objects.get().absolute_path.exists()
    table("orders", 2)
    assert seen(shop) == {"orders": [2]}


def test_a_moved_table_takes_its_rows_along_and_goes_on_there(shop, table):
    other, orders = Database.objects.create(name="other"), table("orders", 1)
    changes.move_table(orders, other)
    assert seen(shop) == {} and seen(other) == {"orders": [1]}
    table("orders", 2, database=other)
    assert seen(other) == {"orders": [1, 2]}


def test_a_table_does_not_move_where_its_name_is_taken_or_from_a_query(shop, table):
    other, orders = Database.objects.create(name="other"), table("orders", 1)
    table("orders", 2, database=other)
    with pytest.raises(Refused, match=r"^other\.orders exists already\.$"):
        changes.move_table(orders, other)
    reads(shop, "SELECT n FROM orders")
    with pytest.raises(InUse, match="query “daily” uses it"):
        changes.move_table(orders, Database.objects.create(name="third"))
    assert seen(shop) == {"orders": [1]} and seen(other) == {"orders": [2]}


@pytest.mark.parametrize("act", ["rename", "swap", "empty", "move"])
def test_a_table_that_is_gone_says_so(shop, table, act):
    orders, other = table("orders", 1), Database.objects.create(name="other")
    tables.delete_table(Table.objects.get())
    calls = {
        "rename": lambda: changes.rename_table(orders, "sales"),
        "swap": lambda: changes.swap_tables(orders, "sales"),
        "empty": lambda: changes.empty_table(orders),
        "move": lambda: changes.move_table(orders, other),
    }
    with pytest.raises(Refused, match=r"shop\.orders is no longer there"):
        calls[act]()


def test_a_renamed_database_keeps_tables_and_queries(shop, table):
    table("orders", 1)
    reads(shop, "SELECT n FROM orders")
    changes.rename_database(shop, "store")
    store = Database.objects.get()
    assert store.name == "store" and seen(store) == {"orders": [1]} and store.queries.count() == 1


@pytest.mark.parametrize(("name", "complaint"), [("other", "exists"), ("A", "lower-case letters")])
def test_a_database_is_not_given_a_name_that_will_not_do(shop, name, complaint):
    Database.objects.create(name="other")
    with pytest.raises(ValidationError, match=complaint):
        changes.rename_database(shop, name)


def test_a_database_whose_name_is_written_out_keeps_it(shop):
    reads(Database.objects.create(name="other"), "SELECT n FROM shop.orders")
    with pytest.raises(InUse, match=r"^shop cannot be renamed: query “daily” uses it\.$"):
        changes.rename_database(shop, "store")
    changes.rename_database(shop, "store", force=True)


def test_a_database_keeps_its_name_while_a_job_runs(shop):
    job = a_job("queued", database_name="shop")
    with pytest.raises(InUse, match=f"job “{job.pk} "):
        changes.rename_database(shop, "store")


def test_an_emptied_database_has_no_tables(shop, table):
    table("orders", 1), table("sales", 2)
    assert changes.empty_database(shop) == 2
    assert seen(shop) == {} and Database.objects.filter(pk=shop.pk).exists()
    assert AuditEntry.objects.filter(action="table.delete").count() == 2


def test_a_database_is_not_emptied_while_a_query_reads_one_of_its_tables(shop, table):
    table("orders", 1), table("sales", 2)
    reads(shop, "SELECT n FROM sales")
    with pytest.raises(InUse, match=r"^shop cannot be emptied: query “daily” uses it\.$"):
        changes.empty_database(shop)
    assert seen(shop) == {"orders": [1], "sales": [2]}


def test_many_users_are_counted(shop, table):
    orders = table("orders", 1)
    for number in range(5):
        reads(shop, "SELECT n FROM orders", name=f"q{number}")
    with pytest.raises(InUse, match="query “q0”, query “q1”, query “q2” and 2 more use it"):
        changes.rename_table(orders, "sales")
