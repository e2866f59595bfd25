"""A job's kept result, written into a table of this console: wholly and once, whatever dies meanwhile.

That it is written is on record in the transaction that changes the table.
"""

from exports import jobs, table_targets, writing
from exports.endings import JobFailed
from exports.lease import Lease, LostLease
from exports.models import ErrorKind, Job
from exports.results import NAME, KeptResult
from exports.table_targets import TableTarget
from warehouse import tables
from warehouse.loading import NotLoaded, Source
from warehouse.models import Database, Table


def check(job: Job) -> None:
    """Whether the job may write its table, before its query runs. Raises JobFailed."""
    table = table_targets.of(job)
    if table is None:
        return
    writing.check_editor(job, "writing a result into one")
    if problem := table_targets.problem(table):
        text = f"The result cannot be written into table {table.name}: {problem}."
        raise JobFailed(text, "Correct it in Export Results.", kind=ErrorKind.CONFIGURATION)


def write(job: Job, lease: Lease) -> None:
    """Write the result, unless that is done. Raises JobFailed, JobKilled, LostLease."""
    table = table_targets.of(job)
    if table is None or job.into_rows is not None:
        return
    check(job)
    if not (job.folder / NAME).exists():
        raise JobFailed("The kept result of this job is gone from DATA_DIR.", "Run the job again from its query.")
    lease.save(phase="")
    rows = _load(job, lease, table)
    jobs.log(job, f"{rows:,} row{'' if rows == 1 else 's'} written: the result {table.says}.")


def _load(job: Job, lease: Lease, table: TableTarget) -> int:
    kept, path = KeptResult(job.folder / NAME), job.folder / writing.NAME
    batches = (batch for _, batch in kept.batches())
    try:
        names = _by_place(table, kept.schema.names) if table.mode == table_targets.INSERT else None
        rows = writing.as_parquet(kept.schema, batches, path, names, lambda _: lease.check())
        tables.load(
            database=Database.objects.get(name=table.database),
            table=table.table,
            sources=[Source(path, "parquet", f"job {job.pk}")],
            mode=tables.REPLACE if table.mode == table_targets.REPLACE else tables.APPEND,
            user=job.created_by,
            also=lambda _: _done(lease, rows),
            stoppable=lease.stoppable,
        )
    except (NotLoaded, Database.DoesNotExist) as error:
        says = error.message if isinstance(error, NotLoaded) else "its database was deleted meanwhile."
        text = f"The result was not written into table {table.name}: {says}"
        raise JobFailed(text, "Nothing of it was written.", kind=ErrorKind.CONFIGURATION) from error
    finally:
        path.unlink(missing_ok=True)
    return rows


def _by_place(into: TableTarget, names: list[str]) -> list[str] | None:
    """The table's columns that the result's go into if it does not have all of their names; None: those of their names.

    Raises JobFailed.
    """
    table = Table.objects.filter(database__name=into.database, name=into.table).first()
    held = [name for name, _ in table.columns] if table else []
    own = [name for name in held if name != writing.TIME]
    if not own or set(names) <= set(held):
        return None
    for places in (held, own):
        if len(places) == len(names):
            return places
    text = f"Table {into.name} has the columns {', '.join(own)}, and the result has others: {', '.join(names)}."
    raise JobFailed(text, "Give the result the names of the table's columns, or as many as it has.")


def _done(lease: Lease, rows: int) -> None:
    """Raises LostLease, and with it the change of the table is undone."""
    if not lease.mine().filter(into_rows=None).update(into_rows=rows):
        raise LostLease
