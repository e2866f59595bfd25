"""The notes of a job as its page shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

from exports.exporter.readiness import Summary
from exports.models import Job, JobReason
from exports.readiness import Readiness, Warned, readiness, warned
from integrations.catalog import connector


@dataclass(frozen=True)
class JobNotes:
    """`counted`: rows that passed the checks and whose end is on record; None: nothing has been counted."""

    counted: int | None
    warnings: list[Warned]
    readiness: Readiness | None


def job_notes(job: Job, reasons: Iterable[JobReason]) -> JobNotes | None:
    """None while there is nothing to say: the job has no destination, or goes on."""
    if not job.exports or not job.finished:
        return None
    to, summary = connector(job.connector_key), Summary.from_json(job.notes)
    refused = {(reason.field, reason.code): reason.rows for reason in reasons}
    columns = {field: source["column"] for field, source in job.mapping.items() if "column" in source}
    warnings = warned(to, summary, columns, refused=refused, rows=job.rows)
    if not job.notes and not warnings:
        return None
    return JobNotes(summary.rows if job.notes else None, warnings, readiness(to, summary))
