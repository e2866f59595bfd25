"""Cells of any Arrow type as text, as numbers, as UNIX seconds, and as the plain values that `explain` reads."""

import datetime
import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from integrations.spec import Field, Kind
from integrations.typed import NUMBER

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

TEXT, INT64, DOUBLE = pa.string(), pa.int64(), pa.float64()
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
SLOT = 900  # seconds; every zone's clock changes on a quarter of an hour
DAY = 86400

_NO_TEXT = pa.scalar(None, TEXT)
_NO_FLOAT = pa.scalar(None, pa.float64())
_WIDEST_FLOAT = pa.scalar(2.0**53)
_WIDEST_UNSIGNED = pa.scalar(2**63 - 1, pa.uint64())
_DIGITS = pc.MatchSubstringOptions(r"^-?[0-9]{1,18}$")
_NUMBER = pc.MatchSubstringOptions(f"^(?:{NUMBER})$")


@dataclass(frozen=True)
class Texts:
    """A column as text. `refused`: rows that hold a value which is no text, or None when there are none."""

    array: pa.StringArray
    refused: Mask | None = None


def type_problem(field: Field, type_: pa.DataType) -> str | None:
    """Why a column of this type can not be this field; None when its rows decide."""
    type_ = _value_type(type_)
    time = pa.types.is_timestamp(type_) or pa.types.is_date(type_)
    strings = is_list(type_) and _is_scalar(_value_type(type_.value_type))
    if _is_scalar(type_) or (time and field.kind == "epoch") or (strings and field.kind == "list"):
        return None
    return f"is of type {type_}; {_WANTED[field.kind]} is needed: convert it in the query"


_WANTED: dict[Kind, str] = {
    "text": "text",
    "epoch": "a time or a whole number of seconds",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "list": "a list of strings, or text",
}


def _is_scalar(type_: pa.DataType) -> bool:
    if pa.types.is_decimal(type_):
        return bool(type_.scale >= 0)
    return is_text(type_) or any(test(type_) for test in _SCALARS)


_SCALARS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
)


def is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def is_list(type_: pa.DataType) -> bool:
    return any(test(type_) for test in _LISTS)


_LISTS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)


def _value_type(type_: pa.DataType) -> pa.DataType:
    if isinstance(type_, pa.BaseExtensionType):
        return _value_type(type_.storage_type)
    return _value_type(type_.value_type) if pa.types.is_dictionary(type_) else type_


def plain(array: pa.Array) -> pa.Array:
    """The array without extension type, dictionary and views, which not every function of Arrow knows."""
    if isinstance(array.type, pa.BaseExtensionType):
        return plain(array.storage)
    if pa.types.is_dictionary(array.type):
        return plain(array.dictionary_decode())
    if is_list(array.type):
        return _plain_list(array)
    return array.cast(TEXT) if pa.types.is_string_view(array.type) else array


def _plain_list(array: pa.Array) -> pa.ListArray:
    """Any kind of list, its values plain. (Arrow 26 casts views of lists to lists with values missing.)"""
    lengths = pc.list_value_length(array)
    ends = np.cumsum(lengths.fill_null(0).to_numpy(), dtype=np.int32)
    starts = pa.array(np.concatenate([np.zeros(1, np.int32), ends]))
    return pa.ListArray.from_arrays(starts, plain(array.flatten()), mask=lengths.is_null() if len(array) else None)


def bools(mask: pa.BooleanArray) -> Mask:
    """A boolean array as numpy; null counts as false."""
    flags: Mask = (mask.fill_null(False) if mask.null_count else mask).to_numpy(zero_copy_only=False)
    return flags


def offsets(array: pa.StringArray) -> npt.NDArray[np.int32]:
    """Byte positions of the cells in the array's data: one more than cells. The array is not empty."""
    return np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]


def filled(cells: pa.StringArray, lengths: npt.NDArray[np.int32]) -> Mask:
    """The cells that are neither null nor empty. `lengths`: of the cells in bytes."""
    present: Mask = lengths > 0
    if cells.null_count:
        present &= bools(cells.is_valid())  # a null slot may hold bytes
    return present


def has_value(array: pa.Array) -> Mask:
    """The rows of an array of any type that are neither null nor empty text. It has rows."""
    array = plain(array)
    if is_text(array.type):
        array = array.cast(TEXT)
        return filled(array, np.diff(offsets(array)))
    return bools(array.is_valid())


# --- as text -----------------------------------------------------------------------------------------------------


def texts(array: pa.Array) -> Texts:
    """Text as it is, whole numbers as their digits; anything else is refused."""
    array = plain(array)
    if array.type == TEXT:
        return Texts(array)
    if is_text(array.type) or pa.types.is_integer(array.type) or pa.types.is_null(array.type):
        return Texts(array.cast(TEXT))
    digits = pa.nulls(len(array), TEXT) if pa.types.is_boolean(array.type) else _whole(array).cast(TEXT)
    refused = bools(pc.and_(array.is_valid(), digits.is_null(nan_is_null=False)))
    return Texts(digits, refused if refused.any() else None)


def _whole(array: pa.Array) -> pa.Array:
    """Floats and decimals without a fraction as whole numbers; the others become null."""
    if pa.types.is_floating(array.type):
        array = array.cast(pa.float64())
        # NaN equals nothing, infinity is not below 2^53
        exact = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _WIDEST_FLOAT))
        return pc.if_else(exact, array, _NO_FLOAT).cast(INT64)
    array = array.cast(pa.decimal256(76, array.type.scale))
    exact = pc.equal(pc.trunc(array), array)
    return pc.if_else(exact, array, pa.scalar(None, array.type)).cast(pa.decimal256(76, 0))


