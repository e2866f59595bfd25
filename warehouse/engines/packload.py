"""The child's work on msgpack: what columns the records need, then the records as one Parquet file."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import duckdb
import msgpack
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.engines.base import Column, LoadFailed
from warehouse.engines.columns import misfit
from warehouse.engines.database import open_locked
from warehouse.engines.loadplan import Plan
from warehouse.engines.opening import opened
from warehouse.engines.packed import BadRecord, Names, Record, kind_of, new_type, records, text_of, wider
from warehouse.engines.textload import GROUP_FIELDS, GROUP_ROWS, cast_columns, lost, schema_of, timed
from warehouse.engines.timecolumn import TIME, Clock

MOST_COLUMNS = 1000
GROUP_BYTES = 32 * 1024 * 1024  # of msgpack; as Python objects some ten times as much
_NONE = type(None)
_TYPED: dict[str, tuple[set[type], pa.DataType]] = {
    "VARCHAR": ({str, _NONE}, pa.string()),
    "BIGINT": ({int, _NONE}, pa.int64()),
    "DOUBLE": ({int, float, _NONE}, pa.float64()),
    "BOOLEAN": ({bool, _NONE}, pa.bool_()),
}
Kinds = dict[str, set[str]]


def pack(job: dict[str, Any]) -> dict[str, Any]:
    """Write `part.parquet` into the job's folder. → its rows and columns, and how many records and parts were bad.

    lenient: bad records go to `bad.msgpack.gz` in that folder and bad parts are left out; else they are errors.
    """
    connection, folder = open_locked(job), Path(job["folder"])
    work = _Work([Path(path) for path in job["paths"]], job["spool_mb"], job["lenient"])
    columns = _columns([Column(*pair) for pair in job["known"]], work.kinds())
    plan = Plan(columns, {}, Clock(job["now"]), job["rows"])
    with gzip.open(folder / "bad.msgpack.gz", "wb", compresslevel=3) as file:
        rows = _write(connection, work, plan, folder / "part.parquet", lambda found: file.write(msgpack.packb(found)))
    pairs = [(column.name, column.type) for column in columns]
    return {"rows": rows, "columns": pairs, "bad": work.bad, "parts": len(work.paths), "bad_parts": work.bad_parts}


@dataclass
class _Group:
    """Some rows by names of columns; of each its number in its part, and the record as it was sent."""

    rows: list[Record] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    records: list[object] = field(default_factory=list)
    fields: int = 0
    bytes: int = 0

    @property
    def full(self) -> bool:
        return len(self.rows) >= GROUP_ROWS or self.fields >= GROUP_FIELDS or self.bytes >= GROUP_BYTES

    def add(self, number: int, record: object, row: Record, size: int) -> None:
        self.rows.append(row)
        self.numbers.append(number)
        self.records.append(record)
        self.fields += len(row)
        self.bytes += size


@dataclass
class _Work:
    """The parts. `kinds` leaves those in `paths` that can be read to their ends."""

    paths: list[Path]
    most_mb: int
    lenient: bool
    bad: int = 0
    bad_parts: int = 0

    def kinds(self) -> Kinds:
        """By column: of which kinds its values are. Raises LoadFailed."""
        found: Kinds = defaultdict(set)
        good = []
        for path in self.paths:
            try:
                in_part = self._kinds_in(path)
            except LoadFailed:
                if not self.lenient:
                    raise
                self.bad_parts += 1
                continue
            good.append(path)
            for name, kinds in in_part.items():
                found[name] |= kinds
        self.paths = good
        return found

    def _kinds_in(self, path: Path) -> Kinds:
        found: Kinds = defaultdict(set)
        names = Names()
        for _, _, row, _ in self._rows_in(path, names, lambda record: None):
            for name, value in row.items():
                found[name].add(kind_of(value))
            if len(found) > MOST_COLUMNS:
                raise LoadFailed(f"The records have more than {MOST_COLUMNS:,} columns, which is the limit.")
        return {name: found[name] for name in (*names.seen, *found) if name in found}

    def groups(self, refuse: Callable[[object], Any]) -> Iterator[_Group]:
        """All rows of all parts. A record that cannot become one is handed to `refuse` and counted."""

        def counted(record: object) -> None:
            self.bad += 1
            refuse(record)

        group = _Group()
        for path in self.paths:
            for number, record, row, size in self._rows_in(path, Names(), counted):
                group.add(number, record, row, size)
                if group.full:
                    yield group
                    group = _Group()
        if group.rows:
            yield group

    def _rows_in(
        self, path: Path, names: Names, refuse: Callable[[object], None]
    ) -> Iterator[tuple[int, object, Record, int]]:
        """(number in the part, record, row by names of columns, bytes) of each. Raises LoadFailed."""
        before = 0
        with opened(path, self.most_mb) as file:
            for number, record, end in records(file):
                try:
                    yield number, record, names.row(record), end - before
                except BadRecord as error:
                    # what does not begin with a map is not msgpack at all: any text is a list of small numbers in it
                    if not self.lenient or (number == 1 and not isinstance(record, dict)):
                        raise LoadFailed(f"Record {number} {error}", line=number) from error
                    refuse(record)
                before = end


def _columns(known: list[Column], kinds: Kinds) -> list[Column]:
    """What the columns become: those of the table, some wider, then new ones in the order in which they turned up."""
    names = {column.name for column in known}
    held = [
        column if column == TIME else Column(column.name, wider(column.type, kinds[column.name])) for column in known
    ]
    new = [Column(name, new_type(found)) for name, found in kinds.items() if name not in names and name != TIME.name]
    if TIME.name not in names:
        new.append(TIME)
    if len(held) + len(new) > MOST_COLUMNS:
        raise LoadFailed(f"The table would have {len(held) + len(new):,} columns; {MOST_COLUMNS:,} is the limit.")
    return [*held, *new]


def _write(
    connection: duckdb.DuckDBPyConnection, work: _Work, plan: Plan, target: Path, refuse: Callable[[object], Any]
) -> int:
    rows = 0
    with pq.ParquetWriter(target, schema_of(connection, plan), compression="zstd") as writer:
        for group in work.groups(refuse):
            table = _cast(connection, work, group, plan, refuse)
            rows = plan.hold(rows + table.num_rows)
            writer.write_table(table, row_group_size=GROUP_ROWS)
    return rows


def _cast(
    connection: duckdb.DuckDBPyConnection, work: _Work, group: _Group, plan: Plan, refuse: Callable[[object], Any]
) -> pa.Table:
    """The group in the wanted types, without the records that have a value that does not fit."""
    text = pa.table([_values(group.rows, column) for column in plan.columns], names=list(plan.types))
    result = cast_columns(connection, text, plan)
    bad = reduce(pc.or_, (lost(text, result, name) for name in plan.types))
    if pc.any(bad).as_py():
        places = pc.indices_nonzero(bad).to_pylist()
        if not work.lenient:
            _refuse(group, plan, text, result, places[0])
        for place in places:
            refuse(group.records[place])
        work.bad += len(places)
        result = result.filter(pc.invert(bad))
    return timed(connection, result, plan)


def _values(rows: list[Record], column: Column) -> pa.Array:
    """A column's values in its own type where they are of it all; else as text, which is cast."""
    values = [row.get(column.name) for row in rows]
    python, arrow = _TYPED.get(column.type, (set(), None))
    if set(map(type, values)) <= python:
        try:
            return pa.array(values, arrow)
        except (pa.ArrowInvalid, OverflowError):
            pass  # whole numbers that are too large for it
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def _refuse(group: _Group, plan: Plan, text: pa.Table, result: pa.Table, place: int) -> None:
    column = next(c for c in plan.columns if lost(text, result, c.name)[place].as_py())
    number = group.numbers[place]
    raise misfit(f"Record {number}", column, str(text[column.name][place].as_py()), line=number)
