"""What the child does with an uploaded file: say what is in it, or turn it into a Parquet file in its own folder."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.engines import parquetfile, tablefiles, textload
from warehouse.engines.columns import Names, is_identifier, suggestions
from warehouse.engines.database import open_locked, over
from warehouse.engines.loadplan import Plan
from warehouse.engines.opening import opened, unpacked
from warehouse.engines.textfile import Source, open_source
from warehouse.engines.textload import text_table
from warehouse.engines.timecolumn import TIME, is_moment, suggested

SAMPLE_ROWS = 20_000
SHOWN_ROWS = 20
SHOWN_CHARACTERS = 500


def sniff(job: dict[str, Any]) -> dict[str, Any]:
    """Names and fitting types of the columns, the first rows as text, and how many rows were looked at."""
    connection = open_locked(job)
    path = Path(job["path"])
    if job["format"] == "parquet":
        path = unpacked(path, Path(job["folder"]), job["spool_mb"])
        return _advised(parquetfile.sniff(connection, path, SHOWN_ROWS, SHOWN_CHARACTERS))
    with opened(path, job["spool_mb"]) as file:
        return _advised(_sniff_text(connection, open_source(file, job["format"])))


def load(job: dict[str, Any]) -> dict[str, Any]:
    """Write `part.parquet` into the job's folder and return its number of rows."""
    connection = open_locked(job)
    plan, path, target = Plan.of(job), Path(job["path"]), Path(job["folder"]) / "part.parquet"
    if job["format"] == "parquet":
        path = unpacked(path, target.parent, job["spool_mb"])
        return {"rows": parquetfile.load(connection, path, plan, target)}
    file = textload.File(path, job["format"], job["spool_mb"])
    return {"rows": textload.load(connection, file, plan, target)}


def merge(job: dict[str, Any]) -> dict[str, Any]:
    """Write all rows of a table as one `part.parquet` into the job's folder and return their number."""
    target = Path(job["folder"]) / "part.parquet"
    return {"rows": parquetfile.copy(open_locked(job), tablefiles.select(tablefiles.from_json(job["table"])), target)}


def _sniff_text(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, Any]:
    rows = list(islice(source, SAMPLE_ROWS + 1))
    complete, rows = len(rows) <= SAMPLE_ROWS, rows[:SAMPLE_ROWS]
    names = Names()
    columns = [names.add(name) for name in source.header]
    table = text_table(rows, columns)
    return {
        "columns": list(zip(columns, _types(connection, table, source), strict=True)),
        "renamed": names.renamed(),
        "rows": [list(row.values()) for row in _shown(table)],
        "n": len(rows),
        "complete": complete,
    }


def _advised(found: dict[str, Any]) -> dict[str, Any]:
    """The columns with the types to suggest, and whether those of `time` are moments that become Unix seconds."""
    columns = [(name, suggested(name, kind)) for name, kind in found["columns"]]
    moments = any(name == TIME.name and is_moment(kind) for name, kind in found["columns"])
    return {**found, "columns": columns, "moments": moments}


def _shown(table: pa.Table) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = table.slice(0, SHOWN_ROWS).to_pylist()
    return [{name: value and value[:SHOWN_CHARACTERS] for name, value in row.items()} for row in rows]


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
