"""Steps 1 and 2 of a job: run its query, keep the result once."""

import shutil
import time
from pathlib import Path

from exports import engine, jobs
from exports.endings import JobFailed
from exports.exporter.mapping import check_mapping, from_json
from exports.exporter.plan import PlanError
from exports.lease import JobKilled, Lease
from exports.models import Job, Phase
from exports.results import NAME, keep
from integrations.catalog import connector
from warehouse.engines.base import Cancelled, Result, TableFiles
from warehouse.models import Database

PROGRESS_SECONDS = 1.0


def query(job: Job, lease: Lease) -> None:
    """Run the job's query and keep its rows; the job's row then says where.

    Raises EngineError, JobFailed, JobKilled, LostLease.
    """
    database = Database.objects.filter(name=job.database_name).first()
    if not database:
        raise JobFailed(
            f"The database {job.database_name} does not exist any more.", "Choose another database in the query."
        )
    lease.save(phase=Phase.QUERYING, progress=None)
    _clear(job.folder)
    tables = engine.readable()
    if job.exports:
        _check_mapping(job, tables, database)
    started = time.monotonic()
    running = engine.engine().run(
        job.sql,
        tables=tables,
        database=database.name,
        limits=engine.limits(),
        scheduled_time=int((job.scheduled_for or job.created_at).timestamp()),
        time_zone=job.time_zone,
        order_by=sent_in_order_of(job),
        workdir=job.folder,
    )
    with running as result:
        _keep(job, lease, result, started)


def _clear(folder: Path) -> None:
    """What a killed worker left: its engine's temporary files, and half a result."""
    for left in [*folder.glob("child-*"), *folder.glob("*.tmp")]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _check_mapping(job: Job, tables: TableFiles, database: Database) -> None:
    """A column that is missing is an error now, not after an hour of querying. Raises PlanError, EngineError."""
    columns = [c.name for c in engine.engine().check(job.sql, tables=tables, database=database.name).columns]
    problems = check_mapping(connector(job.connector_key), from_json(job.mapping), columns, now=int(time.time()))
    if problems:
        raise PlanError(problems)


def sent_in_order_of(job: Job) -> str | None:
    """The result column with the event's time: events are sent in the order in which they happened."""
    return (job.mapping.get("event_timestamp") or {}).get("column")


def _keep(job: Job, lease: Lease, result: Result, started: float) -> None:
    lease.on_kill = result.cancel
    told = time.monotonic()

    def heard(rows: int) -> None:
        nonlocal told
        lease.check()
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            lease.save(progress=result.progress().percent, result_rows=rows)

    path = job.folder / NAME
    try:
        rows = keep(result.schema, result, path, heard=heard)
    except Cancelled as error:
        if lease.kill:
            raise JobKilled from error
        raise JobFailed("The query was stopped from outside.", "Run the job again.") from error
    finally:
        lease.on_kill = None
    seconds = time.monotonic() - started
    lease.save(
        result_path=f"{job.pk}/{NAME}",
        columns=[[f.name, str(f.type)] for f in result.schema],
        result_rows=rows,
        result_bytes=path.stat().st_size,
        query_seconds=seconds,
        progress=None,
        **({"rows": rows, "not_attempted": rows} if job.exports else {}),
    )
    jobs.log(job, f"Query finished: {rows:,} rows in {seconds:,.1f} s.")
