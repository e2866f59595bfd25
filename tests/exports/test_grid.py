"""Rows as text, and what of them is masked."""

import datetime

import pyarrow as pa

from exports import grid
from exports.masking import personal_columns
from warehouse.cells import NULL, Cell


def cells(values, *, name="n", personal=(), reveal=False, kind=None):
    table = pa.table({name: pa.array(values, kind)})
    return [row[0] for row in grid.rows(table, personal=personal, reveal=reveal)]


def test_null_is_not_the_word_null():
    assert cells([None, "NULL"]) == [NULL, Cell("NULL")]


def test_personal_data_is_masked_wherever_it_stands():
    (cell,) = cells(["ask taro@example.jp about it"])
    assert "taro" not in cell.text and "example.jp" in cell.text


def test_a_column_of_personal_data_never_shows_a_whole_value():
    assert cells(["secret", "819012345678"], personal={"n"}) == [Cell("se•••"), Cell("81•••")]


def test_values_are_shown_as_they_are_on_demand():
    assert cells(["taro@example.jp"], personal={"n"}, reveal=True) == [Cell("taro@example.jp")]


def test_numbers_dates_and_lists_have_words():
    assert cells([1795360045]) == [Cell("1795360045")]
    assert cells([datetime.date(2026, 11, 23)]) == [Cell("2026-11-23")]
    assert cells([[1, 2]]) == [Cell("[1, 2]")]
    assert cells([b"\x00\xff"]) == [Cell("00ff")]


def test_a_moment_beyond_the_calendar_does_not_break_the_page():
    (cell,) = cells([2**62], kind=pa.timestamp("us"))
    assert cell.text


def test_a_long_value_is_cut():
    (cell,) = cells(["x" * 1000])
    assert cell.text == "x" * 200 + "…"


def test_an_empty_result_has_no_rows():
    assert cells([], kind=pa.string()) == []


def test_columns_are_personal_by_name_and_by_the_mapping():
    names = ["order_uid", "Tel", "line_uid", "note"]
    assert personal_columns(names) == {"Tel", "line_uid"}
    mapping = {"email": {"column": "NOTE"}, "deduplication_key": {"column": "order_uid"}}
    assert personal_columns(names, mapping) == {"Tel", "line_uid", "note"}
