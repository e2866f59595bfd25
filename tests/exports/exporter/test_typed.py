"""Columns of numbers, truth values and lists: what is refused, and what stands in the event."""

import math
from decimal import Decimal
from itertools import pairwise

import orjson
import pyarrow as pa
import pytest

from exports.exporter.encode import encode
from exports.exporter.mapping import Constant
from tests.exports.exporter.rows import GOOD, all_columns, both_agree, codes_of, column, plan_of, sent, table

TEXT_LISTS = [
    kind(of)
    for kind in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view)
    for of in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()))
]
INVALID = pa.Array.from_buffers(pa.string(), 3, pa.array([b"1", b"\xff", b"tru\xe6"], pa.binary()).buffers())


def printed(name, values, type_=None):
    """The JSON of one field in each row, the last of its event."""
    batch = column(name, pa.array(values, type_))
    encoded = encode(plan_of(batch), batch)
    rows = [bytes(encoded.text[start:end]) for start, end in pairwise([0, *encoded.ends.tolist()])]
    return [row.decode().partition(f'"{name}":')[2].removesuffix("}},") for row in rows]


def test_the_parts_stand_in_their_order_and_custom_comes_last():
    row = {**GOOD, "title": "t", "test_flag": "true", "value": "1", "currency": "JPY", "quantity": "2", "category": "c"}
    batch = table([{**row, "item_ids": "a,b", "keywords": "k"}, GOOD])
    events, _ = both_agree(plan_of(batch), batch)
    assert [list(event) for event in events] == [["web", "event", "user", "custom"], ["event", "user"]]
    assert events[0]["event"]["test_flag"] is True
    assert orjson.dumps(events[0]["custom"]) == (
        b'{"value":1,"currency":"JPY","quantity":2,"item_ids":["a","b"],"keywords":["k"],"category":"c"}'
    )


@pytest.mark.parametrize("name", ["test_flag", "value", "currency", "quantity", "item_ids", "keywords", "category"])
def test_each_may_stand_alone(name):
    value = {"test_flag": "false", "currency": "JPY"}.get(name, "1")
    batch = table([{**GOOD, name: value}, GOOD, {**GOOD, name: ""}])
    events, rejects = both_agree(plan_of(batch), batch)
    assert ([sum(name in part for part in event.values()) for event in events], rejects) == ([1, 0, 0], [])


@pytest.mark.parametrize(
    ("type_", "values", "texts"),
    [
        (pa.float64(), [100.0, 12.5, 0.1, -0.0], ["100", "12.5", "0.1", "0"]),
        (pa.float32(), [100.0, 12.5, 0.0], ["100", "12.5", "0"]),
        (pa.int32(), [0, 2_147_483_647], ["0", "2147483647"]),
        (pa.uint64(), [7], ["7"]),
        (pa.decimal128(12, 2), [Decimal("1980.00"), Decimal("19.90"), Decimal("0.05")], ["1980", "19.9", "0.05"]),
        (pa.decimal128(38, 20), [Decimal("1.00000000000000000001")], ["1"]),
        (pa.decimal256(70, 50), [Decimal("1E-7"), Decimal("2147483647")], ["1e-7", "2147483647"]),
        (pa.string(), ["1980.00", "19.90", "0.050", "00"], ["1980", "19.9", "0.05", "0"]),
        (pa.dictionary(pa.int8(), pa.string()), ["1.5", "1.5"], ["1.5", "1.5"]),
    ],
)
def test_a_number_is_written_in_its_shortest_form(type_, values, texts):
    assert printed("value", values, type_) == texts


def test_numbers_beyond_the_limits_and_no_numbers_are_refused():
    floats = [math.nan, math.inf, -math.inf, -0.5, 2_147_483_647.5, 1e300, None]
    assert codes_of("value", floats, pa.float64()) == [*["not_a_number"] * 6, None]
    assert codes_of("value", [2**64 - 1, None], pa.uint64()) == ["not_a_number", None]
    assert codes_of("value", [Decimal("-0.01"), Decimal(10) ** 35], pa.decimal128(38, 2)) == ["not_a_number"] * 2
    assert codes_of("value", ["1e3", " 1", "1,000", "1.", "9" * 19, "x", ""]) == [*["not_a_number"] * 6, None]
    assert codes_of("value", [True, None]) == ["not_a_number", None]


def test_a_quantity_is_whole():
    assert sent("quantity", [3.0, None, 0.0], pa.float64()) == [3, None, 0]
    assert sent("quantity", [Decimal("3.00")], pa.decimal128(9, 2)) == [3]
    assert sent("quantity", ["3", "", None, "2147483647"]) == [3, None, None, 2_147_483_647]
    assert codes_of("quantity", [1.5, math.nan, -1.0, 2.0**31], pa.float64()) == ["not_an_integer"] * 4
    assert codes_of("quantity", ["3.0", "-1", "x", "9" * 30]) == ["not_an_integer"] * 4
    assert codes_of("quantity", [True, None]) == ["not_an_integer", None]


