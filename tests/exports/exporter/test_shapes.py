"""Tests without regular expressions say what Python's `re` says of the same pattern."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.cells import offsets
from exports.exporter.patterns import READY, READY_ANY_CASE
from exports.exporter.shapes import shape_of, test_of
from integrations.connectors.line_conversion import CONNECTOR
from integrations.spec import Pattern
from tests.exports.exporter.rows import both_agree, column, plan_of

test_of.__test__ = False  # pytest would take it for a test by its name

PATTERNS = {rule.regex for field in CONNECTOR.fields for rule in field.rules if isinstance(rule, Pattern)}
CLASSES = ["[0-9a-f]", "[a-zA-Z0-9_-]", "[_0-9-]", "[.,]", "[+-]", "[ -Z]"]
CHARACTERS = st.sampled_from([*"09afAFzZgU_-+,./:@`~ \n\0\x7f", "９", "あ", "😀", "é"])

items = st.sampled_from([*CLASSES, "U", "-", "7", "_"])
counted = st.builds("{}{}".format, items, st.sampled_from(["", "", "{1}", "{2}", "{3}"]))
groups = st.builds(
    "({}){}".format, st.lists(counted, min_size=1, max_size=2).map("".join), st.sampled_from(["", "{2}"])
)
fixed = st.lists(counted | groups, min_size=1, max_size=4).map("".join)
ranged = st.builds("{}{}{}".format, fixed, st.sampled_from(CLASSES), st.sampled_from(["{1,3}", "{0,2}", "{2,5}"]))
patterns = fixed | ranged | st.sampled_from(CLASSES).map("{}+".format)


def cells_of(values, nulls=(), start=0):
    """A text array with the values in `nulls` null, though their bytes stand in it, without the first `start`."""
    array = pa.array(values, pa.string())
    valid = pa.array([n not in nulls for n in range(len(values))]).buffers()[1]
    return pa.Array.from_buffers(pa.string(), len(values), [valid, *array.buffers()[1:]]).slice(start)


def found(pattern, cells):
    """Where the pattern matches, by its shape."""
    mask = test_of(shape_of(pattern))(cells, np.diff(offsets(cells)))
    return [True] * len(cells) if mask is None else mask.tolist()


def values_for(pattern):
    """Values that match, and ones that miss by a little."""
    return st.lists(
        st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
        | st.builds(lambda text, more: text[:-1] + more, st.from_regex(pattern, fullmatch=True), CHARACTERS)
        | st.text(CHARACTERS, max_size=12),
        min_size=1,
        max_size=12,
    )


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_shape_matches_what_its_pattern_matches(data):
    pattern = data.draw(patterns)
    values = data.draw(values_for(pattern))
    nulls = data.draw(st.sets(st.integers(0, len(values) - 1)))
    start = data.draw(st.integers(0, len(values) - 1))
    cells = cells_of(values, nulls, start)
    told = [(value, seen) for value, seen in zip(cells.to_pylist(), found(pattern, cells), strict=True) if value]
    assert told == [(value, bool(re.fullmatch(pattern, value))) for value, _ in told]


@pytest.mark.parametrize("pattern", sorted({*PATTERNS, READY, READY_ANY_CASE}))
def test_every_pattern_of_the_connector_has_a_shape(pattern):
    assert shape_of(pattern)


REPEATED = [
    "a+",
    "a*",
    "a?",
    "[a-z]{1,}",
    "[a-z]{1,3}[0-9]",
    "([a-z]{1,3}){2}",
    "[a-z]{2}?",
    "[a][b]+",
    "a{2",
    "a{}",
    "a{²}",
    "a{٢}",
]
OTHERS = ["", "a|b", "(a|b){2}", "(?:ab)", "((a)b)", "[^a]", r"\d{2}", r"[\]a]", "[あ]", "あ", ".", "^a", "a$"]


@pytest.mark.parametrize("pattern", REPEATED + OTHERS)
def test_any_other_pattern_has_none(pattern):
    assert shape_of(pattern) is None


def test_bytes_of_null_slots_are_no_cells():
    cells = cells_of(["12", "34", "5", "xx", "78"], nulls={1})
    seen = found("[0-9]{2}", cells)
    assert [seen[0], *seen[2:]] == [True, False, False, True]


def test_bytes_that_are_no_utf8_match_nothing():
    raw = pa.array([b"a\xff", b"ab", b"\xc3\xa9"], pa.binary())
    cells = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    assert found("[a-z]{2}", cells) == found("[a-z]+", cells) == [False, True, False]


def test_a_column_without_any_bytes_matches_nothing_of_a_length():
    assert found("[0-9]{2}", pa.nulls(3, pa.string())) == [False] * 3


WHOLE = {
    "browser_id": "123e4567-e89b-12d3-a456-426614174000",
    "line_uid": "U" + "0f" * 16,
    "phone": "0f" * 32,
    "email": "0f" * 32,
    "external_id": "abc",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_null_slot_with_bytes_is_no_value(name):
    value = WHOLE[name]
    batch = column(name, cells_of([value, value, "x y", "", value[:-1] + "!", value], nulls={1}))
    events, rejects = both_agree(plan_of(batch), batch)
    assert [row for row, _ in rejects] == [2, 4]
    assert [name in event["user"] for event in events] == [True, False, False, True]
