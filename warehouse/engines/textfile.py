"""CSV, TSV and JSON Lines as rows of text, each with the line it starts on. Nothing is guessed or repaired."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, Protocol

from warehouse.engines.base import LoadFailed
from warehouse.engines.opening import Unreadable

_FROM_TEXT = frozenset({"BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"})
_FROM_JSON = {
    "a number": frozenset({"BIGINT", "DOUBLE"}),
    "a boolean": frozenset({"BOOLEAN"}),
    "a list": frozenset({"VARCHAR[]"}),
}

DELIMITERS = {"csv": ",", "tsv": "\t"}
LONGEST_LINE = 8 * 1024 * 1024
LONGEST_FIELD = 2 * 1024 * 1024

Row = tuple[int, list[str | None]]
"""The line that a row starts on (from 1) and its fields. A row may be shorter than the header: the rest is NULL."""


class Source(Protocol):
    """A text file's rows. `header` are the names as the file has them; JSON Lines may find more on the way."""

    header: list[str]

    def __iter__(self) -> Iterator[Row]: ...

    def candidates(self, index: int) -> frozenset[str]:
        """The types, beside VARCHAR, that column `index` may be suggested as, going by the rows so far."""


class Delimited:
    """A CSV or TSV file with a header line; quotes are doubled, a quoted field may hold line ends, empty is NULL."""

    def __init__(self, file: BinaryIO, delimiter: str) -> None:
        csv.field_size_limit(LONGEST_FIELD)
        self._reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
        self._rows = self._read()
        first = next(self._rows, None)
        if first is None:
            raise LoadFailed("The file is empty. A header line with the names of the columns was expected.", line=1)
        self.header = [field or "" for field in first[1]]

    def __iter__(self) -> Iterator[Row]:
        width = len(self.header)
        for line, fields in self._rows:
            if len(fields) != width:
                _wrong(line, f"has {_many(len(fields), 'field')}, but the header has {_many(width, 'column')}.")
            yield line, fields

    def candidates(self, index: int) -> frozenset[str]:
        return _FROM_TEXT

    def _read(self) -> Iterator[Row]:
        while True:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                _wrong(line, f"is not well formed: {_complaint(error, line)}.")
            if fields:
                yield line, [field or None for field in fields]


class JsonLines:
    """A file with one JSON object a line. A key that an object has not is NULL; objects in objects stay JSON text."""

    def __init__(self, file: BinaryIO) -> None:
        self.header: list[str] = []
        self._index: dict[str, int] = {}
        self._kinds: list[set[str]] = []
        self._lines = _lines(file)

    def __iter__(self) -> Iterator[Row]:
        for line, text in enumerate(self._lines, 1):
            if text.strip():
                yield line, self._row(line, text)
        if not self.header:
            raise LoadFailed("The file holds no values. One JSON object a line was expected.", line=1)

    def candidates(self, index: int) -> frozenset[str]:
        """JSON says itself what a value is: a text of digits stays text."""
        kinds = self._kinds[index]
        return _FROM_JSON.get(next(iter(kinds)), frozenset()) if len(kinds) == 1 else frozenset()

    def _row(self, line: int, text: str) -> list[str | None]:
        row: list[str | None] = [None] * len(self.header)
        for key, value in _json_object(line, text).items():
            index = self._place(key)
            if index == len(row):
                row.append(None)
            row[index] = self._text(index, key, value, text)
        return row

    def _place(self, key: str) -> int:
        if key not in self._index:
            self._index[key] = len(self.header)
            self.header.append(key)
            self._kinds.append(set())
        return self._index[key]

    def _text(self, index: int, key: str, value: object, line: str) -> str | None:
        if value is None:
            return None
        self._kinds[index].add(_kind(value))
        if isinstance(value, dict | list):
            # Read again, because the numbers in it are _Number here, which would be printed in quotes.
            return json.dumps(json.loads(line)[key], ensure_ascii=False)
        return ("true" if value else "false") if isinstance(value, bool) else str(value)


class _Number(str):
    """A JSON number as it stands in the file: no digit is lost."""

    __slots__ = ()


def _complaint(error: csv.Error, line: int) -> str:
    if "new-line character" not in str(error):
        return str(error)
    if line == 1:
        return "its lines end in CR alone. Save the file with LF or CRLF"
    return "a CR stands outside quotes"


def open_source(file: BinaryIO, file_format: str) -> Source:
    """The rows of an open file in format csv, tsv or jsonl. LoadFailed where its first line is wrong."""
    if file_format == "jsonl":
        return JsonLines(file)
    return Delimited(file, DELIMITERS[file_format])


def _lines(file: BinaryIO) -> Iterator[str]:
    """Decoded lines with their ends, without a byte order mark."""
    number = 1
    while raw := _line(file, number):
        if number == 1:
            raw = _without_mark(raw)
        if len(raw) > LONGEST_LINE:
            _wrong(number, f"is longer than {LONGEST_LINE // 1024**2} MB.")
        yield _decoded(number, raw)
        number += 1


def _line(file: BinaryIO, number: int) -> bytes:
    try:
        return file.readline(LONGEST_LINE + 1)
    except Unreadable as error:
        raise LoadFailed(f"The file {error} Line {number} is not whole.", line=number) from error


def _without_mark(raw: bytes) -> bytes:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise LoadFailed("The file is UTF-16 text. Save it as UTF-8.", line=1)
    return raw.removeprefix(codecs.BOM_UTF8)


def _decoded(number: int, raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        _wrong(
            number, f"is not UTF-8 text (byte {error.start + 1} is 0x{raw[error.start]:02x}). Save the file as UTF-8."
        )
    if "\0" in text:
        _wrong(number, "holds a NUL character; this is not a text file.")
    return text


def _json_object(line: int, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _wrong(line, f"is not valid JSON: {error.msg} at character {error.pos + 1}.")
    except (ValueError, RecursionError) as error:
        _wrong(line, f"is not valid JSON: {error}.")
    if not isinstance(value, dict):
        _wrong(line, f"holds {_kind(value)}; a JSON object was expected.")
    if "\\ud" in text.lower() and not _is_text(value):
        _wrong(line, "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character.")
    return value


def _is_text(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _kind(value: object) -> str:
    if isinstance(value, _Number):
        return "a number"
    return {str: "a text", bool: "a boolean", list: "a list", dict: "an object"}.get(type(value), "null")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _wrong(line: int, what: str) -> NoReturn:
    raise LoadFailed(f"Line {line} {what}", line=line)
