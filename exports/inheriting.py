"""Steps 1 and 2 of a job whose rows are those of an earlier job, its parent: all, those found valid, or those rejected.

A row is rejected if it is invalid or refused: the destination never accepted it. If the query has changed since, its
rejected rows are found again in the new result by the destination's key field. No row is in both kinds: so a row that
is checked again goes on from there alone.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from exports import by_name, jobs, querying, rejects
from exports.endings import JobFailed
from exports.lease import Lease
from exports.models import Job, Phase, RowsFrom
from exports.results import NAME, KeptResult, adopt, keep_batches
from exports.retrieving import Wanted, rejected

Terms = tuple[str, str, int | None, str, str]


def take(job: Job, lease: Lease) -> None:
    """Keep the job's rows; the job's row then says where. Raises EngineError, JobFailed, JobKilled, LostLease."""
    querying.check_account(job)
    parent = _parent(job)
    if job.rows_from == RowsFrom.REJECTS and not same_rows(job, parent):
        wanted = Wanted(job, lease, parent)
        querying.query(job, lease, sift=wanted.sift)
        jobs.log(job, wanted.says)
        return
    lease.save(phase=Phase.CHECKING, progress=None)
    querying.clear(job.folder)
    if job.rows_from == RowsFrom.KEPT:
        _take_all(job, lease, parent)
    elif job.rows_from == RowsFrom.RESULT:
        _take_valid(job, lease, parent)
    else:
        _take_rejected(job, lease, parent)


def terms(job: Job) -> Terms:
    """What decides which rows a job's query gives."""
    return (job.sql, job.engine, job.source_id, job.database_name, job.time_zone)


def same_rows(job: Job, parent: Job) -> bool:
    """Whether the rows that the parent kept are those that the job's own query is about."""
    return terms(job) == terms(parent)


def _parent(job: Job) -> Job:
    if job.parent is None:
        raise JobFailed("The job that this one takes its rows from does not exist any more.", "Run the query again.")
    if not (job.parent.folder / NAME).is_file():
        raise JobFailed(f"The kept result of job {job.parent.pk} was deleted.", "Run the query again.")
    return job.parent


def _take_all(job: Job, lease: Lease, parent: Job) -> None:
    """In the order in which they are sent: that of their events, unless the query has one of its own."""
    kept, rows = KeptResult(parent.folder / NAME), parent.result_rows or 0
    by_name.settle(job, lease, kept.schema.names)
    column, schema = querying.sent_in_order_of(job) or "", kept.schema
    if parent.ordered or column not in schema.names or kept.is_in_order(column):
        adopt(parent.folder / NAME, job.folder / NAME)
    else:
        schema = querying.keep_in_order(job, lease, kept, column)
    querying.found(job, lease, schema, rows, ordered=parent.ordered)
    jobs.log(job, f"Its {rows:,} rows are those that job {parent.pk} kept; no query ran.")


def _take_valid(job: Job, lease: Lease, parent: Job) -> None:
    kept, rows = KeptResult(parent.folder / NAME), parent.result_rows or 0
    if parent.rejects_bytes:
        rows = keep_batches(kept.schema, _valid(kept, parent, lease), job.folder / NAME)
    else:
        adopt(parent.folder / NAME, job.folder / NAME)
    querying.found(job, lease, kept.schema, rows)
    jobs.log(job, f"Its {rows:,} rows are those that job {parent.pk} found valid; no query ran.")


def _valid(kept: KeptResult, parent: Job, lease: Lease) -> Iterator[pa.RecordBatch]:
    """A validation's rejects are in the order of their rows."""
    bad = (reject.row for reject in rejects.read(parent.folder, parent.rejects_bytes))
    row = next(bad, None)
    for first, batch in kept.batches():
        lease.check()
        good = np.ones(len(batch), bool)
        while row is not None and row < first + len(batch):
            good[row - first] = False
            row = next(bad, None)
        yield batch.filter(pa.array(good))


def _take_rejected(job: Job, lease: Lease, parent: Job) -> None:
    kept = KeptResult(parent.folder / NAME)
    rows = keep_batches(kept.schema, _rejected(kept, job, parent, lease), job.folder / NAME)
    querying.found(job, lease, kept.schema, rows)
    jobs.log(job, f"Its {rows:,} rows are those that job {parent.pk} did not get through; no query ran.")


def _rejected(kept: KeptResult, job: Job, parent: Job, lease: Lease) -> Iterator[pa.RecordBatch]:
    for table in rejected(kept, parent, (job.rejects_from, job.rejects_until)):
        lease.check()
        yield from table.to_batches()
