"""A table's files as one relation. A file that is older than a change of the columns is read as if it had them."""
# ruff: noqa: S608 (every name and text in this SQL goes through quoted() or literal())

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse.engines.base import Column, Table
from warehouse.engines.columns import cast
from warehouse.engines.querytext import literal, quoted
from warehouse.engines.timecolumn import TIME, cast_to

WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
NUMBERS = WHOLE | {"FLOAT", "DOUBLE"}


def select(table: Table) -> str:
    """SQL for the table's rows: its columns in their order and types, whatever each file holds."""
    if not table.files:
        columns = ", ".join(f"NULL::{column.type} AS {quoted(column.name)}" for column in table.columns)
        return f"SELECT {columns} FROM range(0)"
    return " UNION ALL ".join(_select(files, held, table.columns) for held, files in _groups(table).items())


def to_json(table: Table) -> dict[str, Any]:
    """What `from_json` makes the table of again."""
    groups = [(files, _pairs(held)) for held, files in _groups(table).items() if held != table.columns]
    return {"files": table.files, "columns": _pairs(table.columns), "held": groups}


def from_json(data: dict[str, Any]) -> Table:
    held = {file: _columns(pairs) for files, pairs in data["held"] for file in files}
    return Table(tuple(data["files"]), _columns(data["columns"]), held)


def _groups(table: Table) -> dict[tuple[Column, ...], list[str]]:
    """The files by what they hold."""
    groups: dict[tuple[Column, ...], list[str]] = {}
    for file in table.files:
        groups.setdefault(table.held.get(file, table.columns), []).append(file)
    return groups


def _select(files: Sequence[str], held: Sequence[Column], columns: Sequence[Column]) -> str:
    types = {column.name: column.type for column in held}
    wanted = ", ".join(_reading(types.get(column.name), column) for column in columns)
    return f"SELECT {wanted} FROM read_parquet([{', '.join(map(literal, files))}])"


def _reading(held: str | None, column: Column) -> str:
    """A column of a file that holds it as `held`; NULL where it has none, or a value that does not fit."""
    name = quoted(column.name)
    if held == column.type:
        return name
    if held is None:
        return f"NULL::{column.type} AS {name}"
    return f"{_cast(name, held, column)} AS {name}"


def _cast(name: str, held: str, column: Column) -> str:
    if held in WHOLE and column.type in NUMBERS and column != TIME:
        return f"TRY_CAST({name} AS {column.type})"
    nested = held.endswith(("[]", ")"))
    text = f"to_json({name})::VARCHAR" if nested and not held.startswith("DECIMAL") else f"{name}::VARCHAR"
    return cast_to(column, text) if column == TIME else cast(text, column.type)


def _pairs(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def _columns(pairs: Sequence[Sequence[str]]) -> tuple[Column, ...]:
    return tuple(Column(*pair) for pair in pairs)
