"""Columns of numbers, truth values and lists, as the JSON that stands in the event.

`integrations.typed` says what each rule means; what stands here must refuse and print exactly as it does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from exports.exporter.cells import INT64, TEXT, Mask, bools, doubles, has_value, integers, is_text, plain, plain_values
from exports.exporter.patterns import matches
from integrations.spec import Number, StringList, Truth, TypedRule

_ZERO = pa.scalar(0, INT64)
_is_true, _is_false = matches("^[Tt][Rr][Uu][Ee]$"), matches("^[Ff][Aa][Ll][Ss][Ee]$")
_UTC = ZoneInfo("UTC")  # no list holds times


@dataclass(frozen=True)
class Typed:
    """A column. `good`: where the value is accepted; `cells`: its JSON there, anything elsewhere."""

    present: Mask
    good: Mask
    cells: pa.StringArray


Reader = Callable[[pa.Array], Typed]


def reader(rule: TypedRule) -> Reader:
    match rule:
        case Number(whole=True, most=most):
            return lambda array: _whole_numbers(array, most)
        case Number(most=most):
            return lambda array: _numbers(array, most)
        case Truth():
            return _truths
        case StringList():
            return lambda array: _lists(array, rule)


def _whole_numbers(array: pa.Array, most: int) -> Typed:
    found = integers(array)
    good = bools(pc.and_(pc.greater_equal(found, _ZERO), pc.less_equal(found, pa.scalar(most, INT64))))
    return Typed(has_value(array), good, found.cast(TEXT))


def _numbers(array: pa.Array, most: int) -> Typed:
    numbers = doubles(array).fill_null(-1.0).to_numpy()
    good: Mask = (numbers >= 0) & (numbers <= most)
    numbers = np.where(good, numbers, 0)
    cells = pa.array(numbers.astype(np.int64)).cast(TEXT)
    fractions = np.flatnonzero(numbers != np.floor(numbers))
    if len(fractions):
        texts = orjson.dumps(numbers[fractions].tolist())[1:-1].decode().split(",")
        mask = np.zeros(len(numbers), bool)
        mask[fractions] = True
        cells = pc.replace_with_mask(cells, pa.array(mask), pa.array(texts, TEXT))
    return Typed(has_value(array), good, cells)


def _truths(array: pa.Array) -> Typed:
    array = plain(array)
    if pa.types.is_boolean(array.type):
        there = bools(array.is_valid())
        return Typed(there, there, array.cast(TEXT))
    true = false = np.zeros(len(array), bool)
    if is_text(array.type):
        text = array.cast(TEXT)
        true, false = _is_true(text), _is_false(text)
    return Typed(has_value(array), true | false, pa.array(true).cast(TEXT))


def _lists(array: pa.Array, rule: StringList) -> Typed:
    """Row by row: lists are few, and short."""
    found = [[] if value is None else rule.read(value) for value in plain_values(array, _UTC)]  # None: no list
    good = np.array([bool(strings) and len(strings or ()) <= rule.most for strings in found], bool)
    cells = [orjson.dumps(strings).decode() if ok else None for strings, ok in zip(found, good.tolist(), strict=True)]
    return Typed(np.array([strings != [] for strings in found], bool), good, pa.array(cells, TEXT))
