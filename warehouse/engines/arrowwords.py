"""Arrow types in DuckDB's words, in which `Column.type` is written."""

from __future__ import annotations

import pyarrow as pa

_WORDS = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
}


def word(kind: pa.DataType) -> str:
    """Such as BIGINT, DECIMAL(18,3), TIMESTAMP WITH TIME ZONE or VARCHAR[]."""
    if pa.types.is_list(kind):
        return f"{word(kind.value_type)}[]"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
    return _WORDS.get(kind, str(kind).upper())
