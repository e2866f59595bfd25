"""Finding the rejected rows of a job again, in a changed query's result, by the destination's key field.

A key that other rows of that job have too tells nothing: its rejected rows are left out, for an accepted row must never
be taken for them.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exports import rejects
from exports.endings import JobFailed
from exports.exporter.cells import texts
from exports.lease import Lease
from exports.models import Job
from exports.rejects import Reject
from exports.results import NAME, KeptResult
from integrations.catalog import connector
from warehouse.engines.base import Result
from warehouse.engines.kept import BATCH_ROWS, rebatched

MOST_KEYS = 1_000_000
Counts = npt.NDArray[np.int64]


Part = tuple[int, int]
"""Bytes of a job's rejects file, half-open."""


def part_of(job: Job, part: Part) -> Iterator[Reject]:
    """Those of the job's rejects that lie in the part, without the unknown ones: the destination may have them."""
    start, end = part
    found = rejects.scan(job.folder, min(end, job.rejects_bytes), start)
    return (reject for _, reject in found if reject.end != "unknown")


def rejected(kept: KeptResult, job: Job, part: Part) -> Iterator[pa.Table]:
    """The rows of a part of the job's rejects with all columns, some at a time, in the order of their numbers."""
    found = (reject.row for reject in part_of(job, part))
    while some := list(islice(found, BATCH_ROWS)):
        yield kept.rows(some)


def key_column(mapping: dict[str, dict[str, Any]], field: str) -> str:
    """The column that a field takes its values from; empty if it has none. An empty mapping goes by names."""
    if not mapping:
        return field
    return str((mapping.get(field) or {}).get("column", ""))


def check_number(rows: int) -> None:
    """Raises JobFailed if so many rejected rows are too many to be found again one by one."""
    if rows > MOST_KEYS:
        raise JobFailed(
            f"More than {MOST_KEYS:,} rows were rejected: too many to find again one by one in a changed query.",
            "Run the query again instead.",
        )


class Wanted:
    """The keys of a job's rejected rows, and the rows of a new result that have one of them.

    Raises JobFailed if there are none to go by, or too many.
    """

    def __init__(self, job: Job, lease: Lease, parent: Job) -> None:
        self.field = connector(job.connector_key).key_field
        self.column = key_column(job.mapping, self.field)
        before = key_column(parent.mapping, self.field)
        if not self.column or not before:
            raise JobFailed(
                f"The query has changed, and {self.field or 'the key'} is mapped to no column: the rejected rows "
                "cannot be found again.",
                "Run the query again instead.",
            )
        self.lease, self.parent = lease, parent.pk
        self.part = (job.rejects_from, job.rejects_until)
        kept = KeptResult(parent.folder / NAME)
        keys, times, self.without = self._keys_of_rejected(kept, parent, before)
        alone = self._times(kept, before, keys) == times
        self.keys, self.shared = keys.filter(pa.array(alone)), int(times[~alone].sum())
        self.rows = 0

    def _keys_of_rejected(self, kept: KeptResult, parent: Job, column: str) -> tuple[pa.Array, Counts, int]:
        """(the different keys of the rejected rows, how many of these rows have each, how many have none)"""
        found, without, rows = [pa.array([], pa.string())], 0, 0
        for table in rejected(kept, parent, self.part):
            self.lease.check()
            rows += len(table)
            check_number(rows)
            cells = _cells(table.column(column).combine_chunks())
            held = cells.filter(pc.fill_null(pc.not_equal(cells, ""), False))
            without += len(cells) - len(held)
            found.append(held)
        counted = pc.value_counts(pa.concat_arrays(found))
        return counted.field("values"), counted.field("counts").to_numpy(), without

    def _times(self, kept: KeptResult, column: str, keys: pa.Array) -> Counts:
        """How many rows of the whole result have each key."""
        times = np.zeros(len(keys), np.int64)
        for batch in self._large(keys, (batch.select([column]) for _, batch in kept.batches())):
            at = pc.index_in(_cells(batch.column(0)), value_set=keys).drop_null()
            times += np.bincount(at.to_numpy(), minlength=len(keys))
        return times

    def sift(self, result: Result) -> Iterable[pa.RecordBatch]:
        """The rows of the new result that are wanted."""
        for batch in self._large(self.keys, result):
            chosen = batch.filter(pc.is_in(_cells(batch.column(self.column)), value_set=self.keys))
            self.rows += len(chosen)
            yield chosen

    def _large(self, keys: pa.Array, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Each look-up makes a table of the keys anew: the more keys, the more rows at once."""
        for batch in rebatched(batches, max(BATCH_ROWS, len(keys) // 20)):
            self.lease.check()
            yield batch

    @property
    def says(self) -> str:
        """What came of it, for the log."""
        told = (
            f"The query has changed since job {self.parent}: of its new result, {self.rows:,} rows are kept, those "
            f"with a {self.field} of rows that job {self.parent} did not get through."
        )
        if self.without:
            told += f" {self.without:,} of those rows had no {self.field} and cannot be found again."
        if self.shared:
            told += (
                f" {self.shared:,} of those rows are left out: other rows of job {self.parent} have the same "
                f"{self.field}, and what was accepted is not sent again."
            )
        return told


def _cells(column: pa.Array) -> pa.StringArray:
    return texts(column).array
