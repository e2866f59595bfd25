"""A kept result in the formats of Treasure Data: streamed, in constant memory, however many rows there are.

Every value is unchanged, unlike in the downloads of the console, which spreadsheets open. Rows are arrays, in jsonl
objects; `header` puts the names before them.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import orjson

from exports.result_values import Special, as_is, as_null, in_words, values
from exports.results import KeptResult

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Format:
    """How rows become bytes; `header`: the names of the columns, None where the format has none of its own."""

    media: str
    lines: Callable[[Sequence[str], Rows], bytes]
    header: Callable[[Sequence[str]], bytes]
    special: Special = in_words


def stream(kept: KeptResult, form: Format, *, header: bool = False, nullify: bool = False) -> Iterator[bytes]:
    """Every row. `nullify`: a number that is not finite is NULL."""
    names = kept.schema.names
    if header:
        yield form.header(names)
    for rows in _rows(kept, as_null if nullify else form.special):
        yield form.lines(names, rows)


def _rows(kept: KeptResult, special: Special) -> Iterator[Rows]:
    for _, batch in kept.batches():
        yield list(zip(*(values(column, special) for column in batch.columns), strict=True))


def _json(names: Sequence[str], rows: Rows) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _jsonl(names: Sequence[str], rows: Rows) -> bytes:
    return b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)


def _msgpack(names: Sequence[str], rows: Rows) -> bytes:
    packer = msgpack.Packer(autoreset=False)
    for row in rows:
        packer.pack(row)
    return bytes(packer.bytes())


def _separated(separator: str) -> Callable[[Sequence[str], Rows], bytes]:
    def lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue().encode()

    return lines


def _cell(value: Any) -> Any:
    """NULL is an empty cell; what has parts is JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return orjson.dumps(value).decode()
    return repr(value)


def _first_row(lines: Callable[[Sequence[str], Rows], bytes]) -> Callable[[Sequence[str]], bytes]:
    return lambda names: lines(names, [tuple(names)])


CSV_LINES, TSV_LINES = _separated(","), _separated("\t")
MSGPACK = Format("application/msgpack", _msgpack, _first_row(_msgpack), as_is)
FORMATS = {
    "msgpack": MSGPACK,
    "json": Format("application/json", _json, _first_row(_json)),
    "jsonl": Format("application/x-ndjson", _jsonl, lambda names: b""),
    "csv": Format("text/csv; charset=utf-8", CSV_LINES, _first_row(CSV_LINES)),
    "tsv": Format("text/tab-separated-values; charset=utf-8", TSV_LINES, _first_row(TSV_LINES)),
}
