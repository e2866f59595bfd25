"""msgpack as clients of Treasure Data send it: one map a row, one after the other. Nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgpack
import orjson

from warehouse.engines.base import LoadFailed
from warehouse.engines.columns import clean
from warehouse.engines.opening import Unreadable
from warehouse.engines.tablefiles import WHOLE

LARGEST_RECORD = 8 * 1024 * 1024
MOST_KEYS = 1000
MOST_ITEMS = 100_000  # of a list
LONGEST_NAME = 128
EXACT = 2**53  # whole numbers up to here are the same as DOUBLE
LARGEST_WHOLE = 2**63 - 1

_PLAIN = {str, int, float, bool}

Record = dict[str, Any]


class BadRecord(Exception):
    """A record that cannot become a row; the message goes on after "Record 3": ` is not a map.`"""


def records(file: BinaryIO) -> Iterator[tuple[int, Any, int]]:
    """(its number from 1, an object, where it ends in bytes) one after the other. Raises LoadFailed."""
    counted = _Counted(file)
    unpacker = msgpack.Unpacker(
        counted,
        read_size=256 * 1024,
        max_buffer_size=LARGEST_RECORD,
        max_map_len=MOST_KEYS,
        max_array_len=MOST_ITEMS,
        ext_hook=_refuse_ext,
    )
    number = end = 0
    try:
        for found in unpacker:
            number, end = number + 1, unpacker.tell()
            yield number, found, end
    except Unreadable as error:
        raise LoadFailed(f"The file {error}") from error
    except msgpack.BufferFull as error:
        raise _broken(number, f"is larger than {LARGEST_RECORD // 1024**2} MB.") from error
    except msgpack.UnpackException as error:
        raise _broken(number, f"is not valid msgpack: {error or type(error).__name__}.") from error
    except (ValueError, RecursionError) as error:
        raise _broken(number, f"cannot be read: {error}.") from error
    if end < counted.bytes:
        raise _broken(number, "is not whole: the file ends within it.")


def _broken(number: int, what: str) -> LoadFailed:
    return LoadFailed(f"Record {number + 1} {what}", line=number + 1)


def _refuse_ext(code: int, data: bytes) -> object:
    raise ValueError(f"it has a value of the extension type {code}, which cannot be kept")


class _Counted:
    """The file, and how many bytes were read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.bytes = file, 0

    def read(self, size: int) -> bytes:
        found = self._file.read(size)
        self.bytes += len(found)
        return found


class Names:
    """Keys of records as names of columns. Raises BadRecord for one that cannot be a name."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    @property
    def seen(self) -> list[str]:
        """In the order in which they turned up, even where a value was NULL."""
        return list(self._known.values())

    def row(self, record: object) -> Record:
        """The record by names of columns, without NULLs. An empty key is no column: so pytd names its index."""
        if not isinstance(record, dict):
            raise BadRecord(f"is {_kind(record)}; a map was expected.")
        row: Record = {}
        for key, value in record.items():
            name = self._known.get(key) or self._name(key)
            if name and value is not None and value == value:  # NaN is how pandas says that there is no value
                if name in row:
                    raise BadRecord(f'has two values for the column "{name}".')
                row[name] = value if type(value) in _PLAIN else checked(value)
        return row

    def _name(self, key: Any) -> str:
        text = key.decode(errors="replace") if isinstance(key, bytes) else key
        if not isinstance(text, str):
            raise BadRecord(f"has a key that is {_kind(key)}; texts were expected.")
        name = clean(text)
        if text.strip() and not name:
            raise BadRecord(f'has the key "{text[:40]}", which has no letter a to z or digit for the name of a column.')
        if len(name) > LONGEST_NAME:
            raise BadRecord(f'has the key "{text[:40]}…", which is longer than {LONGEST_NAME} characters.')
        if len(self._known) < MOST_KEYS * 10:
            self._known[key] = name
        return name


def checked(value: object) -> object:
    """A value that a column can hold. Raises BadRecord."""
    try:
        kind_of(value)
        text_of(value)
    except RecursionError as error:
        raise BadRecord("is nested too deeply.") from error
    return value


def kind_of(value: object) -> str:
    """What a value is: a type in DuckDB's words; "whole" for a number like 2.0, "list" for a list without values.

    Raises BadRecord for what no column can hold.
    """
    if isinstance(value, list):
        return _kind_of_list({kind_of(item) for item in value if item is not None})
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT" if value <= LARGEST_WHOLE else "VARCHAR"
    if isinstance(value, float):
        return "whole" if abs(value) <= EXACT and value.is_integer() else "DOUBLE"
    if not isinstance(value, str | dict | bytes):
        raise BadRecord(f"has {_kind(value)}, which cannot be kept.")
    return "VARCHAR"


def _kind_of_list(kinds: set[str]) -> str:
    if any(map(_is_list, kinds)):
        return "VARCHAR"  # a list of lists is kept as JSON
    return f"{new_type(kinds)}[]" if kinds else "list"


def new_type(kinds: set[str]) -> str:
    """The type of a new column for values of these kinds. True and false become texts, as Treasure Data keeps them."""
    if all(map(_is_list, kinds)):
        return f"{new_type({kind.removesuffix('[]') for kind in kinds} - {'list'} or {'VARCHAR'})}[]"
    if kinds == {"BIGINT"}:
        return "BIGINT"
    return "DOUBLE" if kinds <= {"BIGINT", "whole", "DOUBLE"} else "VARCHAR"


def wider(kind: str, kinds: set[str]) -> str:
    """The type of a column that has one already. Whole numbers make room for fractions; nothing becomes text."""
    if kind in WHOLE and "DOUBLE" in kinds:
        return "DOUBLE"
    return "DOUBLE[]" if kind.removesuffix("[]") in WHOLE and "DOUBLE[]" in kinds else kind


def _is_list(kind: str) -> bool:
    return kind == "list" or kind.endswith("[]")


def text_of(value: object) -> str:
    """The value in words, as a column of text has it; lists and maps are JSON. Raises BadRecord."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, dict | list):
        return _json(value)
    return str(value)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError as error:
        raise BadRecord(f"has a value that cannot be written as JSON: {error}.") from error


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return _decoded(value)
    raise TypeError(_kind(value))


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadRecord("has bytes that are not UTF-8 text.") from error


def _kind(value: object) -> str:
    words = {dict: "a map", list: "a list", str: "a text", bytes: "bytes", bool: "a boolean", type(None): "nothing"}
    words |= {int: "a number", float: "a number"}
    return words.get(type(value), "a value of another kind")
