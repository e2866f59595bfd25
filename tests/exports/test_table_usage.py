"""A query uses the tables that it reads, and not those whose names it merely contains."""

import pytest

from exports import table_usage
from exports.models import Query
from tests.exports.factories import a_job
from warehouse import usage
from warehouse.models import Database
from warehouse.tables import delete_database
from warehouse.usage import InUse

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    return Database.objects.create(name="shop")


def read(database, sql, table="orders"):
    """Whether a query of `database` with this SQL reads shop.orders."""
    Query.objects.create(name="q", database=database, sql=sql)
    return [use.name for use in table_usage.readers_of("shop", [table])] == ["q"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders",
        "select * from ORDERS o join visits v on o.id = v.id",
        'SELECT * FROM "orders"',
        "SELECT * FROM shop.orders",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM orders)",
        "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
        "CREATE TABLE x AS SELECT * FROM orders",
        "INSERT INTO orders SELECT * FROM x",
        "SELECT * FROM visits; DROP TABLE orders",
        "SELECT * FROM orders WHERE (",
    ],
)
def test_these_read_the_table(shop, sql):
    assert read(shop, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM old_orders",
        "SELECT orders FROM visits",
        "SELECT 'orders' FROM visits -- not orders",
        "WITH orders AS (SELECT 1 AS n) SELECT * FROM orders",
        "SELECT * FROM other.orders",
        "SELECT * FROM orders2 WHERE (",
    ],
)
def test_these_do_not(shop, sql):
    assert not read(shop, sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM shop.orders", True),
        ('SELECT * FROM "shop" . "orders"', True),
        ("SELECT * FROM shop.orders WHERE (", True),
        ("SELECT * FROM orders", False),
        ("SELECT * FROM orders WHERE (", False),
        ("SELECT shop.orders FROM visits AS shop", False),
    ],
)
def test_a_query_of_another_database_names_this_one(shop, sql, expected):
    assert read(Database.objects.create(name="other"), sql) is expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM shop.orders", True),
        ('SELECT * FROM "SHOP" .orders', True),
        ("SELECT * FROM orders", False),
        ("SELECT * FROM my_shop.orders", False),
    ],
)
def test_who_writes_a_databases_name_out_is_found(shop, sql, expected):
    Query.objects.create(name="q", database=shop, sql=sql)
    assert bool(list(table_usage.namers_of("shop"))) is expected


def test_jobs_name_their_database_until_they_end(shop):
    job = a_job("queued", database_name="shop")
    a_job("success", database_name="shop")
    assert [use.url for use in table_usage.namers_of("shop")] == [f"/jobs/{job.pk}"]


def test_one_query_finds_the_readers_of_many_tables(shop, django_assert_num_queries):
    Query.objects.create(name="q", database=shop, sql="SELECT * FROM table_7")
    with django_assert_num_queries(1):
        found = list(table_usage.readers_of("shop", [f"table_{number}" for number in range(50)]))
    assert [use.name for use in found] == ["q"]


def test_who_writes_its_result_into_a_database_is_found(shop):
    other = Database.objects.create(name="other")
    into = {"database": "shop", "table": "paid", "mode": "append"}
    Query.objects.create(name="q", database=other, sql="SELECT 1", into=into)
    job = a_job("queued", exports=False, database_name="other", into=into)
    assert [use.name for use in usage.of_database(shop)] == [f"{job.pk} daily_purchases", "q"]
    with pytest.raises(InUse, match="shop cannot be deleted"):
        delete_database(shop)
