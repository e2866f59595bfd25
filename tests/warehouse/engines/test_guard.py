"""What the guard lets through, what it refuses, and what it says."""

import duckdb
import pytest

from warehouse.engines import guard
from warehouse.engines.base import QueryRejected

CATALOGUE = {("sales", "orders"), ("sales", "customers"), ("crm", "people")}

REFUSED = [
    "select * from read_csv('/etc/passwd')",
    "select content from read_text('/etc/passwd')",
    "select content from read_blob('/etc/passwd')",
    "select * from read_json('/etc/passwd')",
    "select * from read_parquet('/tmp/x.parquet')",
    "select * from parquet_metadata('/tmp/x.parquet')",
    "select * from sniff_csv('/tmp/x.csv')",
    "select * from glob('/tmp/*')",
    "from '/tmp/x.csv'",
    "select * from read_duckdb('/tmp/x.duckdb', table_name='t')",
    "attach '/tmp/x.duckdb' as b (read_only)",
    "copy (select 1) to '/tmp/c.csv'",
    "with a as (copy (select 1) to '/tmp/c.csv') select * from a",
    "with a as (insert into orders values (1) returning *) select * from a",
    "export database '/tmp/exp'",
    "install httpfs",
    "load httpfs",
    "select getenv('HOME')",
    "select 'x'.getvariable()",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma memory_limit='20GB'",
    "call enable_logging('QueryLog', storage='stdout')",
    "create table zz as select 1",
    "insert into orders values (1)",
    "drop table orders",
    "prepare p as select 1",
    "select 1; copy (select 1) to '/tmp/m.csv'",
    "explain analyze select 1",
    "select * from query('select 1')",
    "select * from query_table('/etc/passwd')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "select json_serialize_plan('select 1')",
    "select * from pandas_scan(null::pointer)",
    "select * from seq_scan()",
    "select * from duckdb_settings()",
    "select * from duckdb_views",
    "select * from pg_catalog.pg_class",
    "select * from pg_class",
    "select * from sqlite_master",
    "select * from information_schema.tables",
    "select current_setting('temp_directory')",
    "select pg_sleep(1)",
    "select sleep_ms(1)",
    "select write_log('x')",
    "select pg_get_viewdef(1)",
    "select * from which_secret('http://x', 'http')",
    "select * from memory.sales.orders",
    "select * from private.orders",
    "describe orders",
    "summarize orders",
    "show tables",
    "select * from (describe orders)",
    "select ?",
    "pivot orders on name",
    "detach sales",
    "use sales",
    "begin",
    "vacuum",
    "",
    "-- nothing",
]

ALLOWED = [
    "select * from orders;",
    "select * from sales.orders -- the end;",
    'select * from "SALES"."Orders"',
    "select * from crm.people p join orders o using (id) natural left join customers",
    "from orders select name",
    "table orders",
    "values (1), (2)",
    "with a as (select 1 x), b as (select * from a) select * from b union all by name select * from a",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r",
    "select * from range(3) r, unnest([1, 2]) u, lateral (select r.range) l",
    "select sum(day order by day) filter (where day > 1) over (partition by name) from orders qualify true",
    "select * exclude (day), o.* replace (1 as day), columns('n.*') from orders o",
    "select list_transform([1], x -> x + 1), {'a': 1}, map {1: 2}, [x for x in [1]], case when true then 1 end",
    "select * from orders pivot (sum(day) for name in ('a', 'b'))",
    "select * from orders unpivot (v for n in (day))",
    "select cast(day as decimal(9, 2)), try_cast(name as struct(x int)[]) from orders using sample 10",
    "select name from orders where (day, name) in (select 1, 'x') or exists (select 1)",
    "select name from orders group by all having count(*) > 1",
]


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect()
    connection.execute("SET errors_as_json = true").fetchall()
    return connection


@pytest.fixture
def check(connection):
    return lambda sql: guard.check(connection, sql, catalogue=CATALOGUE, database="sales")


@pytest.mark.parametrize("sql", REFUSED)
def test_it_refuses_all_but_a_select_of_known_tables(check, sql):
    with pytest.raises(QueryRejected):
        check(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_it_lets_an_ordinary_select_through(check, sql):
    check(sql)


def test_it_names_the_tables_that_are_read(check):
    found = check("with people as (select 1) select * from people, crm.people, Orders where day in (from customers)")
    assert set(found.tables) == {("crm", "people"), ("sales", "orders"), ("sales", "customers")}


def test_a_cte_is_not_seen_before_or_outside_its_query(check):
    for sql in ("select * from (with a as (select 1) from a), a", "with a as (from b), b as (select 1) from a"):
        with pytest.raises(QueryRejected, match="does not exist"):
            check(sql)


def test_a_cte_does_not_see_itself_unless_recursive(check):
    with pytest.raises(QueryRejected, match='Table "mine"'):
        check("with mine as (select * from mine) select * from mine")


def test_it_suggests_close_names_and_points_at_the_table(check):
    with pytest.raises(QueryRejected) as caught:
        check("select 'あ',\n  1 from ordrs")
    assert caught.value.message == 'Table "ordrs" does not exist in database "sales". Did you mean orders?'
    assert (caught.value.line, caught.value.column) == (2, 10)


def test_it_suggests_the_same_name_in_another_database(check):
    with pytest.raises(QueryRejected, match=r"Did you mean crm\.people\?"):
        check("select * from people")


def test_it_points_at_a_syntax_error_without_noise(check):
    with pytest.raises(QueryRejected) as caught:
        check("select 1\nfrom orders\nwhere and 2")
    assert caught.value.message == 'syntax error at or near "and"'
    assert (caught.value.line, caught.value.column) == (3, 7)


def test_it_says_which_statement_it_was(check):
    with pytest.raises(QueryRejected, match="Only SELECT is allowed, this is DELETE"):
        check("delete from orders")


def test_it_counts_statements(check):
    with pytest.raises(QueryRejected, match="One statement is allowed, this is 2"):
        check("select 1; select 2")


def test_it_refuses_endless_text(check):
    with pytest.raises(QueryRejected, match="longer than"):
        check("select 1 --" + "x" * guard.LONGEST_QUERY)


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("select * from orders order by day", True),
        ("with a as (select 1 x) select * from a order by all limit 3", True),
        ("select 1 union select 2 order by 1", True),
        ("(select * from orders order by day)", True),
        ("select * from orders", False),
        ("select * from orders limit 3", False),
        ("select * from (select * from orders order by day)", False),
        ("select row_number() over (order by day) from orders", False),
        ("select list(name order by day) from orders", False),
        ("with a as (select * from orders order by day) select * from a", False),
    ],
)
def test_only_an_outer_order_by_counts(check, sql, ordered):
    assert check(sql).ordered is ordered
