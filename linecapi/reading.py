"""The rows of a file that is imported."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
LONGEST = 64 << 20  # characters of a field
Row = dict[str, Any]


class Unreadable(Exception):
    """The file is not written as it should be."""


def rows(path: str, form: str) -> Iterator[Row]:
    """Each row as column → value. Raises Unreadable, and OSError."""
    try:
        yield from READERS[form.removesuffix(".gz")](path, form.endswith(".gz"))
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8. Convert it first.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"is no whole gzip file: {error}") from error


def _open(path: str, zipped: bool) -> BinaryIO:
    return gzip.open(path) if zipped else Path(path).open("rb")  # type: ignore[return-value]


# --- CSV and TSV: once through for the types of the columns, once for the rows --------------------------------------


def _csv(path: str, zipped: bool, delimiter: str = ",") -> Iterator[Row]:
    kinds: list[set[str]] = []
    for line in _lines(path, zipped, delimiter):
        kinds = kinds or [set() for _ in line]
        for found, text in zip(kinds, line, strict=True):
            if text:
                found.add(_kind(text))
    readers = [_reader(found) for found in kinds]
    lines = _lines(path, zipped, delimiter, head=True)
    names = _names(next(lines, []))
    for line in lines:
        yield {name: read(text) if text else None for name, read, text in zip(names, readers, line, strict=True)}


def _tsv(path: str, zipped: bool) -> Iterator[Row]:
    return _csv(path, zipped, "\t")


def _lines(path: str, zipped: bool, delimiter: str, *, head: bool = False) -> Iterator[list[str]]:
    """The lines with as many fields as the header has, which comes first if `head`."""
    csv.field_size_limit(LONGEST)
    with _open(path, zipped) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            names = next(reader, [])
            if head:
                yield names
            for line in filter(None, reader):
                if len(line) != len(names):
                    says = f"line {reader.line_num} has {len(line)} fields, the header {len(names)}."
                    raise Unreadable(says)
                yield line
        except csv.Error as error:
            raise Unreadable(f"line {reader.line_num}: {error}") from error


def _names(header: list[str]) -> list[str]:
    twice = sorted({name for name in header if header.count(name) > 1})
    if not header or not all(header) or twice:
        raise Unreadable(f"the first line must name each column once{': ' + ', '.join(twice) if twice else ''}.")
    return header


def _kind(text: str) -> str:
    if INTEGER.fullmatch(text):
        return "integer"
    if NUMBER.fullmatch(text):
        return "number"
    return "boolean" if text in ("true", "false") else "text"


def _reader(kinds: set[str]) -> Callable[[str], Any]:
    """How a column of these kinds is read: as text, unless nothing is lost by more."""
    if kinds == {"integer"}:
        return int
    if kinds and kinds <= {"integer", "number"}:
        return float
    return (lambda text: text == "true") if kinds == {"boolean"} else str


# --- JSON Lines and msgpack: values are typed already ---------------------------------------------------------------


def _jsonl(path: str, zipped: bool) -> Iterator[Row]:
    with _open(path, zipped) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise Unreadable(f"line {number} is no JSON: {error}") from error
            yield _object(row, f"line {number}")


def _msgpack(path: str, zipped: bool) -> Iterator[Row]:
    with _open(path, zipped) as packed:
        unpacker = msgpack.Unpacker(packed, raw=False)
        number = 0
        try:
            for number, row in enumerate(unpacker, 1):
                yield _object(row, f"row {number}")
        except (ValueError, msgpack.UnpackException) as error:
            raise Unreadable(f"row {number + 1} is no msgpack: {error}") from error


def _object(row: Any, where: str) -> Row:
    if not isinstance(row, dict) or not all(isinstance(name, str) and name for name in row):
        raise Unreadable(f"{where} is no object with names and values.")
    return row


READERS: dict[str, Callable[[str, bool], Iterator[Row]]] = {
    "csv": _csv,
    "tsv": _tsv,
    "jsonl": _jsonl,
    "msgpack": _msgpack,
}
