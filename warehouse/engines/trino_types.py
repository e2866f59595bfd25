"""What becomes of Trino's types, whose values come as JSON: Arrow's own where there is one, else text.

Times finer than a microsecond, times of day, intervals and identifiers are text; maps, rows, and arrays of anything
but plain values are JSON text.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.engines.base import QueryFailed

_PLAIN: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "date": pa.date32(),
    "varbinary": pa.binary(),
}
_LISTED = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "char"}
_SHAPE = re.compile(r"(?P<base>[a-z ]+?)(?:\((?P<inside>.*)\))?(?P<zoned> with time zone)?", re.DOTALL)
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_MICROSECONDS = 6


def schema(columns: list[tuple[str, str]], time_zone: str) -> pa.Schema:
    """Arrow's columns for (name, type in Trino's words) each; times with a zone are shown in `time_zone`."""
    return pa.schema([pa.field(name, arrow_type(kind, time_zone)) for name, kind in columns])


def arrow_type(kind: str, time_zone: str) -> pa.DataType:
    base, inside, zoned = _parts(kind)
    if base == "decimal":
        precision, _, scale = inside.partition(",")
        return pa.decimal128(int(precision), int(scale or 0))
    if base == "timestamp" and int(inside or 3) <= _MICROSECONDS:
        return pa.timestamp("us", time_zone if zoned else None)
    if base == "array" and _parts(inside)[0] in _LISTED:
        return pa.list_(_PLAIN[_parts(inside)[0]])
    return _PLAIN.get(base, pa.string())


def array(values: list[Any], name: str, kind: str, wanted: pa.DataType) -> pa.Array:
    """The JSON values of one column as `wanted`. Raises QueryFailed for what that cannot hold."""
    try:
        return _maker(wanted)(values, wanted)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        message = f'The column "{name}" ({kind}) holds a value that cannot be read here. Cast it to VARCHAR.'
        raise QueryFailed(message, user_error=True, detail=type(error).__name__) from error


def _parts(kind: str) -> tuple[str, str, bool]:
    """(the bare name, what stands in its parentheses, whether it has a time zone)."""
    found = _SHAPE.fullmatch(kind.strip().lower())
    return (found["base"], found["inside"] or "", bool(found["zoned"])) if found else ("", "", False)


def _maker(wanted: pa.DataType) -> Callable[[list[Any], pa.DataType], pa.Array]:
    if pa.types.is_string(wanted):
        return _texts
    if pa.types.is_floating(wanted):
        return _floats
    if pa.types.is_binary(wanted):
        return _binaries
    if pa.types.is_timestamp(wanted) and wanted.tz:
        return _moments
    if pa.types.is_list(wanted):
        return _lists
    if pa.types.is_temporal(wanted) or pa.types.is_decimal(wanted):
        return _cast
    return lambda values, kind: pa.array(values, kind)


def _cast(values: list[Any], wanted: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).cast(wanted)


def _texts(values: list[Any], wanted: pa.DataType) -> pa.Array:
    return pa.array([value if value is None or isinstance(value, str) else _json(value) for value in values], wanted)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _floats(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """NaN and the infinities come as text."""
    return pa.array([float(value) if isinstance(value, str) else value for value in values], wanted)


def _binaries(values: list[Any], wanted: pa.DataType) -> pa.Array:
    return pa.array([None if value is None else base64.b64decode(value) for value in values], wanted)


def _lists(values: list[Any], wanted: pa.DataType) -> pa.Array:
    if pa.types.is_floating(wanted.value_type):
        values = [v and [float(each) if isinstance(each, str) else each for each in v] for v in values]
    return pa.array(values, wanted)


def _moments(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """Local times, each with its zone or offset at the end, as moments. One zone at a time: mostly there is one."""
    split = [(None, None) if value is None else value.rsplit(" ", 1) for value in values]
    local = pa.array([time for time, _ in split], pa.string()).cast(pa.timestamp("us"))
    zones = [zone for _, zone in split]
    moments = pa.nulls(len(values), pa.timestamp("us", "UTC"))
    for zone in sorted({zone for zone in zones if zone}):
        here = pa.array([each == zone for each in zones])
        moments = pc.if_else(here, _utc(local, here, zone), moments)
    return moments.cast(wanted)


def _utc(local: pa.Array, here: pa.Array, zone: str) -> pa.Array:
    if _OFFSET.fullmatch(zone):
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        ahead = pa.scalar(minutes * 60_000_000 * (1 if zone[0] == "+" else -1), pa.duration("us"))
        return pc.subtract(local, ahead).cast(pa.timestamp("us", "UTC"))
    only_here = pc.if_else(here, local, pa.scalar(None, local.type))
    named = pc.assume_timezone(only_here, zone, ambiguous="earliest", nonexistent="earliest")
    return named.cast(pa.timestamp("us", "UTC"))
