"""Values as Treasure Data's clients get them, and the names of their types."""

import datetime as dt
import math
from decimal import Decimal

import pyarrow as pa
import pytest

from exports import td_types
from exports.result_values import as_is, as_null, has_floats, in_words, values

NOON = dt.datetime(2026, 11, 30, 12, 0, 0)
MOMENTS = pa.timestamp("us", "Etc/UTC")
ROW = pa.struct([("x", pa.int32()), ("y", pa.list_(pa.date32()))])
MAP = pa.map_(pa.int64(), pa.string())


@pytest.mark.parametrize(
    ("kind", "given", "becomes"),
    [
        (pa.int64(), 2**63 - 1, 2**63 - 1),
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.bool_(), True, True),
        (pa.string(), "日本\n", "日本\n"),
        (pa.float64(), 0.1, 0.1),
        (pa.float32(), 0.1, 0.1),
        (pa.null(), None, None),
        (pa.date32(), dt.date(2026, 11, 30), "2026-11-30"),
        (pa.timestamp("us"), NOON, "2026-11-30 12:00:00.000"),
        (pa.timestamp("s"), NOON, "2026-11-30 12:00:00.000"),
        (pa.timestamp("us"), NOON.replace(microsecond=120_500), "2026-11-30 12:00:00.120500"),
        (MOMENTS, NOON.replace(tzinfo=dt.UTC), "2026-11-30 12:00:00.000 UTC"),
        (pa.timestamp("us", "Asia/Tokyo"), NOON.replace(tzinfo=dt.UTC), "2026-11-30 21:00:00.000 Asia/Tokyo"),
        (pa.time64("us"), dt.time(9, 30), "09:30:00.000"),
        (pa.decimal128(10, 7), Decimal("0.0000001"), "0.0000001"),
        (pa.decimal128(38, 0), Decimal(5), 5),
        (pa.decimal128(38, 0), Decimal(2**100), str(2**100)),
        (pa.binary(), b"ab", "YWI="),
        (pa.list_(pa.decimal128(5, 2)), [Decimal("1.5"), None], ["1.50", None]),
        (ROW, {"x": 1, "y": [dt.date(2026, 1, 2)]}, {"x": 1, "y": ["2026-01-02"]}),
        (MAP, [(1, "a")], {"1": "a"}),
        (pa.list_(pa.timestamp("us")), [NOON], ["2026-11-30 12:00:00.000"]),
        (pa.month_day_nano_interval(), (14, 3, 3_600_000_000_000), "1-2 3 01:00:00.000"),
        (pa.month_day_nano_interval(), (0, 0, 0), "0 00:00:00.000"),
    ],
)
def test_a_value_becomes(kind, given, becomes):
    assert values(pa.array([given, None], kind)) == [becomes, None]


def test_a_repeated_text_is_text():
    assert values(pa.array(["a", "a"]).dictionary_encode()) == ["a", "a"]


def test_an_identifier_is_text():
    assert values(pa.array([b"\0" * 16], pa.uuid())) == ["00000000-0000-0000-0000-000000000000"]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_numbers_that_are_not_finite_are_what_is_asked_for(kind):
    column = pa.array([math.nan, math.inf, -math.inf, None, 1.5], kind)
    assert values(column, in_words) == ["NaN", "Infinity", "-Infinity", None, 1.5]
    assert values(column, as_null) == [None, None, None, None, 1.5]
    assert math.isnan(values(column, as_is)[0])


def test_so_are_those_within_arrays():
    assert values(pa.array([[math.nan, 1.0]]), in_words) == [["NaN", 1.0]]
    assert has_floats(pa.list_(pa.float64())) and not has_floats(ROW)


def test_a_moment_beyond_the_calendar_is_text():
    far = pa.array([[10**11 * 1000]], pa.list_(pa.timestamp("ms")))
    assert values(far) == [["5138-11-16 09:46:40.000"]]


def test_a_part_of_a_column_has_its_own_values():
    column = pa.array([[("a", 1)], None, [], [("b", 2), ("c", None)]], pa.map_(pa.string(), pa.int64()))
    assert values(column.slice(1)) == [None, {}, {"b": 2, "c": None}]
    rows = pa.array([{"x": 1, "y": []}, None, {"x": 3, "y": None}], ROW)
    assert values(rows.slice(1)) == [None, {"x": 3, "y": None}]


@pytest.mark.parametrize(
    ("kind", "trino", "hive"),
    [
        (pa.string(), "varchar", "string"),
        (pa.int32(), "integer", "int"),
        (pa.float32(), "real", "float"),
        (pa.decimal128(10, 3), "decimal(10,3)", "decimal(10,3)"),
        (pa.decimal128(38, 0), "bigint", "bigint"),
        (MOMENTS, "timestamp with time zone", "timestamp"),
        (pa.time64("us"), "time", "string"),
        (pa.list_(pa.string()), "array(varchar)", "array<string>"),
        (MAP, "map(bigint, varchar)", "map<bigint, string>"),
        (ROW, "row(x integer, y array(date))", "struct<x:int, y:array<date>>"),
        (pa.dictionary(pa.int8(), pa.string()), "varchar", "string"),
    ],
)
def test_a_type_is_called(kind, trino, hive):
    assert td_types.type_name(str(kind)) == trino
    assert td_types.type_name(str(kind), hive=True) == hive
