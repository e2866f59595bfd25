"""The child's work on uploaded Parquet files. Types are kept as they are unless others are asked for."""
# ruff: noqa: S608 (every name and text in this SQL goes through quoted() or literal())

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.engines.base import Column, LoadFailed
from warehouse.engines.columns import Names, misfit
from warehouse.engines.complaints import complaint_of
from warehouse.engines.database import run
from warehouse.engines.loadplan import Plan
from warehouse.engines.querytext import literal, quoted
from warehouse.engines.timecolumn import TIME, cast_to

_ROW = "file_row_number"


@dataclass(frozen=True)
class _Held:
    """A column as the file has it."""

    source: str
    name: str
    type: str


def sniff(connection: duckdb.DuckDBPyConnection, path: Path, shown_rows: int, shown_characters: int) -> dict[str, Any]:
    """The same fields as `loader_child.sniff`; every row is counted, none but the first are read."""
    with _readable(path):
        names, held = _held(connection, path, Names())
        texts = ", ".join(f"left({quoted(c.source)}::VARCHAR, {shown_characters})" for c in held)
        rows = run(connection, f"SELECT {texts} FROM {_reading(path)} LIMIT {shown_rows}")
        count = _count(connection, path)
    columns = [(column.name, column.type) for column in held]
    return {"columns": columns, "renamed": names.renamed(), "rows": rows, "n": count, "complete": True}


def load(connection: duckdb.DuckDBPyConnection, path: Path, plan: Plan, target: Path) -> int:
    """Write the wanted columns to `target` and return the number of rows."""
    with _readable(path):
        _, held = _held(connection, path, plan.names())
        _refuse_extra(held, plan)
        rows = plan.hold(_count(connection, path))
        columns = [(column, *_expression(held, column)) for column in plan.columns]
        for column, source, expression in columns:
            if source != expression:
                _refuse_misfits(connection, path, column, source, expression)
        wanted = _timed({column.name: expression for column, _, expression in columns}, plan)
        select = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in wanted.items())
        copy(connection, f"SELECT {select} FROM {_reading(path)}", target)
    return rows


def copy(connection: duckdb.DuckDBPyConnection, select: str, target: Path) -> int:
    """Write the rows of `select` to `target`. → how many."""
    options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
    return int(run(connection, f"COPY ({select}) TO {literal(str(target))} ({options})")[0][0])


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn DuckDB's complaints about the file into LoadFailed. Its limits stay limits."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        reason = complaint_of(error, "").message.replace(f"file '{path}'", "the file").replace(str(path), "the file")
        raise LoadFailed(f"The file cannot be read as Parquet: {reason}", detail=str(error)) from error


def _reading(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, {_ROW} = true)"


def _held(connection: duckdb.DuckDBPyConnection, path: Path, names: Names) -> tuple[Names, list[_Held]]:
    described = run(connection, f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})")
    return names, [_Held(row[0], names.add(row[0]), row[1]) for row in described]


def _count(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return int(run(connection, f"SELECT count(*) FROM read_parquet({literal(str(path))})")[0][0])


def _refuse_extra(held: list[_Held], plan: Plan) -> None:
    extra = [column.name for column in held if column.name not in plan.types]
    if extra:
        listed = ", ".join(f'"{name}"' for name in extra)
        raise LoadFailed(f"The file has columns that the table does not have: {listed}.", column=extra[0])


def _expression(held: list[_Held], wanted: Column) -> tuple[str, str]:
    """(the column as it is, the column as it is wanted), both SQL; the same where no cast is needed."""
    for column in held:
        if column.name == wanted.name:
            source = quoted(column.source)
            same = column.type == wanted.type
            return source, source if same else cast_to(wanted, f"{source}::VARCHAR")
    return f"NULL::{wanted.type}", f"NULL::{wanted.type}"


def _refuse_misfits(
    connection: duckdb.DuckDBPyConnection, path: Path, column: Column, source: str, expression: str
) -> None:
    rows = f"SELECT {_ROW} + 1, {source}::VARCHAR FROM {_reading(path)}"
    lost = f"{source} IS NOT NULL AND {expression} IS NULL"
    for row, value in run(connection, f"{rows} WHERE {lost} ORDER BY 1 LIMIT 1"):
        raise misfit(f"Row {row}", column, value, line=row)


def _timed(expressions: dict[str, str], plan: Plan) -> dict[str, str]:
    if not plan.clock:
        return expressions
    return {**expressions, TIME.name: plan.clock.filled(expressions, plan.types)}
