"""What the child does with a query: translate, guard, lay out its tables, lock DuckDB, stream the rows to stdout."""

from __future__ import annotations

import base64
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.engines import fence, guard, kept, tablefiles
from warehouse.engines.base import Cancelled, LimitExceeded, QueryFailed, QueryRejected, Table, TableName
from warehouse.engines.complaints import complaint_of
from warehouse.engines.database import open_database, run
from warehouse.engines.pieces import in_pieces
from warehouse.engines.querytext import ORDERING_PREFIX, literal, ordered_by, plain_spaces, quoted
from warehouse.engines.resultcolumns import refuse_repeated, result_column
from warehouse.engines.status import Broken, say


@dataclass(frozen=True)
class Rows:
    """What is left to do with a query: hand on its rows."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def query(job: dict[str, Any]) -> dict[str, Any]:
    """Run the query: says `schema` and `progress`, streams or keeps the rows, returns how many there were."""
    connection = open_database(job)
    telling = _Telling(connection, job["parent"])
    text = _text(job)
    with text.placing():
        passed = _prepare(connection, job, text)
        relation, before = _bind(connection, text.sql), 0
        refuse_repeated(relation.columns)
    if job["order_by"] and not passed.ordered:
        ordered = ordered_by(text.sql, result_column(relation.columns, job["order_by"]))
        guard.check(connection, ordered, catalogue=_catalogue(job), database=job["database"])
        relation, before = connection.sql(ordered), len(ORDERING_PREFIX)
    try:
        schema = relation.limit(0).to_arrow_table().schema
        say("schema", ordered=passed.ordered, schema=base64.b64encode(schema.serialize()).decode())
        rows = telling.limited(relation, job["rows"])
        return {"rows": _keep(rows, job) if _asked() == kept.KEEP else _stream(rows)}
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise text.broken(error, before) from error


def check(job: dict[str, Any]) -> dict[str, Any]:
    """Parse and bind the query, and return its tables, columns and whether it is ordered."""
    connection = open_database(job)
    _Telling(connection, job["parent"])
    text = _text(job)
    with text.placing():
        passed = _prepare(connection, job, text)
        relation = _bind(connection, text.sql)
        refuse_repeated(relation.columns)
    columns = [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]
    return {"tables": passed.tables, "columns": columns, "ordered": passed.ordered, "text": text.sql}


@dataclass(frozen=True)
class _Text:
    """What runs (`sql`, after `before` was run) in place of what the user wrote."""

    written: str
    sql: str
    before: tuple[str, ...] = ()

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Errors point into the user's own text."""
        try:
            yield
        except QueryRejected as error:
            error.line, error.column = self._place(error.line, error.column)
            raise

    def broken(self, error: Exception, before: int) -> Broken:
        """The error that came while it ran, after `before` bytes of ours."""
        broken = Broken(error, self.sql, before)
        line, column = self._place(broken.complaint.line, broken.complaint.column)
        broken.complaint = replace(broken.complaint, line=line, column=column)
        return broken

    def _place(self, line: int | None, column: int | None) -> tuple[int | None, int | None]:
        if self.sql == self.written or line is None or column is None:
            return line, column
        places = import_module("warehouse.sql.places")
        found: tuple[int | None, int | None] = places.place_in(self.written, self.sql, line, column)
        return found


def _text(job: dict[str, Any]) -> _Text:
    """The user's text, or its translation. Raises QueryRejected."""
    written = plain_spaces(job["sql"])
    if job["dialect"] == "duckdb":
        return _Text(written, written)
    # Imported only now: text in DuckDB's own SQL has no need of it.
    translation = import_module("warehouse.sql.translate")
    found = translation.translate(written, dialect=job["dialect"], scheduled_time=_scheduled(job))
    return _Text(written, found.sql, (*found.macros, *found.settings))


def _scheduled(job: dict[str, Any]) -> int:
    return int(time.time()) if job["scheduled_time"] is None else int(job["scheduled_time"])


def _prepare(connection: duckdb.DuckDBPyConnection, job: dict[str, Any], text: _Text) -> guard.Passed:
    """Give the database the tables that the query names and nothing else. → what the guard found."""
    catalogue = _catalogue(job)
    passed = guard.check(connection, text.sql, catalogue=catalogue, database=job["database"])
    for name in passed.tables:
        _make_view(connection, name, catalogue[name])
    for statement in text.before:
        run(connection, statement)
    if "td_parse_agent" in text.sql.lower():
        import_module("warehouse.engines.agents").register(connection)
    _settle(connection, job)
    return passed


