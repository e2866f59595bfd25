"""What Hive documents for its functions (LanguageManual UDF) is what the translation gives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.warehouse.sql.conftest import Ask, value

TABLE: list[tuple[str, Any]] = [
    ("7 / 2", 3.5),
    ("1 / 0", None),
    ("7 div 2", 3),
    ("-7 % 3", -1),
    ("7 % 0", None),
    ("pmod(-7, 3)", 2),
    ("5 & 3", 1),
    ("5 | 3", 7),
    ("5 ^ 3", 6),
    ("ceil(1.2)", 2),
    ("floor(-1.2)", -2),
    ("1 == 1", True),
    ("NULL <=> NULL", True),
    ("!false", True),
    ("cast('1.7' AS int)", 1),
    ("cast(-1.7 AS bigint)", -1),
    ("cast('x' AS int)", None),
    ("cast(1e7 AS string)", "1.0E7"),
    ("cast(1.5 AS string)", "1.5"),
    ("cast('x' AS date)", None),
    ("cast('1.555' AS decimal(10, 2))", Decimal("1.56")),
    ('"double"', "double"),
    (r"'it\'s'", "it's"),
    ("concat('a', 1, 'b')", "a1b"),
    ("concat('a', NULL)", None),
    ("concat_ws(',', array('a', NULL, 'b'), 'c')", "a,b,c"),
    ("substr('abc', 0, 2)", "ab"),
    ("substr('abc', -2)", "bc"),
    ("substr('abc', -5)", ""),
    ("instr('abc', 'c')", 3),
    ("locate('c', 'abc')", 3),
    ("lpad('a', 3, '0')", "00a"),
    ("repeat('ab', 2)", "abab"),
    ("length('あ')", 1),
    ("split('a1b2', '[0-9]')", ["a", "b", ""]),
    ("'abc' RLIKE 'b'", True),
    (r"'50%' LIKE '50\\%'", True),
    (r"'50x' LIKE '50\\%'", False),
    ("regexp_extract('foothebar', 'foo(.*?)(bar)', 2)", "bar"),
    ("regexp_extract('foothebar', 'foo(.*?)(bar)')", "the"),
    ("regexp_extract('a', 'x(.)')", ""),
    ("regexp_replace('foobar', 'oo|ar', '')", "fb"),
    ('get_json_object(\'{"a":{"b":"x"}}\', \'$.a.b\')', "x"),
    ('get_json_object(\'{"a":{"b":"x"}}\', \'$.a\')', '{"b":"x"}'),
    ("get_json_object('no json', '$.a')", None),
    ("parse_url('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'HOST')", "facebook.com"),
    ("parse_url('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'PATH')", "/path1/p.php"),
    ("parse_url('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'QUERY', 'k2')", "v2"),
    ("parse_url('http://facebook.com/path1/p.php?k1=v1&k2=v2#Ref1', 'REF')", "Ref1"),
    ("parse_url('http://facebook.com/', 'QUERY')", None),
    ("from_unixtime(0)", "1970-01-01 00:00:00"),
    ("from_unixtime(0, 'yyyyMMdd')", "19700101"),
    ("unix_timestamp('2009-03-20 11:30:01')", 1237548601),
    ("unix_timestamp('2009-03-20', 'yyyy-MM-dd')", 1237507200),
    ("unix_timestamp('x', 'yyyy-MM-dd')", None),
    ("to_date('2009-07-30 04:17:52')", date(2009, 7, 30)),
    ("year('1970-01-01 00:00:00')", 1970),
    ("weekofyear('1970-11-01 00:00:00')", 44),
    ("dayofweek('2026-11-22')", 1),
    ("datediff('2009-03-01', '2009-02-27')", 2),
    ("date_add('2008-12-31', 1)", date(2009, 1, 1)),
    ("date_sub('2008-12-31', 1)", date(2008, 12, 30)),
    ("add_months('2009-08-31', 1)", date(2009, 9, 30)),
    ("add_months('2020-02-29', 1)", date(2020, 3, 31)),
    ("last_day('2020-02-10')", date(2020, 2, 29)),
    ("trunc('2015-03-17', 'MM')", date(2015, 3, 1)),
    ("date_format('2015-04-08', 'y')", "2015"),
    ("from_utc_timestamp('1970-01-01 00:00:00', 'JST')", datetime(1970, 1, 1, 9)),
    ("to_utc_timestamp('1970-01-01 09:00:00', 'JST')", datetime(1970, 1, 1)),
    ("nvl(NULL, 2)", 2),
    ("if(1 = 2, 'a', 'b')", "b"),
    ("isnull(NULL)", True),
    ("greatest(1, NULL)", None),
    ("size(array(1, 2))", 2),
    ("size(NULL)", -1),
    ("array(1, 2)[0]", 1),
    ("array(1, 2)[5]", None),
    ("map('a', 1)['a']", 1),
    ("map('a', 1)['b']", None),
    ("array_contains(array(1, 2), 2)", True),
    ("sort_array(array(2, 1))", [1, 2]),
    ("str_to_map('a:1,b:2')['b']", "2"),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("sha2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("format_number(12332.123456, 4)", "12,332.1235"),
    ("printf('%s-%03d', 'a', 7)", "a-007"),
    ("TD_TIME_FORMAT(0, 'yyyy-MM-dd', 'JST')", "1970-01-01"),
]


@pytest.mark.parametrize(("expression", "expected"), TABLE, ids=[expression for expression, _ in TABLE])
def test_an_expression_is_what_hive_documents(expression: str, expected: Any) -> None:
    assert value(expression, dialect="hive") == expected


EVENTS = [
    "CREATE TABLE t AS SELECT * FROM (VALUES (1, [5, 6], 'a'), (2, NULL, 'b'), (1, [7], NULL)) v(id, items, name)"
]


def test_a_lateral_view_gives_a_row_for_each_item(ask: Ask) -> None:
    sql = "SELECT id, item FROM t LATERAL VIEW explode(items) x AS item ORDER BY id, item"

    assert ask(sql, dialect="hive", tables=EVENTS) == [(1, 5), (1, 6), (1, 7)]


def test_an_outer_view_keeps_rows_without_items(ask: Ask) -> None:
    sql = "SELECT id, place, item FROM t LATERAL VIEW OUTER posexplode(items) x AS place, item ORDER BY id, item"

    assert ask(sql, dialect="hive", tables=EVENTS) == [(1, 0, 5), (1, 1, 6), (1, 0, 7), (2, None, None)]


def test_views_follow_each_other(ask: Ask) -> None:
    sql = """SELECT k, v, n FROM (SELECT map('a', 1) AS m) q
             LATERAL VIEW explode(m) x AS k, v LATERAL VIEW explode(array(v, v + 1)) y AS n ORDER BY n"""

    assert ask(sql, dialect="hive") == [("a", 1, 1), ("a", 1, 2)]


def test_json_tuple_takes_several_keys_at_once(ask: Ask) -> None:
    sql = """SELECT a, b FROM (SELECT '{"a":1,"b":{"c":2}}' AS j) q LATERAL VIEW json_tuple(j, 'a', 'b') x AS a, b"""

    assert ask(sql, dialect="hive") == [("1", '{"c":2}')]


def test_nulls_come_first_upwards_and_last_downwards(ask: Ask) -> None:
    assert ask("SELECT name FROM t ORDER BY name", dialect="hive", tables=EVENTS) == [(None,), ("a",), ("b",)]
    assert ask("SELECT name FROM t SORT BY name DESC", dialect="hive", tables=EVENTS) == [("b",), ("a",), (None,)]


def test_what_is_collected_leaves_out_null(ask: Ask) -> None:
    sql = "SELECT collect_list(name), collect_set(id), count(DISTINCT id, name), stddev(id) FROM t"

    assert ask(sql, dialect="hive", tables=EVENTS) == [(["a", "b"], [1, 2], 2, pytest.approx(0.4714, abs=1e-4))]


def test_nothing_collected_is_an_empty_list(ask: Ask) -> None:
    assert ask("SELECT collect_list(name) FROM t WHERE id > 9", dialect="hive", tables=EVENTS) == [([],)]


def test_rollup_follows_group_by(ask: Ask) -> None:
    sql = "SELECT id, count(*) AS n FROM t GROUP BY id WITH ROLLUP ORDER BY id"

    assert ask(sql, dialect="hive", tables=EVENTS) == [(None, 3), (1, 2), (2, 1)]


def test_a_semi_join_only_filters(ask: Ask) -> None:
    sql = "SELECT name FROM t LEFT SEMI JOIN (SELECT 2 AS id) u ON t.id = u.id"

    assert ask(sql, dialect="hive", tables=EVENTS) == [("b",)]


def test_td_sessionize_goes_by_time_within_its_key(ask: Ask) -> None:
    events = ["CREATE TABLE e AS SELECT * FROM (VALUES ('u', 0), ('u', 50), ('u', 150), ('w', 0)) v(who, time)"]
    sql = """SELECT count(DISTINCT s), count(*) FROM (
               SELECT TD_SESSIONIZE(time, 100, who) AS s
               FROM (SELECT time, who FROM e DISTRIBUTE BY who SORT BY who, time) sorted) x"""

    assert ask(sql, dialect="hive", tables=events) == [(3, 4)]
