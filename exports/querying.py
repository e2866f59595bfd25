"""Steps 1 and 2 of a job: run its query, keep the result once."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from exports import by_name, engine, into_table, jobs, writing
from exports.endings import JobFailed
from exports.exporter.mapping import check_mapping
from exports.exporter.plan import PlanError
from exports.lease import Lease
from exports.models import ErrorKind, Job, Phase
from exports.modes import sent_mapping
from exports.results import NAME, KeptResult, keep, keep_batches
from exports.texts import Text
from exports.writing import Writer
from integrations.catalog import connector
from warehouse.engines.base import Cancelled, Column, Result, Table
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.models import Database
from warehouse.sql.statements import Kind

PROGRESS_SECONDS = 1.0


Sift = Callable[[Result], Iterable[pa.RecordBatch]]
"""A query's result → those of its rows that are kept."""


def query(job: Job, lease: Lease, *, sift: Sift | None = None) -> None:
    """Run the job's statements and keep the rows of the last one, or what `sift` leaves of them; the job's row then
    says where.

    Raises EngineError, JobFailed, JobKilled, LostLease.
    """
    lease.save(phase=Phase.QUERYING, progress=None)
    clear(job.folder)
    database = _database(job)
    statements = Text(database, job.sql, engine=job.engine).statements
    writing.check(job, statements)
    into_table.check(job)
    for number, statement in enumerate(statements, 1):
        if statement.writes and number > job.statements:
            lease.check()
            _write(Writer(job, lease, database, statement, number))
    if statements[-1].writes:
        _keep_count(job, lease)
    else:
        _select(job, lease, database, statements[-1].sql, sift)


def check_account(job: Job) -> None:
    """Nothing runs for someone whose account is switched off. Raises JobFailed."""
    if job.created_by and not job.created_by.is_active:
        raise JobFailed(
            f"The account of {job.created_by.display_name} is switched off.", "Someone else can run this query."
        )


def _database(job: Job) -> Database:
    check_account(job)
    database = Database.objects.filter(name=job.database_name).first()
    if not database:
        raise JobFailed(
            f"The database {job.database_name} does not exist any more.", "Choose another database in the query."
        )
    return database


def _select(job: Job, lease: Lease, database: Database, sql: str, sift: Sift | None) -> None:
    if job.exports:
        _check_mapping(job, lease, sql, database)
    started = time.monotonic()
    with _running(job, database, sql, order_by=sent_in_order_of(job)) as result:
        _keep(job, lease, result, started, sift)


def _write(writer: Writer) -> None:
    """One statement that writes a table."""
    if writer.statement.kind is Kind.DROP:
        writing.drop(writer)
    elif not writing.can_skip(writer):
        job, lease = writer.job, writer.lease
        with _running(job, writer.database, writer.statement.sql) as result, _stoppable(lease, result):
            writing.write(writer, result, _telling(lease, result))


def _running(job: Job, database: Database, sql: str, order_by: str | None = None) -> Result:
    return engine.engine(job.engine, job.source).run(
        sql,
        tables=engine.readable(job.created_by),
        database=database.name,
        limits=engine.limits(),
        scheduled_time=int((job.scheduled_for or job.created_at).timestamp()),
        time_zone=job.time_zone,
        order_by=order_by,
        workdir=job.folder,
    )


def clear(folder: Path) -> None:
    """What a killed worker left: its engine's temporary files, and half a result."""
    for left in [*folder.glob("child-*"), *folder.glob("*.tmp"), *folder.glob(writing.NAME)]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _check_mapping(job: Job, lease: Lease, sql: str, database: Database) -> None:
    """A column that is missing is an error now, not after an hour of querying.

    Raises PlanError, EngineError, JobFailed.
    """
    using, tables = engine.engine(job.engine, job.source), engine.readable(job.created_by)
    columns = [c.name for c in using.check(sql, tables=tables, database=database.name).columns]
    by_name.settle(job, lease, columns)
    problems = check_mapping(connector(job.connector_key), sent_mapping(job), columns, now=int(time.time()))
    if problems:
        raise PlanError(problems)