# --- as numbers --------------------------------------------------------------------------------------------------


def integers(array: pa.Array) -> pa.Int64Array:
    """→ int64; what is neither a whole number of 64 bits nor digits becomes null. Times are none."""
    array = plain(array)
    if array.type == INT64:
        return array
    if is_text(array.type):
        array = array.cast(TEXT)
        return pc.if_else(pc.call_function("match_substring_regex", [array], _DIGITS), array, _NO_TEXT).cast(INT64)
    return _int64(array) if _is_number(array.type) else pa.nulls(len(array), INT64)


def doubles(array: pa.Array) -> pa.DoubleArray:
    """→ the nearest double; what is no number becomes null, NaN stays. Times are none."""
    array = plain(array)
    if is_text(array.type):
        array = array.cast(TEXT)
        array = pc.if_else(pc.call_function("match_substring_regex", [array], _NUMBER), array, _NO_TEXT)
    elif pa.types.is_decimal(array.type):
        array = array.cast(pa.decimal256(76, array.type.scale)).cast(TEXT)  # read from text, the double is the nearest
    return array.cast(DOUBLE, safe=False) if not pa.types.is_boolean(array.type) else pa.nulls(len(array), DOUBLE)


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _int64(array: pa.Array) -> pa.Int64Array:
    if pa.types.is_decimal(array.type):
        array = _whole(array)
        low, high = (pa.scalar(bound, INT64).cast(array.type) for bound in (-(2**63), 2**63 - 1))
        inside = pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high))
        return pc.if_else(inside, array, pa.scalar(None, array.type)).cast(INT64)
    if pa.types.is_floating(array.type):
        return _whole(array)
    if array.type == pa.uint64():
        array = pc.if_else(pc.less_equal(array, _WIDEST_UNSIGNED), array, pa.scalar(None, array.type))
    return array.cast(INT64)


# --- as seconds --------------------------------------------------------------------------------------------------


class LocalTime:
    """Clock readings of one zone → UTC. Exact for UTC times within [first, last]; all others stay outside of it.

    A reading that comes twice is the first of the two, one that is skipped goes on as before the change: the way of
    Python's `datetime` with fold=0.
    """

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        self.zone = zone
        self.readings = range((first - 2 * DAY) // SLOT * SLOT, last + 2 * DAY, SLOT)

    @functools.cached_property
    def shifts(self) -> Ints:
        """What to add to a reading, for each slot."""
        return np.array([utc_seconds(self.zone, reading) - reading for reading in self.readings], np.int64)

    def utc(self, readings: Ints) -> Ints:
        """Seconds as the clock shows them → UNIX seconds."""
        first, last = self.readings[0], self.readings[-1]
        result: Ints = readings + self.shifts[(np.clip(readings, first, last) - first) // SLOT]
        return result


def utc_seconds(zone: ZoneInfo, reading: int) -> int:
    """One clock reading (seconds since 1970 on that clock) → UNIX seconds. Far from any year it stays as it is."""
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=reading)
        return math.floor(moment.replace(tzinfo=zone).timestamp())
    except (OverflowError, ValueError):
        return reading


def seconds(array: pa.Array, local: LocalTime) -> pa.Int64Array:
    """→ int64 UNIX seconds; what is no whole number of seconds becomes null. A time's fraction is dropped."""
    array = plain(array)
    type_ = array.type
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        ticks, per_second = _ticks(array)
        return _moments(ticks, per_second, None if getattr(type_, "tz", None) else local)
    return integers(array)


def _ticks(array: pa.Array) -> tuple[pa.Int64Array, int]:
    """A time column as counts since 1970, and how many of them make a second (of a date32: -86400 days)."""
    if pa.types.is_date32(array.type):
        return pc.multiply(array.cast(pa.int32()).cast(INT64), pa.scalar(DAY, INT64)), 1
    unit = "ms" if pa.types.is_date64(array.type) else array.type.unit
    return array.cast(INT64), UNITS[unit]


def _moments(ticks: pa.Int64Array, per_second: int, local: LocalTime | None) -> pa.Int64Array:
    readings: Ints = ticks.fill_null(0).to_numpy() // per_second
    moments = readings if local is None else local.utc(readings)
    return pa.array(moments, INT64, mask=bools(ticks.is_null()) if ticks.null_count else None)


# --- as plain values ---------------------------------------------------------------------------------------------


def plain_values(array: pa.Array, zone: ZoneInfo) -> list[Any]:
    """The cells as str, int, float, Decimal, bool, None, or lists of these.

    Text that is not valid UTF-8: bytes. Times: UNIX seconds.
    """
    array = plain(array)
    if is_list(array.type):
        return _lists(array, zone)
    if is_text(array.type):
        return [_decoded(cell) for cell in array.cast(TEXT).cast(pa.binary()).to_pylist()]
    if not (pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)):
        values: list[Any] = array.to_pylist()
        return values
    ticks, per_second = _ticks(array)
    readings = [None if tick is None else tick // per_second for tick in ticks.to_pylist()]
    if getattr(array.type, "tz", None):
        return readings
    return [None if reading is None else utc_seconds(zone, reading) for reading in readings]


def _lists(array: pa.Array, zone: ZoneInfo) -> list[Any]:
    items = iter(plain_values(array.flatten(), zone))
    lengths = pc.list_value_length(array).to_pylist()
    return [None if length is None else list(itertools.islice(items, length)) for length in lengths]


def _decoded(cell: bytes | None) -> str | bytes | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return cell