def _catalogue(job: dict[str, Any]) -> dict[TableName, Table]:
    return {(database, name): tablefiles.from_json(table) for database, name, table in job["tables"]}


def _make_view(connection: duckdb.DuckDBPyConnection, name: TableName, table: Table) -> None:
    database, table_name = map(quoted, name)
    run(connection, f"CREATE SCHEMA IF NOT EXISTS {database}")
    try:
        run(connection, f"CREATE VIEW {database}.{table_name} AS {tablefiles.select(table)}")
    except duckdb.Error as error:
        message = f"The files of the table {'.'.join(name)} cannot be read."
        raise QueryFailed(message, user_error=False, detail=str(error)) from error


def _settle(connection: duckdb.DuckDBPyConnection, job: dict[str, Any]) -> None:
    """Set what the query may see, then lock the settings."""
    database = quoted(job["database"])
    run(connection, f"CREATE TEMP MACRO td_scheduled_time() AS {_scheduled(job)}::BIGINT")
    run(connection, f"CREATE SCHEMA IF NOT EXISTS {database}")
    run(connection, f"SET schema = {literal(database)}")
    _set_time_zone(connection, job["time_zone"])
    run(connection, "SET enable_progress_bar = true")
    run(connection, "SET enable_progress_bar_print = false")
    run(connection, f"SET allowed_paths = [{', '.join(map(literal, job['files']))}]")
    run(connection, "SET enable_external_access = false")
    run(connection, "SET lock_configuration = true")


def _set_time_zone(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        run(connection, f"SET TimeZone = {literal(name)}")
    except duckdb.Error as error:
        raise QueryRejected(f'There is no time zone "{name}".', detail=str(error)) from error


def _bind(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """Resolve every name and type of `sql`, without running it."""
    try:
        return connection.sql(sql)
    except duckdb.Error as error:
        if not complaint_of(error, sql).user_error:
            raise Broken(error) from error
        raise _placed(connection, sql, error) from error


def _placed(connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error) -> QueryRejected:
    """The error again, with its place: only a statement, not a relation, knows where in the text it is."""
    prefix = "EXPLAIN "
    try:
        run(connection, prefix + sql)
    except duckdb.Error as placed:
        return complaint_of(placed, sql, before=len(prefix)).as_rejection()
    return complaint_of(error, sql).as_rejection()


class _Telling:
    """Hears the parent's signals and tells it how many rows there are, from a thread of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, parent: int) -> None:
        self.rows = 0
        self._connection = connection
        self._stopping = threading.Event()
        fence.watch(stop=self._stop, tick=self._tick, parent=parent)

    def limited(self, relation: duckdb.DuckDBPyRelation, most: int) -> Rows:
        """The rows; after the last one allowed LimitExceeded."""
        reader = relation.to_arrow_reader(kept.BATCH_ROWS)
        return Rows(reader.schema, self._counted(reader, most))

    def _counted(self, reader: pa.RecordBatchReader, most: int) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            if self._stopping.is_set():
                raise Cancelled("The query was cancelled.")
            yield batch.slice(0, most - self.rows)
            self.rows += batch.num_rows
            if self.rows > most:
                raise LimitExceeded("rows", "")

    def _stop(self) -> None:
        self._stopping.set()
        self._connection.interrupt()

    def _tick(self) -> None:
        if self._stopping.is_set():  # the first interrupt may have come between two statements
            self._connection.interrupt()
        say("progress", rows=self.rows, percent=self._connection.query_progress())


def _asked() -> str:
    """What the parent wants with the rows, now that it knows their schema. Without an answer it is gone."""
    return sys.stdin.readline().strip() or os._exit(1)


def _stream(rows: Rows) -> int:
    """Write the rows to stdout. → their number."""
    count = 0
    with os.fdopen(1, "wb") as stdout, pa.ipc.new_stream(stdout, rows.schema) as writer:
        for batch in rows.batches:
            for piece in in_pieces(batch):
                writer.write_batch(piece)
            stdout.flush()  # the next rows may be long in coming
            count += batch.num_rows
    return count


def _keep(rows: Rows, job: dict[str, Any]) -> int:
    """Write the rows to a file of the job's folder, which the parent takes over. → their number."""
    return kept.write(rows.schema, rows.batches, Path(job["folder"]) / kept.KEPT)
