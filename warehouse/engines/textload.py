"""The child's work on CSV, TSV and JSON Lines: text in groups of rows, cast to the wanted types, written as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NoReturn

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.engines import fastjson, fasttext
from warehouse.engines.base import LoadFailed
from warehouse.engines.columns import Names, misfit
from warehouse.engines.database import over
from warehouse.engines.fasttext import Doubt
from warehouse.engines.loadplan import Plan
from warehouse.engines.opening import opened
from warehouse.engines.querytext import quoted
from warehouse.engines.textfile import DELIMITERS, Row, Source, open_source
from warehouse.engines.timecolumn import TIME, cast_to

GROUP_ROWS = 122_880
GROUP_BYTES = 64 * 1024 * 1024
GROUP_FIELDS = 4_000_000  # as Python objects they take some 100 bytes each
HEADER_ROWS = 1000  # of JSON Lines, whose keys a fast reader has to know beforehand


@dataclass(frozen=True)
class File:
    """A text file, its format, and how many MiB may come out of it if it is gzip."""

    path: Path
    format: str
    most_mb: int


@dataclass(frozen=True)
class Group:
    """Some rows under the table's names, as text if not in the wanted type already, and the line of each.

    A fast reader does not know the lines.
    """

    text: pa.Table
    lines: list[int] | None


def load(connection: duckdb.DuckDBPyConnection, file: File, plan: Plan, target: Path) -> int:
    """Write the file to `target` and return the number of rows. Raises LoadFailed or LimitExceeded."""
    try:
        return _write(connection, _fast_groups(file, plan), plan, target)
    except Doubt:
        return _write(connection, _groups(file, plan), plan, target)


def text_table(rows: list[Row], columns: list[str]) -> pa.Table:
    """Rows of text as a table; what a row is short of is NULL."""
    width = len(columns)
    padded = [fields if len(fields) == width else fields + [None] * (width - len(fields)) for _, fields in rows]
    values = zip(*padded, strict=True) if padded else [[] for _ in columns]
    return pa.table([pa.array(column, pa.string()) for column in values], names=columns)


def _write(connection: duckdb.DuckDBPyConnection, groups: Iterable[Group], plan: Plan, target: Path) -> int:
    rows = 0
    with pq.ParquetWriter(target, schema_of(connection, plan), compression="zstd") as writer:
        for group in groups:
            rows = plan.hold(rows + group.text.num_rows)
            writer.write_table(_cast(connection, group, plan), row_group_size=GROUP_ROWS)
    return rows


def _fast_groups(file: File, plan: Plan) -> Iterator[Group]:
    with opened(file.path, file.most_mb) as stream:
        source = open_source(stream, file.format)
        rows = list(islice(source, HEADER_ROWS)) if file.format == "jsonl" else []
        names = plan.names()
        _name_new(names, source, plan, rows)
    with opened(file.path, file.most_mb) as stream:
        for table in _gathered(_fast_tables(file, stream, names, plan)):
            yield Group(table.rename_columns([name for _, name in names.given]), None)


def _fast_tables(file: File, stream: BinaryIO, names: Names, plan: Plan) -> Iterator[pa.Table]:
    if file.format == "jsonl":
        return fastjson.tables(stream, {key: plan.types[name] for key, name in names.given})
    return fasttext.tables(stream, DELIMITERS[file.format], [name for _, name in names.given])


def _gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """As many at once as make a good row group, or as much as memory is made for."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        waiting.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.concat_tables(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.concat_tables(waiting)


def _groups(file: File, plan: Plan) -> Iterator[Group]:
    with opened(file.path, file.most_mb) as stream:
        source = open_source(stream, file.format)
        names = plan.names()
        _name_new(names, source, plan, [])
        rows = iter(source)
        while group := list(islice(rows, max(1, min(GROUP_ROWS, GROUP_FIELDS // max(1, len(source.header)))))):
            _name_new(names, source, plan, group)
            yield Group(text_table(group, [name for _, name in names.given]), [line for line, _ in group])


def _name_new(names: Names, source: Source, plan: Plan, group: list[Row]) -> None:
    """Name the columns that turned up since the last time; one that is not wanted is an error."""
    start = len(names.given)
    extra = [names.add(header) for header in source.header[start:]]
    extra = [name for name in extra if name not in plan.types]
    if not extra:
        return
    places = [index for index, (_, name) in enumerate(names.given) if name in extra]
    line = next((line for line, fields in group if len(fields) > places[0]), 1)
    listed = ", ".join(f'"{name}"' for name in extra)
    raise LoadFailed(
        f"Line {line} has columns that the table does not have: {listed}. The table has: {', '.join(plan.types)}.",
        line=line,
        column=extra[0],
    )


def schema_of(connection: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Schema:
    columns = ", ".join(f"NULL::{column.type} AS {quoted(column.name)}" for column in plan.columns)
    return connection.sql(f"SELECT {columns}").to_arrow_table().schema


def cast_columns(connection: duckdb.DuckDBPyConnection, text: pa.Table, plan: Plan) -> pa.Table:
    """The wanted columns in the wanted types; NULL where a text does not fit, or there is none."""
    have, schema = set(text.column_names), schema_of(connection, plan)
    if not have:
        return schema.empty_table()
    as_it_is = {name for name in plan.types if name in have and schema.field(name).type == text[name].type}
    others = [column for column in plan.columns if column.name not in as_it_is]
    select = ", ".join(
        f"{cast_to(c, quoted(c.name)) if c.name in have else f'NULL::{c.type}'} AS {quoted(c.name)}" for c in others
    )
    result = over(connection, text, select).to_arrow_table() if others else text
    columns = [(text if name in as_it_is else result)[name] for name in plan.types]
    return pa.table(columns, names=list(plan.types))


def _cast(connection: duckdb.DuckDBPyConnection, group: Group, plan: Plan) -> pa.Table:
    """The group in the wanted types; a text that does not fit is an error, what is missing is NULL."""
    result, have = cast_columns(connection, group.text, plan), set(group.text.column_names)
    misfits = [found for name in plan.types if name in have and (found := _first_misfit(group.text, result, name))]
    if misfits:
        _refuse(group, plan, *min(misfits))
    return timed(connection, result, plan)


def _first_misfit(text: pa.Table, result: pa.Table, name: str) -> tuple[int, str] | None:
    """The first row whose text became NULL, and the column's name."""
    index = pc.index(lost(text, result, name), True).as_py()
    return None if index < 0 else (index, name)


def lost(text: pa.Table, result: pa.Table, name: str) -> pa.ChunkedArray:
    """Where a value of the column became NULL."""
    return pc.and_(pc.is_valid(text[name]), pc.is_null(result[name]))


def _refuse(group: Group, plan: Plan, index: int, name: str) -> NoReturn:
    if group.lines is None:
        raise Doubt
    column = next(column for column in plan.columns if column.name == name)
    line = group.lines[index]
    raise misfit(f"Line {line}", column, group.text[name][index].as_py(), line=line)


def timed(connection: duckdb.DuckDBPyConnection, table: pa.Table, plan: Plan) -> pa.Table:
    """The table with a `time` in every row, if there is a clock."""
    if not plan.clock:
        return table
    needed = [TIME.name, *([plan.clock.column] if plan.clock.column else [])]
    sql = plan.clock.filled({name: quoted(name) for name in needed}, plan.types)
    filled = over(connection, table.select(needed), f"{sql} AS {TIME.name}").to_arrow_table()
    place = table.column_names.index(TIME.name)
    return table.set_column(place, TIME.name, filled[TIME.name])
