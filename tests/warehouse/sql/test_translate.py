"""What is refused, how errors point into the text, and that no text whatever breaks the translation."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.engines.base import QueryRejected
from warehouse.sql import macros
from warehouse.sql.translate import DIALECTS, Translated, translate


def _translated(sql: str, dialect: str = "trino") -> Translated:
    return translate(sql, dialect=dialect, scheduled_time=0)


def _refusal(sql: str, dialect: str = "trino") -> QueryRejected:
    with pytest.raises(QueryRejected) as error:
        _translated(sql, dialect)
    assert "\x1b" not in error.value.message
    return error.value


@pytest.mark.parametrize(
    ("sql", "message", "line", "column"),
    [
        ("SELECT a\nFROM t\nWHERE", 'Syntax error at or near "WHERE".', 3, 1),
        ("SELECT a FROM t GROUP t", 'Syntax error at or near "t".', 1, 23),
        ("SELECT\n  frist(a)\nFROM t", "There is no function frist() here.", 2, 3),
        ("SELECT 'あ', td_time_rang(a) FROM t", "Did you mean TD_TIME_RANGE", 1, 13),
        ("SELECT a FROM t WHERE x = 'b", "never closed", None, None),
        ("SELECT a\n -> b FROM t", "JSON EXTRACT cannot be used here", 1, 8),
    ],
)
def test_an_error_says_where_it_is(sql: str, message: str, line: int | None, column: int | None) -> None:
    error = _refusal(sql)

    assert message in error.message
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DROP TABLE t", "DROP"),
        ("INSERT INTO t SELECT 1", "INSERT"),
        ("CREATE TABLE t AS SELECT 1", "CREATE"),
        ("DELETE FROM t", "DELETE"),
        ("SHOW TABLES", "SHOW"),
        ("EXPLAIN SELECT 1", "DESCRIBE"),
        ("SET x = 1", "SET"),
    ],
)
def test_only_a_select_is_allowed(sql: str, what: str) -> None:
    assert _refusal(sql).message.startswith("Only SELECT is allowed")


def test_values_are_rows_of_their_own() -> None:
    assert " ".join(_translated("VALUES (1, 'a'), (2, NULL)").sql.split()) == (
        "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS rows"
    )


def test_there_is_one_statement() -> None:
    assert _refusal("SELECT 1; SELECT 2").message == "One statement is allowed, this is 2."
    assert _refusal(" -- nothing\n").message == "The query is empty."


REFUSED = [
    ("TD_IP_TO_COUNTRY_CODE(ip)", "Treasure Data's own IP database"),
    ("TD_IP_TO_CITY_NAME(ip)", "Join a table"),
    ("TD_LAT_LONG_TO_COUNTRY('FULL_NAME', 1, 2)", "own map"),
    ("TD_CURRENCY_CONV('2020-01-01', 'USD', 'JPY', 1)", "exchange rates"),
    ("TD_PARSE_USER_AGENT(ua, 'os_family')", "TD_PARSE_AGENT"),
    ("TD_X_RANK(key)", "rank() OVER"),
    ("checksum(x)", "md5"),
    ("word_stem(x)", "lower(x)"),
    ("json_query(x, 'lax $.a')", "json_extract(x"),
    ("json_value(x, 'lax $.a')", "json_extract_scalar"),
    ("approx_set(x)", "approx_distinct"),
    ("tdigest_agg(x)", "approx_percentile"),
    ("numeric_histogram(10, x)", "width_bucket"),
    ("ST_Point(1, 2)", "geometries"),
    ("learn_classifier(a, b)", "model"),
    ("sha512(x)", "There is no function sha512() here"),
    ("xxhash64(x)", "There is no function xxhash64() here"),
    ("typeof(x)", "There is no function typeof() here"),
    ("normalize(x, NFKD)", "NFC and NFKC"),
    ("regexp_replace(x, 'a', m -> upper(m[1]))", "Write the replacement with $1"),
    ("json_extract(x, '$..a')", "JSON path"),
    ("json_extract(x, y)", "must be a text in quotes"),
    ("date_format(x, '%U')", "Trino does not support"),
    ("date_format(x, y)", "must be a text in quotes"),
    ("format_datetime(x, 'yyyy G')", 'cannot write "G"'),
    ("date_trunc('decade', x)", "is no unit"),
    ("array_agg(from_unixtime(0, 'Asia/Tokyo'))", "would lose the zone"),
    ("approx_percentile(x, 1, 0.5)", "weights"),
    ("format('%e', 1e0)", "format()"),
    ("CAST(x AS ipaddress)", "is not available here"),
    ("INTERVAL '1-2' YEAR TO MONTH", "one unit"),
    ("count(DISTINCT a, b)", "ROW(a, b)"),
    ("map_agg(a, b) FILTER (WHERE c)", "Select its rows in a subquery"),
    ("substr('a')", "takes 2 to 3 arguments"),
    ("td__epoch(1, 'UTC')", "There is no function td__epoch()"),
    ("read_csv('/etc/passwd')", "There is no function read_csv() here"),
    ("x AT TIME ZONE y", "needs a zone in quotes"),
    ("rank() OVER (ORDER BY TD_SESSIONIZE_WINDOW(a, 1) OVER (ORDER BY a))", "must stand alone"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED, ids=[expression for expression, _ in REFUSED])
def test_what_is_not_available_is_named_with_what_to_write(expression: str, message: str) -> None:
    assert message in _refusal(f"SELECT {expression} AS y FROM t").message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)",
        "SELECT * FROM TABLE(sequence(1, 2))",
        "SELECT * FROM t NATURAL JOIN u",
        "SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES",
        "SELECT a FROM t FOR UPDATE",
        "SELECT a FROM t WHERE a = ?",
        "SELECT date_format(x, '%d') FROM (SELECT from_iso8601_timestamp(y) AS x FROM t) u",
        "SELECT x FROM UNNEST(ARRAY[1]) AS t (x, y, z)",
        "SELECT 1 AS td__x",
    ],
)
def test_what_duckdb_would_read_otherwise_is_refused(sql: str) -> None:
    assert _refusal(sql).message


def test_a_deep_text_is_refused_and_a_long_one_is_not() -> None:
    assert "nested too deeply" in _refusal("SELECT " + "(" * 30_000 + "1" + ")" * 30_000).message
    assert "nested too deeply" in _refusal("SELECT " + "abs(" * 5000 + "1" + ")" * 5000).message

    chain = " OR ".join(f"x = {number}" for number in range(900))
    assert "x = 899" in _translated(f"SELECT 1 FROM t WHERE {chain}").sql


def test_a_text_in_quotes_stays_one() -> None:
    nasty = "'; DROP TABLE t; --"
    sql = _translated(f"SELECT TD_TIME_FORMAT(time, '''{nasty.replace(chr(39), chr(39) * 4)}''') FROM t").sql

    assert [kind.name for kind in {statement.type for statement in duckdb.extract_statements(sql)}] == ["SELECT"]
    assert "DROP" in sql


def test_only_the_macros_that_are_needed_come_along() -> None:
    assert _translated("SELECT a, 'td__epoch(' FROM t").macros == ()
    assert [text.split("(")[0] for text in _translated("SELECT TD_TIME_ADD(a, '1d') FROM t").macros][-1].endswith(
        "epoch"
    )
    assert _translated("SELECT 1").settings == ("SET integer_division = true",)
    assert _translated("SELECT 1", "hive").settings == ()


def test_every_macro_can_be_made() -> None:
    connection = duckdb.connect()
    for statement in macros.needed_by(macros.names()):
        connection.execute(statement)


def test_the_text_can_be_read() -> None:
    sql = "SELECT a, count(*) AS n FROM t WHERE TD_TIME_RANGE(time, '2021-01-01') GROUP BY a -- why"

    assert _translated(sql).sql == (
        "SELECT\n  a,\n  count(*) AS n\nFROM t\nWHERE\n  (\n    time >= 1609459200\n  )\nGROUP BY\n  a"
    )


WORDS = """SELECT
    FROM WHERE t x , ( ) [ ] 1 1.5 'a' '$.a' * / % - + || . = < -> CASE WHEN THEN END IF TRY CAST AS bigint
    varchar json array ARRAY[1] MAP ROW UNNEST CROSS JOIN LEFT ON GROUP BY ORDER LIMIT 5 WITH UNION ALL OVER PARTITION
    TD_TIME_RANGE( TD_INTERVAL( TD_TIME_FORMAT( TD_SESSIONIZE_WINDOW( date_trunc( from_unixtime( json_extract( reduce(
    transform( AT TIME ZONE 'JST' INTERVAL '1' DAY date_format( LATERAL VIEW explode( SORT DISTRIBUTE NULL ; -- /* "q"
    `b` U&'' ~ ! @ # $ { } \\ あ EXTRACT( YEAR LISTAGG( WITHIN FILTER DISTINCT timestamp date decimal row( -"""


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=25), st.sampled_from(DIALECTS), st.booleans())
def test_no_text_breaks_the_translation(words: list[str], dialect: str, select: bool) -> None:
    text = " ".join((["SELECT"] if select else []) + words)
    try:
        found = _translated(text, dialect)
    except QueryRejected as error:
        assert error.message
    else:
        assert found.sql


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.sampled_from(DIALECTS))
def test_no_characters_break_the_translation(text: str, dialect: str) -> None:
    for sql in (text, f"SELECT '{text}'", f"SELECT {text} FROM t"):
        try:
            _translated(sql, dialect)
        except QueryRejected as error:
            assert error.message
