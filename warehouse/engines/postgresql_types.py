"""What becomes of PostgreSQL's types: Arrow's own where there is one, else text, made by the server itself.

numeric(p, s) becomes a decimal where Arrow's 38 digits hold it; numeric without a precision is text, because it may
have any number of digits. Times with a zone carry the zone of the session.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.engines.base import QueryFailed

_PLAIN = {
    *("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "bytea", "date", "time"),
    *("timestamp", "timestamptz"),
}
_DIGITS = 38
# Arrow's timestamps reach further than Python's and DuckDB's, and infinity is the furthest of them.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999 in microseconds
_DAY = 86_400_000_000


_AS_IS, _INTEGER, _TEXT, _TEXTS = "{}", "{}::int8", "{}::text", "{}::text[]"
_ADDRESS = "pg_catalog.abbrev({})"  # without the /32 that a cast of an address would add
_BECOMES = {_INTEGER: pa.int64(), _TEXT: pa.string(), _ADDRESS: pa.string(), _TEXTS: pa.list_(pa.string())}


def expressions(bound: pa.Schema) -> list[str]:
    """For each column what the server makes of it, `{}` standing for the column; "{}" where nothing is made."""
    return [_expression(field) for field in bound]


def schema(bound: pa.Schema, time_zone: str) -> pa.Schema:
    """The columns as they come out of `converted`."""
    return pa.schema([pa.field(field.name, _target(field, time_zone)) for field in bound])


def converted(batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    """The driver's batch with the types of `wanted`. Raises QueryFailed for values that these cannot hold."""
    columns = [_converted(column, field) for column, field in zip(batch.columns, wanted, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=wanted)


def _type_name(field: pa.Field) -> str:
    return str((field.metadata or {}).get(b"POSTGRESQL:type", b""), "utf-8")


def _expression(field: pa.Field) -> str:
    name = _type_name(field)
    if name in _PLAIN or name == "numeric":
        return _AS_IS
    if pa.types.is_list(field.type):
        return _AS_IS if name.removeprefix("_") in _PLAIN else _TEXTS
    return {"oid": _INTEGER, "inet": _ADDRESS}.get(name, _TEXT)


def _target(field: pa.Field, time_zone: str) -> pa.DataType:
    if made := _BECOMES.get(_expression(field)):
        return made
    if _type_name(field) == "numeric":
        return _decimal(field)
    return _zoned(field.type, time_zone)


def _zoned(kind: pa.DataType, time_zone: str) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_zoned(kind.value_type, time_zone))
    return pa.timestamp("us", time_zone) if pa.types.is_timestamp(kind) and kind.tz else kind


def _decimal(field: pa.Field) -> pa.DataType:
    """numeric's precision and scale are in the type modifier: 16 bits and 11 bits with a sign, and 4 for the header."""
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1")) - 4
    precision, scale = modifier >> 16, ((modifier & 0x7FF) ^ 1024) - 1024
    fits = modifier >= 0 and 0 <= scale <= precision <= _DIGITS
    return pa.decimal128(precision, scale) if fits else pa.string()


def _converted(column: pa.Array, field: pa.Field) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    try:
        column = column if column.type == field.type else column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise _unfit(field, "a value that a decimal cannot hold, such as NaN", str(error)) from error
    if pa.types.is_temporal(field.type) and not _in_years(column):
        raise _unfit(field, "infinity, or a time outside the years 1 to 9999")
    return column


def _in_years(column: pa.Array) -> bool:
    if pa.types.is_time(column.type):
        return True
    days = pa.types.is_date32(column.type)
    found: Any = pc.min_max(column.cast(pa.int32()).cast(pa.int64()) if days else column.cast(pa.int64())).as_py()
    unit = _DAY if days else 1
    return found["min"] is None or (found["min"] * unit >= _FIRST and found["max"] * unit <= _LAST)


def _unfit(field: pa.Field, what: str, detail: str = "") -> QueryFailed:
    message = f'The column "{field.name}" holds {what}. Write {field.name}::text to get it as text.'
    return QueryFailed(message, user_error=True, detail=detail)