def sent_in_order_of(job: Job) -> str | None:
    """The result column with the event's time: events are sent in the order in which they happened.

    None where there is none, or the user wants the query's own order.
    """
    if not job.exports or job.settings.get("keep_row_order"):
        return None
    field = connector(job.connector_key).window_field
    column: str | None = (job.mapping.get(field.name) or {}).get("column") if field else None
    return column


def _keep(job: Job, lease: Lease, result: Result, started: float, sift: Sift | None) -> None:
    path, heard = job.folder / NAME, _telling(lease, result)
    with _stoppable(lease, result):
        rows = keep_batches(result.schema, sift(result), path, heard=heard) if sift else keep(result, path, heard=heard)
    seconds = time.monotonic() - started
    found(job, lease, result.schema, rows, query_seconds=seconds, ordered=result.ordered)
    jobs.log(job, f"Query finished: {rows:,} rows in {seconds:,.1f} s.")


def _keep_count(job: Job, lease: Lease) -> None:
    """The result of a last statement that wrote: one row with the number of rows, as Trino has it."""
    written = Job.objects.values_list("result_rows", flat=True).get(pk=job.pk) or 0
    counted = pa.record_batch({"rows": pa.array([written], pa.int64())})
    keep_batches(counted.schema, [counted], job.folder / NAME)
    found(job, lease, counted.schema, 1)


def found(job: Job, lease: Lease, schema: pa.Schema, rows: int, **values: Any) -> None:
    """Put the kept result on record. Raises JobFailed where an empty mapping fits no columns."""
    by_name.settle(job, lease, schema.names)
    lease.save(
        result_path=f"{job.pk}/{NAME}",
        columns=[[f.name, str(f.type)] for f in schema],
        result_rows=rows,
        result_bytes=(job.folder / NAME).stat().st_size,
        progress=None,
        **({"rows": rows, "not_attempted": rows} if job.exports else {}),
        **values,
    )


def keep_in_order(job: Job, lease: Lease, kept: KeptResult, column: str) -> pa.Schema:
    """Keep the rows of another job's result by the values of `column`, NULLs last. Raises what a query raises."""
    path = job.folder / writing.NAME
    try:
        writing.as_parquet(kept.schema, (batch for _, batch in kept.batches()), path, None, lambda _: lease.check())
        columns = tuple(Column(name, "") for name in kept.schema.names)
        with (
            DuckDBEngine(dialect="duckdb").run(
                "SELECT * FROM rows",
                tables={("kept", "rows"): Table((str(path),), columns)},
                database="kept",
                limits=engine.limits(),
                time_zone=job.time_zone,
                order_by=column,
                workdir=job.folder,
            ) as result,
            _stoppable(lease, result),
        ):
            keep(result, job.folder / NAME, heard=_telling(lease, result))
            return result.schema
    finally:
        path.unlink(missing_ok=True)


def _telling(lease: Lease, result: Result) -> Callable[[int], None]:
    """What hears the number of rows so far: it is shown now and then, and Stop is obeyed."""
    told = time.monotonic()

    def heard(rows: int) -> None:
        nonlocal told
        lease.check()
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            lease.save(progress=result.progress().percent, **({"result_rows": rows} if rows else {}))

    return heard


@contextmanager
def _stoppable(lease: Lease, result: Result) -> Iterator[None]:
    """Stop reaches the query even while it gives no rows. Raises JobKilled, Drained, JobFailed."""
    try:
        with lease.stoppable(result.cancel):
            yield
    except Cancelled as error:
        outside = "The query was stopped from outside."
        raise JobFailed(outside, "Run the job again.", kind=ErrorKind.TRANSIENT) from error
