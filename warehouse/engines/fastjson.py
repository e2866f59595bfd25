"""JSON Lines many rows at a time, for files about which there is no doubt; the others are read by `textfile`.

Arrow's parser reads a stream of objects, wherever its lines end, takes NaN for a number and any bytes for text. So it
is only given text in lines that begin with { and end with }. Such a line cannot be a part of an object, because no
JSON goes on with { after }; and where there are as many rows as lines, none can be two objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from warehouse.engines.fasttext import BLOCK, Doubt, ahead, in_pieces

_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    # These come as text and are cast like that of a CSV file.
    "TIMESTAMP": pa.string(),
    "DATE": pa.string(),
}
_LF, _CR, _OPEN, _CLOSE = b"\n\r{}"


def tables(file: BinaryIO, keys: Mapping[str, str], *, block: int = BLOCK) -> Iterator[pa.Table]:
    """The rows, a column for each key, in `keys`' order; what has no value is NULL. Raises Doubt at any time.

    keys: {key: the column's type}. Any other key is a doubt, and so is a value of another kind than the type's.
    """
    if not keys or not set(keys.values()) <= _TYPES.keys():
        raise Doubt
    schema = pa.schema([(key, _TYPES[kind]) for key, kind in keys.items()])
    return ahead(lambda piece: _parsed(piece, schema), in_pieces(file, lambda text: text.rfind(b"\n") + 1, block))


def _parsed(piece: bytes, schema: pa.Schema) -> pa.Table:
    lines = _lines(piece)
    reading = pa.json.ReadOptions(block_size=len(piece), use_threads=False)
    parsing = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    try:
        table = pa.json.read_json(pa.BufferReader(piece), reading, parsing)
    except pa.ArrowInvalid as error:
        raise Doubt from error
    if table.num_rows != lines or not all(_is_finite(column) for column in table.columns):
        raise Doubt
    return table


def _lines(piece: bytes) -> int:
    """How many lines there are. Raises Doubt if one is not text, or does not look like an object."""
    codes = np.frombuffer(b"\n" + piece, np.uint8)
    ends = np.flatnonzero(codes == _LF)
    last = codes[ends[1:] - 1]
    closing = np.where(last == _CR, codes[ends[1:] - 2], last)
    if b"\0" in piece or not (codes[ends[:-1] + 1] == _OPEN).all() or not (closing == _CLOSE).all():
        raise Doubt
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        raise Doubt from error
    return len(ends) - 1


def _is_finite(column: pa.ChunkedArray) -> bool:
    return not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False
