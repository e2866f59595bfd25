import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.engines.base import QueryRejected
from warehouse.sql.statements import Kind, statements


def of(sql, dialect="trino"):
    return statements(sql, dialect=dialect)


def only(sql, dialect="trino"):
    (found,) = of(sql, dialect)
    return found


@pytest.mark.parametrize(
    "sql", ["select 1", "WITH a AS (SELECT 1) SELECT * FROM a", "(select 1)", "values 1", "from t"]
)
def test_a_query_is_one_select_as_it_stands(sql):
    found = only(sql)
    assert (found.kind, found.sql, found.writes) == (Kind.SELECT, sql, False)


def test_semicolons_and_comments_at_the_end_belong_to_no_statement():
    assert only("select 1 ; -- done;\n ; /* ; */").sql == "select 1"


@pytest.mark.parametrize(
    "sql",
    ["select ';'", "select 'it''s;'", 'select ";" from t', "select 1 -- a;b\n", "select /* ; */ 1", "select $$;$$"],
)
def test_a_semicolon_in_quotes_or_comments_ends_nothing(sql):
    assert len(of(sql)) == 1


def test_hives_strings_have_backslashes():
    assert len(of(r"select 'a\';', " + r'"b\";"', "hive")) == 1


def test_a_backslash_is_a_letter_elsewhere():
    with pytest.raises(QueryRejected, match="only be the last"):
        of(r"select '\'; select 1; select '\'")


def test_create_table_as():
    found = only("CREATE TABLE IF NOT EXISTS shop.Daily AS\nSELECT 1 AS n")
    assert (found.kind, found.database, found.table, found.lenient) == (Kind.CREATE, "shop", "daily", True)
    assert found.sql.split() == ["SELECT", "1", "AS", "n"]


def test_the_select_keeps_its_line_and_column():
    whole = "DROP TABLE IF EXISTS a;\n\nCREATE TABLE a AS SELECT nonsense\nFROM b"
    drop, create = of(whole)
    assert (drop.line, create.line) == (1, 3)
    line = create.sql.split("\n")[2]
    assert line.index("SELECT") == whole.split("\n")[2].index("SELECT")


def test_or_replace():
    assert only("create or replace table a as select 1").replace


def test_storage_properties_of_trino_are_passed_over():
    found = only("CREATE TABLE a WITH (bucketed_on = array['x'], bucket_count = 512) AS SELECT 1 AS x")
    assert found.sql.strip() == "SELECT 1 AS x"


def test_columns_make_an_empty_select():
    found = only("CREATE TABLE shop.a (id varchar, tags array(varchar), n decimal(10, 2)) WITH (format = 'x')")
    listed = (
        'CAST(NULL AS varchar) AS "id", CAST(NULL AS array(varchar)) AS "tags", CAST(NULL AS decimal(10, 2)) AS "n"'
    )
    assert (found.kind, found.table, found.sql) == (Kind.CREATE, "a", f"SELECT {listed} WHERE false")
    assert only("create table a (b map<string,int>, c int)", "hive").sql.startswith(
        "SELECT CAST(NULL AS map<string,int>)"
    )


def test_a_with_of_the_query_is_kept():
    assert only("create table a as with x as (select 1 n) select n from x").sql.strip().startswith("with x")


def test_insert_into_with_columns():
    found = only('INSERT INTO `daily` ("A", b) SELECT 1, 2', "hive")
    assert (found.kind, found.table, found.columns, found.replace) == (Kind.INSERT, "daily", ("a", "b"), False)
    assert found.sql.strip() == "SELECT 1, 2"


def test_insert_of_a_bracketed_query():
    assert only("insert into t (select 1)").columns == ()
    assert only("insert into t (select 1)").sql.strip() == "(select 1)"


def test_insert_overwrite_replaces():
    assert only("INSERT OVERWRITE TABLE t SELECT 1", "hive").replace


def test_insert_of_values():
    assert only("insert into t (a) values (1), (2)").sql.strip() == "values (1), (2)"


def test_drop_table():
    found = only('drop table if exists "Old"')
    assert (found.kind, found.table, found.lenient, found.sql) == (Kind.DROP, "old", True, "")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "empty"),
        (" -- nothing\n;", "empty"),
        ("create view v as select 1", "CREATE can only be followed by TABLE"),
        ("create temp table v as select 1", "CREATE can only be followed by TABLE"),
        ("create table a (b)", 'The type of the column "b" is expected'),
        ("create table a (b int", 'The type of the column "b" is expected'),
        ("create table a ()", "name of a table or column is expected"),
        ("create table a (b int) as select 1 as b", '"as" is too much here'),
        ("create table a", "A SELECT must follow"),
        ("create table a as", "A SELECT must follow"),
        ("create table a as select 1 with no data", "WITH NO DATA"),
        ("create table a.b.c as select 1", "without more parts"),
        ("create table 'a' as select 1", "name of a table"),
        ("insert t select 1", "INTO"),
        ("insert into", "name of a table"),
        ("insert into t", "A SELECT must follow"),
        ("insert into t (a, a) select 1, 2", "named twice"),
        ("insert into t (a b) select 1", "comma or a closing bracket"),
        ("insert overwrite table t partition (d='1') select 1", "PARTITION"),
        ("drop view v", "DROP can only be followed by TABLE"),
        ("drop table a, b", "too much"),
        ("drop table a cascade", "too much"),
        ("drop table a; select 'b", "The quote ' is never closed"),
        ("select 1 /* b;", r"The comment /\* is never closed"),
        ("select $a$ b; $b$", r"The quote \$a\$ is never closed"),
        ("/* " * 60_000, "is never closed"),
        ("".join(f"$a{n}$ " for n in range(20_000)), "is never closed"),
        ("select 1; select 2", "only be the last"),
        ("select 1; drop table a", "only be the last"),
        ("alter table a add column b bigint; select 1", "^ALTER cannot be run here"),
    ],
)
def test_it_says_what_is_wrong(sql, says):
    with pytest.raises(QueryRejected, match=says):
        of(sql)


def test_an_error_has_its_place():
    with pytest.raises(QueryRejected) as error:
        of("select 1\n;\n  drop view v")
    assert (error.value.line, error.value.column) == (3, 8)


@given(
    st.text(alphabet="abc();,.'\"`-/*$;\n\\ 1あcreate insert drop table as select"), st.sampled_from(["trino", "hive"])
)
def test_any_text_is_read_or_refused(text, dialect):
    try:
        found = of(text, dialect)
    except QueryRejected:
        return
    assert all(len(s.sql) <= len(text) for s in found)