def test_a_test_flag_is_a_boolean_or_its_word():
    assert sent("test_flag", [True, None, False]) == [True, None, False]
    assert sent("test_flag", ["true", "FALSE", "", None], pa.string_view()) == [True, False, None, None]
    assert codes_of("test_flag", ["1", "yes", " true", "\u212a"]) == ["not_a_boolean"] * 4
    assert codes_of("test_flag", [1, 0, None]) == ["not_a_boolean", "not_a_boolean", None]


@pytest.mark.parametrize("type_", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
@pytest.mark.parametrize("name", ["test_flag", "value", "quantity", "item_ids"])
def test_text_of_any_kind_may_be_cut_out_of_the_middle(name, type_):
    values = ["true", "FALSE", ""] if name == "test_flag" else ["12", "7", ""]
    whole = table([GOOD] * 9).set_column(table([]).schema.get_field_index(name), name, pa.array(values * 3, type_))
    batch = whole.slice(4, 4)
    assert both_agree(plan_of(batch), batch)[1] == []


@pytest.mark.parametrize("type_", TEXT_LISTS, ids=str)
def test_every_kind_of_list_is_a_list(type_):
    values = [["a", None, "", '"夏"\n'], None, [], [None, ""], ["b"]]
    assert sent("item_ids", values, type_) == [["a", '"夏"\n'], None, None, None, ["b"]]
    middle = table([GOOD] * 5).append_column("x", pa.array(values, type_)).slice(3, 2)
    batch = middle.drop_columns(["item_ids"]).rename_columns({"x": "item_ids"})
    assert [e.get("custom") for e in both_agree(plan_of(batch), batch)[0]] == [None, {"item_ids": ["b"]}]


def test_a_list_of_fixed_size_and_lists_of_whole_numbers_are_lists():
    assert sent("keywords", [["a", "b"], None], pa.list_(pa.string(), 2)) == [["a", "b"], None]
    assert sent("item_ids", [[1, 2], [None]], pa.list_(pa.int64())) == [["1", "2"], None]
    assert codes_of("item_ids", [[1.5], [2.0]], pa.list_(pa.float64())) == ["not_a_list", None]
    assert codes_of("item_ids", [[True], []], pa.list_(pa.bool_())) == ["not_a_list", None]


def test_lists_have_their_limits():
    assert codes_of("item_ids", [["a"] * 100, ["a"] * 101, ["a"] * 100 + [""]]) == [None, "too_many", None]
    assert codes_of("keywords", ["a," * 10, "a," * 11]) == [None, "too_many"]


def test_text_is_a_list_as_json_or_with_commas():
    assert sent("item_ids", ["a, b", '["a,b", 7]', "a", "[]", ",", " "]) == [
        ["a", "b"],
        ["a,b", "7"],
        ["a"],
        *[None] * 3,
    ]
    assert sent("item_ids", [42, None]) == [["42"], None]
    assert codes_of("item_ids", ["[a]", '["\\ud800"]', "[[]]", '{"a":1}']) == [*["not_a_list"] * 3, None]


def test_text_that_is_no_utf8_is_refused_in_its_rows_alone():
    assert codes_of("value", INVALID) == codes_of("quantity", INVALID) == [None, "invalid_utf8", "invalid_utf8"]
    assert codes_of("item_ids", INVALID) == [None, "invalid_utf8", "invalid_utf8"]
    assert codes_of("test_flag", INVALID)[1:] == ["invalid_utf8"] * 2
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), INVALID)
    assert codes_of("keywords", lists) == [None, "invalid_utf8"]


@pytest.mark.parametrize("name", ["test_flag", "value", "quantity", "item_ids", "category"])
def test_a_column_of_nulls_and_an_empty_batch_are_no_value(name):
    assert sent(name, pa.nulls(2)) == [None, None]
    empty = column(name, pa.array([], pa.float64() if name == "value" else pa.string()))
    assert len(encode(plan_of(empty), empty).rows) == 0


def test_constants_of_every_kind_stand_in_every_event():
    batch = table([GOOD, {**GOOD, "click_id": "b"}])
    constants = {"test_flag": "TRUE", "value": "12.50", "quantity": 3, "item_ids": ["a", '"'], "keywords": "x, y"}
    mapping = all_columns() | {name: Constant(value) for name, value in constants.items()}
    events, _ = both_agree(plan_of(batch, mapping), batch)
    assert events[0]["event"]["test_flag"] is True
    assert [event["custom"] for event in events] == [
        {"value": 12.5, "quantity": 3, "item_ids": ["a", '"'], "keywords": ["x", "y"]}
    ] * 2
