"""Steps 1 and 2 of a job whose rows are those of an earlier job, its parent: all of them, or the rejected ones.

A row is rejected if it is invalid or refused: the destination never accepted it. If the query has changed since, its
rejected rows are found again in the new result by the destination's key field.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from exports import jobs, querying, rejects
from exports.endings import JobFailed
from exports.exporter.cells import texts
from exports.lease import Lease
from exports.models import Job, Phase, RowsFrom
from exports.results import NAME, KeptResult, adopt, keep_batches
from integrations.catalog import connector
from warehouse.engines.base import Result
from warehouse.engines.kept import BATCH_ROWS, rebatched

MOST_KEYS = 1_000_000
Terms = tuple[str, str, int | None, str, str]


def take(job: Job, lease: Lease) -> None:
    """Keep the job's rows; the job's row then says where. Raises EngineError, JobFailed, JobKilled, LostLease."""
    querying.check_account(job)
    parent = _parent(job)
    if job.rows_from == RowsFrom.REJECTS and not same_rows(job, parent):
        _query_anew(job, lease, parent)
        return
    lease.save(phase=Phase.CHECKING, progress=None)
    querying.clear(job.folder)
    if job.rows_from == RowsFrom.RESULT:
        _take_all(job, lease, parent)
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
    adopt(parent.folder / NAME, job.folder / NAME)
    querying.found(job, lease, KeptResult(job.folder / NAME).schema, parent.result_rows or 0)
    jobs.log(job, f"Its {parent.result_rows or 0:,} rows are the kept result of job {parent.pk}; no query ran.")


def _take_rejected(job: Job, lease: Lease, parent: Job) -> None:
    kept = KeptResult(parent.folder / NAME)
    rows = keep_batches(kept.schema, _batches(kept, parent, lease), job.folder / NAME)
    querying.found(job, lease, kept.schema, rows)
    jobs.log(job, f"Its {rows:,} rows are those that job {parent.pk} did not get through; no query ran.")


def _batches(kept: KeptResult, parent: Job, lease: Lease) -> Iterator[pa.RecordBatch]:
    for table in rejected(kept, parent):
        lease.check()
        yield from table.to_batches()


def rejected(kept: KeptResult, job: Job) -> Iterator[pa.Table]:
    """The job's rejected rows with all columns, some at a time, in the order of their numbers."""
    found = (reject.row for reject in rejects.read(job.folder, job.rejects_bytes))
    while some := list(islice(found, BATCH_ROWS)):
        yield kept.rows(some)


# --- the query has changed ----------------------------------------------------------------------------------------


def _query_anew(job: Job, lease: Lease, parent: Job) -> None:
    wanted = _Wanted(job, parent)
    querying.query(job, lease, sift=wanted.sift)
    jobs.log(job, wanted.says)


class _Wanted:
    """The keys of the parent's rejected rows, and the rows of a new result that have one of them."""

    def __init__(self, job: Job, parent: Job) -> None:
        self.field = connector(job.connector_key).key_field
        self.column = key_column(job.mapping, self.field)
        before = key_column(parent.mapping, self.field)
        if not self.column or not before:
            raise JobFailed(
                f"The query has changed, and {self.field or 'the key'} is mapped to no column: the rejected rows "
                "cannot be found again.",
                "Run the query again instead.",
            )
        self.parent = parent.pk
        self.keys, self.without = _keys(parent.folder / NAME, parent, before)
        self.rows = 0

    def sift(self, result: Result) -> Iterable[pa.RecordBatch]:
        # Each look-up makes a table of the keys anew: the more keys, the more rows at once.
        for batch in rebatched(result, max(BATCH_ROWS, len(self.keys) // 20)):
            chosen = batch.filter(pc.is_in(texts(batch.column(self.column)).array, value_set=self.keys))
            self.rows += len(chosen)
            yield chosen

    @property
    def says(self) -> str:
        lost = (
            f" {self.without:,} rejected rows have no {self.field} and cannot be found again." if self.without else ""
        )
        return (
            f"The query has changed since job {self.parent}: of its new result, {self.rows:,} rows are kept, those "
            f"with one of the {len(self.keys):,} {self.field}s that job {self.parent} did not get through.{lost}"
        )


def key_column(mapping: dict[str, dict[str, object]], field: str) -> str:
    """The column that a field takes its values from; empty if it has none."""
    return str((mapping.get(field) or {}).get("column", ""))


def _keys(path: Path, parent: Job, column: str) -> tuple[pa.Array, int]:
    """(the different keys of the rejected rows, how many of these rows have none). Raises JobFailed if there are too
    many to hold."""
    check_number(parent)
    found, without = [pa.array([], pa.string())], 0
    for table in rejected(KeptResult(path), parent):
        cells = texts(table.column(column).combine_chunks()).array
        held = cells.filter(pc.fill_null(pc.not_equal(cells, ""), False))
        without += len(cells) - len(held)
        found.append(held)
    return pc.unique(pa.concat_arrays(found)), without


def check_number(parent: Job) -> None:
    """Raises JobFailed if the rejected rows are too many to be found again one by one."""
    if parent.invalid + parent.refused > MOST_KEYS:
        raise JobFailed(
            f"More than {MOST_KEYS:,} rows were rejected: too many to find again one by one in a changed query.",
            "Run the query again instead.",
        )
