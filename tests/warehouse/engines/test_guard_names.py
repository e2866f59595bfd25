"""What a name in a query means: a table of the catalogue, a CTE that can be seen there, or nothing."""

import duckdb
import pytest

from warehouse.engines import guard
from warehouse.engines.base import RESERVED_DATABASES, QueryRejected

CATALOGUE = {("sales", "orders"), ("sales", "pg_orders"), ("crm", "people"), ("temp", "orders")}

PLACES = """
select {0}
select ({0}, 1)
select [{0}]
select [1][{0}:]
select {{'a': {0}}}
select map {{1: {0}}}
select [x for x in [1] if {0} = x]
select list_transform([1], lambda x: {0})
select case when {0} then {0} end
select cast({0} as varchar) collate nocase
select 1 between {0} and 2
select 1 in (2, {0})
select 1 = any(select {0})
select exists(select {0})
select coalesce(null, {0})
select date_part({0}, now())
select now() at time zone {0}
select interval ({0}) day
select count(*) from orders group by grouping sets (({0}), ())
select 1 from orders group by all having {0}
select 1 from orders qualify {0}
select distinct on ({0}) 1 from orders
select 1 from orders order by {0}
select 1 limit {0}
select 1 limit 1 offset {0}
select 1 limit ({0})%
select sum(1) filter (where {0}) from orders
select list(1 order by {0}) from orders
select sum(1) over (partition by {0}) from orders
select sum(1) over (order by 1 rows between {0} preceding and current row) from orders
select lag(1, 1, {0}) over () from orders
select sum(1) over w from orders window w as (order by {0})
select columns({0}) from orders
select * replace ({0} as day) from orders
select * from orders pivot (sum({0}) for name in ('a'))
select * from orders o join orders p on {0}
select * from orders, lateral (select {0})
select * from orders at (version => {0})
select * from range({0})
select * from unnest([{0}])
values ({0})
select 1 union all select {0}
select 1 union select 2 limit {0}
with a as materialized (select {0}) from a
with recursive a as (select {0} x union all from a) from a
with recursive a as (select 1 x union all select {0} from a) from a
with recursive a(x) using key (x) as (select 1 union select {0} from a) from a
""".strip().splitlines()
REACHING = ["getenv('HOME')", "(select content from read_text('/etc/passwd'))", "(select 1 from secret)"]


@pytest.fixture(scope="module")
def check():
    connection = duckdb.connect()
    connection.execute("SET errors_as_json = true").fetchall()

    def run(sql, database="sales"):
        return guard.check(connection, sql, catalogue=CATALOGUE, database=database).tables

    return run


@pytest.mark.parametrize("place", PLACES)
def test_no_place_in_a_query_is_overlooked(check, place):
    check(place.format("1"))
    for reaching in REACHING:
        with pytest.raises(QueryRejected, match=r"getenv\(\)|read_text\(\)|secret"):
            check(place.format(reaching))


def test_before_its_recursive_part_a_ctes_name_means_a_table(check):
    sql = "with recursive orders as (from orders union all select * from orders where false) from orders"
    assert check(sql) == (("sales", "orders"),)
    with pytest.raises(QueryRejected, match='Table "secret" does not exist'):
        check(sql.replace("orders", "secret"))


@pytest.mark.parametrize(
    "sql",
    [
        "with recursive a as (select 1 x union all from a), b as (from a) select (from b), (select x from a)",
        "with a as (select 1 x) select * from (with b as (from a) from b) c, (select max(x) from a) d",
        "with a as (select 1 x) (from a) union all (from a) order by (select x from a)",
    ],
)
def test_a_cte_is_seen_in_all_that_follows_it(check, sql):
    assert check(sql) == ()


@pytest.mark.parametrize("name", ["pg_orders", "sales.pg_orders", "SALES.PG_Orders"])
def test_a_table_of_the_catalogue_may_begin_like_an_inner_one(check, name):
    assert check(f"from {name}") == (("sales", "pg_orders"),)


@pytest.mark.parametrize("database", sorted(RESERVED_DATABASES - {"information_schema"}))
def test_a_database_of_a_name_that_duckdb_has_for_itself_is_not_read(check, database):
    for sql, within in ((f"from {database}.orders", "sales"), ("from orders", database)):
        with pytest.raises(QueryRejected, match="is a name that DuckDB has for itself"):
            check(sql, within)


def test_it_is_told_where_tables_and_columns_are_shown(check):
    with pytest.raises(QueryRejected, match="information_schema cannot be read here"):
        check("select table_name from information_schema.tables")


@pytest.mark.parametrize("nest", ["not ", "abs(", "(select ", "[", "case when true then "])
def test_a_query_nested_too_deeply_is_refused_in_words(check, nest):
    close = {"abs(": ")", "(select ": ")", "[": "]", "case when true then ": " end"}.get(nest, "")
    for times in (900, 4000):
        with pytest.raises(QueryRejected, match=r"nested too deeply|depth limit|memory exhausted"):
            check("select " + nest * times + "true" + close * times)


def test_a_statement_that_the_package_has_no_name_for_is_refused(check, monkeypatch):
    class Unnamed:
        query = "select 1"

        @property
        def type(self):
            raise ValueError("29 is not a valid StatementType.")

    with pytest.raises(QueryRejected, match="Only SELECT is allowed, this is another statement"):
        guard._one_select(type("Connection", (), {"extract_statements": lambda self, sql: [Unnamed()]})(), "x")


# Those that tell nothing but the time, chance, the query itself or what it may see anyway.
HARMLESS = {
    *("current_connection_id", "current_database", "current_query", "current_query_id", "current_schema"),
    *("current_schemas", "current_transaction_id", "in_search_path", "txid_current"),
    *("current_date", "get_current_time", "get_current_timestamp", "now", "today", "transaction_timestamp"),
    *("gen_random_uuid", "random", "setseed", "uuid", "uuidv4", "uuidv7"),
    *("error", "stats", "vector_type"),
}
SEQUENCES = {"currval", "nextval", "setval"}  # which nobody can make


def test_every_function_that_looks_at_more_than_its_arguments_is_known():
    """A newer DuckDB may bring one: then it belongs either here or among those that the guard refuses."""
    rows = duckdb.sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type = 'scalar' AND stability <> 'CONSISTENT'"
    ).fetchall()
    assert {name for (name,) in rows} - HARMLESS - SEQUENCES - guard._DENIED_FUNCTIONS == set()


def test_every_inner_table_that_needs_no_schema_is_known_by_its_beginning():
    rows = duckdb.sql("SELECT view_name FROM duckdb_views() WHERE internal AND schema_name <> 'information_schema'")
    assert [name for (name,) in rows.fetchall() if not name.startswith(guard._INNER_PREFIXES)] == []
