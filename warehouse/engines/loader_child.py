"""What the child does with an uploaded file: say what is in it, or turn it into a Parquet file in its own folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.engines import parquetfile
from warehouse.engines.base import Column, LimitExceeded, LoadFailed
from warehouse.engines.columns import Names, cast, is_identifier, misfit, suggestions
from warehouse.engines.database import open_database, over, run
from warehouse.engines.querytext import literal, quoted
from warehouse.engines.textfile import Row, Source, open_source

SAMPLE_ROWS = 20_000
SHOWN_ROWS = 20
SHOWN_CHARACTERS = 500
GROUP_ROWS = 122_880


def sniff(job: dict[str, Any]) -> dict[str, Any]:
    """Names and fitting types of the columns, the first rows as text, and how many rows were looked at."""
    connection = _open(job)
    path = Path(job["path"])
    if job["format"] == "parquet":
        return parquetfile.sniff(connection, path, SHOWN_ROWS, SHOWN_CHARACTERS)
    source = open_source(path, job["format"])
    rows = list(islice(source, SAMPLE_ROWS + 1))
    complete, rows = len(rows) <= SAMPLE_ROWS, rows[:SAMPLE_ROWS]
    names = Names()
    columns = [names.add(name) for name in source.header]
    table = _text_table(rows, columns)
    types = _types(connection, table, source)
    return {
        "columns": list(zip(columns, types, strict=True)),
        "renamed": names.renamed(),
        "rows": [list(row.values()) for row in _shown(table)],
        "n": len(rows),
        "complete": complete,
    }


def load(job: dict[str, Any]) -> dict[str, Any]:
    """Write `part.parquet` into the job's folder and return its number of rows."""
    connection = _open(job)
    path, target = Path(job["path"]), Path(job["folder"]) / "part.parquet"
    wanted = [Column(*column) for column in job["columns"]]
    if job["format"] == "parquet":
        return {"rows": parquetfile.load(connection, path, wanted, target, job["rows"])}
    return {"rows": _load_text(connection, open_source(path, job["format"]), wanted, target, job["rows"])}


def _open(job: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    connection = open_database(job)
    run(connection, f"SET allowed_paths = [{literal(job['path'])}]")
    run(connection, f"SET allowed_directories = [{literal(job['folder'])}]")
    run(connection, "SET enable_external_access = false")
    run(connection, "SET lock_configuration = true")
    return connection


def _shown(table: pa.Table) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = table.slice(0, SHOWN_ROWS).to_pylist()
    return [{name: value and value[:SHOWN_CHARACTERS] for name, value in row.items()} for row in rows]


def _text_table(rows: list[Row], columns: list[str]) -> pa.Table:
    width = len(columns)
    padded = [fields if len(fields) == width else fields + [None] * (width - len(fields)) for _, fields in rows]
    values = zip(*padded, strict=True) if padded else [[] for _ in columns]
    return pa.table([pa.array(column, pa.string()) for column in values], names=columns)


def _types(connection: duckdb.DuckDBPyConnection, table: pa.Table, source: Source) -> list[str]:
    return [
        "VARCHAR"
        if is_identifier(header)
        else _first_fitting(connection, table.select([index]), source.candidates(index))
        for index, header in enumerate(source.header)
    ]


def _first_fitting(connection: duckdb.DuckDBPyConnection, column: pa.Table, candidates: frozenset[str]) -> str:
    tests = {kind: sql for kind, sql in suggestions(column.column_names[0]).items() if kind in candidates}
    if not tests:
        return "VARCHAR"
    answers = over(connection, column, ", ".join(tests.values())).fetchall()[0]
    return next((kind for kind, fits in zip(tests, answers, strict=True) if fits), "VARCHAR")


def _load_text(
    connection: duckdb.DuckDBPyConnection, source: Source, wanted: list[Column], target: Path, most: int
) -> int:
    rows, names = 0, Names()
    _name_new(names, source, wanted, [])
    with pq.ParquetWriter(target, _schema(connection, wanted), compression="zstd") as writer:
        for group in _groups(source):
            rows += len(group)
            if rows > most:
                raise LimitExceeded("rows", "")
            _name_new(names, source, wanted, group)
            table = _text_table(group, [name for _, name in names.given])
            writer.write_table(_cast(connection, table, wanted, group), row_group_size=GROUP_ROWS)
    return rows


def _groups(source: Source) -> Iterator[list[Row]]:
    rows = iter(source)
    while group := list(islice(rows, GROUP_ROWS)):
        yield group


def _name_new(names: Names, source: Source, wanted: list[Column], group: list[Row]) -> None:
    """Name the columns that turned up since the last time; one that is not wanted is an error."""
    known = {column.name for column in wanted}
    start = len(names.given)
    extra = [names.add(header) for header in source.header[start:]]
    extra = [name for name in extra if name not in known]
    if not extra:
        return
    places = [index for index, (_, name) in enumerate(names.given) if name in extra]
    line = next((line for line, fields in group if len(fields) > places[0]), 1)
    listed = ", ".join(f'"{name}"' for name in extra)
    raise LoadFailed(
        f"Line {line} has columns that the table does not have: {listed}. "
        f"The table has: {', '.join(column.name for column in wanted)}.",
        line=line,
        column=extra[0],
    )


def _schema(connection: duckdb.DuckDBPyConnection, wanted: list[Column]) -> pa.Schema:
    columns = ", ".join(f"NULL::{column.type} AS {quoted(column.name)}" for column in wanted)
    return connection.sql(f"SELECT {columns}").to_arrow_table().schema


def _cast(connection: duckdb.DuckDBPyConnection, table: pa.Table, wanted: list[Column], group: list[Row]) -> pa.Table:
    """The text of a group in the wanted types; what does not fit is an error, what is missing is NULL."""
    have = set(table.column_names)
    select = ", ".join(
        f"{cast(quoted(c.name), c.type) if c.name in have else f'NULL::{c.type}'} AS {quoted(c.name)}" for c in wanted
    )
    if not have:
        return _schema(connection, wanted).empty_table()
    result = over(connection, table, select).to_arrow_table()
    misfits = [found for c in wanted if c.name in have and (found := _first_misfit(table, result, c.name)) is not None]
    if misfits:
        _refuse(table, wanted, group, *min(misfits))
    return result


def _first_misfit(text: pa.Table, result: pa.Table, name: str) -> tuple[int, str] | None:
    """The first row whose text became NULL, and the column's name."""
    lost = pc.and_(pc.is_valid(text[name]), pc.is_null(result[name]))
    index = pc.index(lost, True).as_py()
    return None if index < 0 else (index, name)


def _refuse(text: pa.Table, wanted: list[Column], group: list[Row], index: int, name: str) -> NoReturn:
    kind = next(column.type for column in wanted if column.name == name)
    value = text[name][index].as_py()
    raise misfit(f"Line {group[index][0]}", name, value, kind, line=group[index][0])
