"""Statements of a job that write: CREATE TABLE … AS, INSERT INTO … SELECT and DROP TABLE, in the query's own database.

The rows of each are kept beside the job, then loaded as a file of anyone's would be. That a statement is done is on
record in the transaction that changes the table: a job that is taken over does not write twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.exceptions import ValidationError

from accounts.models import Role
from exports import jobs
from exports.endings import JobFailed
from exports.lease import Lease, LostLease
from exports.models import Job
from warehouse import tables
from warehouse.engines.base import Column, Result
from warehouse.loading import NotLoaded, Source
from warehouse.models import Database, Table, valid_name
from warehouse.sql.statements import Kind, Statement

NAME = "written.parquet"
TIME = "time"  # TD's own column, which every table may have


@dataclass(frozen=True)
class Writer:
    """What one writing statement of a job needs; `number`: its place, from 1."""

    job: Job
    lease: Lease
    database: Database
    statement: Statement
    number: int

    @property
    def table(self) -> Table | None:
        return self.database.tables.filter(name=self.statement.table).first()

    @property
    def name(self) -> str:
        return f"{self.database.name}.{self.statement.table}"

    def done(self, rows: int) -> None:
        """Put on record that the statement is done. Raises LostLease, and with it the change of the table is undone."""
        if not self.lease.mine().update(statements=self.number, result_rows=rows):
            raise LostLease


def check(job: Job, statements: Sequence[Statement]) -> None:
    """Whether the job may write what it wants to. Raises JobFailed before anything is written."""
    writing = [statement for statement in statements if statement.writes]
    for statement in writing:
        check_editor(job, statement.kind.value, line=statement.line)
        _check_name(job, statement)
    if (job.exports or job.into) and statements[-1].writes:
        raise JobFailed(
            f"The text ends with {statements[-1].kind.value}, which gives no rows to export.",
            "End it with a SELECT, or remove the export.",
            line=statements[-1].line,
        )


def check_editor(job: Job, what: str, *, line: int | None = None) -> None:
    """Whether whoever started the job may change tables. Raises JobFailed."""
    user = job.created_by
    if not (user and user.is_active and user.may(Role.EDITOR)):
        who = user.display_name if user else "Whoever started this job"
        says = f"{who} may not change tables: {what} needs the role editor."
        raise JobFailed(says, "Ask an editor to run it.", line=line)


def _check_name(job: Job, statement: Statement) -> None:
    if statement.database not in ("", job.database_name):
        raise JobFailed(
            f"{statement.kind.value} can only write tables of the query's own database, {job.database_name}; "
            f"{statement.database}.{statement.table} is in another one.",
            f"Choose {statement.database} as the query's database.",
            line=statement.line,
        )
    if statement.kind is Kind.CREATE:
        try:
            valid_name(statement.table)
        except ValidationError as error:
            message = f'"{statement.table}" cannot be the name of a table. {error.message}'
            raise JobFailed(message, line=statement.line) from error


def drop(writer: Writer) -> None:
    """DROP TABLE. Raises JobFailed."""
    table = writer.table
    if table:
        tables.delete_table(table, force=True, user=writer.job.created_by, also=lambda: writer.done(0))
        _log(writer, "dropped.")
        return
    if not writer.statement.lenient:
        raise _missing(writer)
    writer.done(0)
    _log(writer, "there is no such table.")


def can_skip(writer: Writer) -> bool:
    """CREATE TABLE IF NOT EXISTS of a table that exists: nothing is run. Raises JobFailed where it may not exist."""
    statement = writer.statement
    if statement.kind is Kind.INSERT and not writer.table:
        raise _missing(writer)
    if statement.kind is not Kind.CREATE or statement.replace or not writer.table:
        return False
    if not statement.lenient:
        advice = "Drop it first, or write CREATE TABLE IF NOT EXISTS or CREATE OR REPLACE TABLE."
        raise JobFailed(f"Table {writer.name} exists already.", advice, line=statement.line)
    writer.done(0)
    _log(writer, "exists already; nothing was done.")
    return True


def write(writer: Writer, result: Result, heard: Callable[[int], None]) -> None:
    """Load the rows of the statement's SELECT into its table. Raises JobFailed, EngineError, LostLease."""
    path, table = writer.job.folder / NAME, writer.table
    names = _names(writer, table, result.schema) if table and writer.statement.kind is Kind.INSERT else None
    try:
        rows = as_parquet(result.schema, result, path, names, heard)
        _load(writer, table, path, rows)
    finally:
        path.unlink(missing_ok=True)
    _log(writer, f"{rows:,} row{'' if rows == 1 else 's'} written.")


def _load(writer: Writer, table: Table | None, path: Path, rows: int) -> None:
    statement = writer.statement
    overwritten = table if table and statement.kind is Kind.INSERT and statement.replace else None
    mode = tables.REPLACE if statement.replace else tables.APPEND if statement.kind is Kind.INSERT else tables.CREATE
    try:
        tables.load(
            database=writer.database,
            table=statement.table,
            sources=[Source(path, "parquet", f"job {writer.job.pk}")],
            columns=[Column(*pair) for pair in overwritten.columns] if overwritten else (),
            mode=mode,
            user=writer.job.created_by,
            also=lambda _: writer.done(rows),
            stoppable=writer.lease.stoppable,
        )
    except NotLoaded as error:
        text = f"{statement.kind.value} {writer.name}: {error.message}"
        raise JobFailed(text, "Nothing of this statement was written.", line=statement.line) from error


def _names(writer: Writer, table: Table, schema: pa.Schema) -> list[str]:
    """The table's columns that the SELECT's stand for: by their places, as SQL has it.

    A table that has `time` alone gets those of the SELECT.
    """
    held = [name for name, _ in table.columns]
    wanted = list(writer.statement.columns)
    if held == [TIME] and not wanted:
        return list(schema.names)
    if unknown := [name for name in wanted if name not in held]:
        message = f"Table {writer.name} has no column {', '.join(unknown)}. It has: {', '.join(held)}."
        raise JobFailed(message, line=writer.statement.line)
    fits = [wanted] if wanted else [held, [name for name in held if name != TIME]]
    for names in fits:
        if len(names) == len(schema.names):
            return names
    raise JobFailed(
        f"INSERT INTO {writer.name} takes {len(fits[-1])} columns ({', '.join(fits[-1])}), "
        f"but the SELECT gives {len(schema.names)} ({', '.join(schema.names)}).",
        "Select as many columns, or name those that are meant: INSERT INTO table (a, b) SELECT ….",
        line=writer.statement.line,
    )


def as_parquet(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    path: Path,
    names: list[str] | None,
    heard: Callable[[int], None],
) -> int:
    """Write the rows as Parquet, with other `names` if there are any. → how many. Raises JobFailed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    names, rows = names or schema.names, 0
    named = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
    try:
        with pq.ParquetWriter(path, named, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch.rename_columns(names))
                rows += len(batch)
                heard(rows)
    except pa.ArrowNotImplementedError as error:
        raise JobFailed(f"A column's type cannot be kept in a table: {error}", "CAST it to another type.") from error
    return rows


def _missing(writer: Writer) -> JobFailed:
    return JobFailed(
        f"Table {writer.name} does not exist.",
        "Check the name, or make the table first with CREATE TABLE … AS.",
        line=writer.statement.line,
    )


def _log(writer: Writer, what: str) -> None:
    jobs.log(writer.job, f"{writer.statement.kind.value} {writer.name}: {what}")
