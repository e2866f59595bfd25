"""The job of a bulk import: its parts become one Parquet file, which waits to be committed.

A job that is taken over begins anew; what counts is the file that is on record at the end.
"""

import time
import uuid
from pathlib import Path

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from exports import jobs, querying
from exports.bulk_models import BulkImport
from exports.endings import JobFailed
from exports.lease import Lease, LostLease
from exports.models import ErrorKind, Job, Phase
from exports.results import NAME, keep_batches
from warehouse.catalogue import columns_of
from warehouse.engines import loader
from warehouse.engines.base import Cancelled, LoadFailed
from warehouse.engines.loader import Packed
from warehouse.loading import limits_now
from warehouse.models import Load

AGAIN = "Send the parts in a new bulk import."


def perform(job: Job, lease: Lease) -> None:
    """Make the file; its import's row, and the job's result, then say what came of it.

    Raises EngineError, JobFailed, JobKilled, LostLease, Drained.
    """
    lease.save(phase=Phase.CHECKING, progress=None)
    querying.check_account(job)
    querying.clear(job.folder)
    found = BulkImport.objects.select_related("table").filter(job=job).first()
    if found is None:
        raise JobFailed("The bulk import of this job does not exist any more.", AGAIN)
    querying.clear(found.folder)
    if found.table is None:
        raise JobFailed(f"The table {found.table_name} was deleted.", AGAIN)
    found.known = [] if found.mode == Load.Mode.REPLACE else found.table.columns
    path, bad = found.folder / f"{uuid.uuid4()}.parquet", found.folder / f"{uuid.uuid4()}.msgpack.gz"
    packed = _pack(found, path, bad, lease)
    _note(found, packed, (path, bad), lease)
    _keep_counts(job, packed, lease)
    jobs.log(job, _in_words(packed))


def _pack(found: BulkImport, path: Path, bad: Path, lease: Lease) -> Packed:
    """The time limit is that of a query: there may be many parts."""
    paths = [found.folder / file for file in found.parts.values_list("file", flat=True)]
    limits = limits_now(seconds=settings.QUERY_TIME_LIMIT)
    known, now = columns_of(found.known), int(time.time())
    try:
        return loader.pack(paths, known, path, limits=limits, now=now, bad=bad, stoppable=lease.stoppable)
    except LoadFailed as error:
        raise JobFailed(error.message, AGAIN, kind=ErrorKind.DATA) from error
    except Cancelled as error:
        outside = "The job was stopped from outside."
        raise JobFailed(outside, "Perform the bulk import again.", kind=ErrorKind.TRANSIENT) from error


def _note(found: BulkImport, packed: Packed, made: tuple[Path, Path], lease: Lease) -> None:
    """Put the file on record, if the job is still ours and the import waits for it. Raises LostLease, JobFailed."""
    before = [found.folder / name for name in (found.prepared, found.bad) if name]
    with transaction.atomic():
        if not lease.mine().update(result_rows=packed.rows):
            raise LostLease
        noted = BulkImport.objects.filter(pk=found.pk, job=lease.pk, committed_at=None).update(
            prepared=made[0].name,
            bad=made[1].name,
            known=found.known,
            columns=[[column.name, column.type] for column in packed.columns],
            valid_records=packed.rows,
            error_records=packed.bad,
            valid_parts=packed.parts,
            error_parts=packed.bad_parts,
        )
    if not noted:
        raise JobFailed("The bulk import of this job does not exist any more.", AGAIN)
    for path in before:
        path.unlink(missing_ok=True)


def _keep_counts(job: Job, packed: Packed, lease: Lease) -> None:
    """The job's result: one row that says what came of the parts."""
    counts = {
        "valid_records": packed.rows,
        "error_records": packed.bad,
        "valid_parts": packed.parts,
        "error_parts": packed.bad_parts,
    }
    batch = pa.record_batch({name: pa.array([number], pa.int64()) for name, number in counts.items()})
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_batches(batch.schema, [batch], job.folder / NAME)
    querying.found(job, lease, batch.schema, 1)


def _in_words(packed: Packed) -> str:
    told = f"{packed.rows:,} records of {packed.parts:,} parts wait for the commit."
    left = f" Left out: {packed.bad:,} records, {packed.bad_parts:,} parts." if packed.bad or packed.bad_parts else ""
    return told + left
