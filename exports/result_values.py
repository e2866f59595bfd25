"""A result's values as Treasure Data's clients get them.

Whole numbers, floating-point numbers, text and booleans are what they are; arrays, and maps and rows as objects, hold
such values again. The rest is text as Trino writes it: 2026-11-30, 2026-11-30 14:00:00.000, 2026-11-30 14:00:00.000
UTC, 14:00:00.000, 12.50, and base64 for binary data.
"""

import base64
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Special = Callable[[float], Any]
"""What stands for a number that is not finite."""
_WHOLE = (-(2**63), 2**64)  # what msgpack and JSON hold as a number, half-open
_FINER = r"(\.\d{3}(?:\d{3})*?)(?:000)+$"


def as_is(number: float) -> float:
    return number


def as_null(number: float) -> None:
    return None


def in_words(number: float) -> str:
    """As Trino has it in JSON, which knows no such numbers."""
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def values(column: pa.Array, special: Special = as_is) -> list[Any]:
    """The values of one column; None for NULL."""
    column = _storage(column)
    kind = column.type
    if _is_plain(kind):
        return list(column.to_pylist())
    if pa.types.is_floating(kind):
        return _floats(column, special)
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return _times(column)
    if pa.types.is_date(kind):
        return list(column.cast(pa.string()).to_pylist())
    if pa.types.is_dictionary(kind):
        return values(column.cast(kind.value_type), special)
    if pa.types.is_struct(kind):
        return _structs(column, special)
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(column, special)
    if pa.types.is_fixed_size_list(kind):
        return _lists(column.cast(pa.list_(kind.value_type)), special)
    return [None if value is None else _text(value) for value in _raw(column)]


def has_floats(kind: pa.DataType) -> bool:
    """Whether its values may not be finite."""
    if pa.types.is_floating(kind):
        return True
    return any(has_floats(kind.field(n).type) for n in range(kind.num_fields))


def _storage(column: pa.Array) -> pa.Array:
    """An extension's values are those that it is kept as; an identifier is text."""
    if not isinstance(column.type, pa.BaseExtensionType):
        return column
    if column.type.extension_name == "arrow.uuid":
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    return column.storage


def _is_plain(kind: pa.DataType) -> bool:
    """Whether clients get what Python has for it."""
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(text or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _floats(column: pa.Array, special: Special) -> list[Any]:
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.string()).cast(pa.float64())  # 0.1, not 0.10000000149
    found: list[Any] = column.to_pylist()
    if special is as_is or pc.all(pc.is_finite(column)).as_py() in (True, None):
        return found
    return [value if value is None or math.isfinite(value) else special(value) for value in found]


def _times(column: pa.Array) -> list[str | None]:
    """With milliseconds, and finer only where there is something."""
    zone = getattr(column.type, "tz", None)
    local = pc.local_timestamp(column) if zone else column
    if local.type.unit == "s":
        local = local.cast(pa.timestamp("ms") if pa.types.is_timestamp(local.type) else pa.time32("ms"))
    text = pc.replace_substring_regex(local.cast(pa.string()), _FINER, r"\1")
    found: list[str | None] = text.to_pylist()
    return [value and f"{value} {_zone(zone)}" for value in found] if zone else found


def _zone(name: str) -> str:
    return "UTC" if name in ("Etc/UTC", "+00:00") else name


def _lists(column: pa.Array, special: Special) -> list[Any]:
    """Arrays; maps, which are arrays of pairs, as objects."""
    if is_map := pa.types.is_map(column.type):
        column = column.cast(pa.list_(pa.struct([column.type.key_field, column.type.item_field])))
    flat, at, found = column.flatten(), 0, []
    if is_map:
        inner = list(zip(map(_key, values(flat.field(0))), values(flat.field(1), special), strict=True))
    else:
        inner = values(flat, special)
    for length in pc.list_value_length(column).to_pylist():
        some = inner[at : at + (length or 0)]
        found.append(None if length is None else dict(some) if is_map else some)
        at += length or 0
    return found


def _structs(column: pa.StructArray, special: Special) -> list[Any]:
    names = [field.name for field in column.type]
    rows = zip(*(values(each, special) for each in column.flatten()), strict=True)
    missing = column.is_null().to_pylist()
    return [None if gone else dict(zip(names, row, strict=True)) for gone, row in zip(missing, rows, strict=True)]


def _key(key: Any) -> str:
    """Clients take only text as a key."""
    return key if isinstance(key, str) else str(key)


def _raw(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # a length of time that Python has no value for
        return [str(scalar) for scalar in column]


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _interval(value) if isinstance(value, pa.MonthDayNano) else str(value)


def _decimal(value: Decimal) -> int | str:
    """DuckDB makes a decimal without places of a sum of whole numbers: that is a number for clients."""
    whole = value.as_tuple().exponent == 0 and _WHOLE[0] <= value < _WHOLE[1]
    return int(value) if whole else f"{value:f}"


def _interval(value: Any) -> str:
    """1-2 for a year and two months, 3 04:05:06.007 for days and time; both where there are both."""
    seconds, nanoseconds = divmod(abs(value.nanoseconds), 10**9)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{nanoseconds // 10**6:03}"
    days = f"{value.days} {'-' * (value.nanoseconds < 0)}{clock}"
    months = f"{'-' * (value.months < 0)}{abs(value.months) // 12}-{abs(value.months) % 12}"
    told = [months] if value.months else []
    return " ".join([*told, days] if value.days or value.nanoseconds or not told else told)
