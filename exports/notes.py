"""What a job says of its rows beside their ends: warnings and readiness, `Job.notes`.

Notes are taken while rows are checked, and summed up when the job ends. They never decide about a job: where they
cannot be written or summed up, that is logged, and the job has none.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from exports.exporter.pipeline import Heard, check_only
from exports.exporter.plan import Plan, compile_plan
from exports.exporter.readiness import hashed_fields
from exports.models import FINISHED, Job, JobState, Mode
from exports.modes import sent_mapping
from exports.note_file import NAME, NoteFile
from exports.results import NAME as RESULT
from exports.results import KeptResult
from integrations.catalog import connector

LEFT_FOR = timedelta(days=1)
logger = logging.getLogger(__name__)


class Recorder:
    """A listener of the checks. What it misses is made up for when the job ends."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.file: NoteFile | None = None
        try:
            self.file = _file(job)
        except Exception:
            self._give_up()

    def __call__(self, heard: Heard) -> None:
        if self.file:
            try:
                self.file.write(heard)
            except Exception:
                self._give_up()

    def close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None

    def _give_up(self) -> None:
        logger.exception("Job %s: its rows' notes cannot be written", self.job.pk)
        self.close()


@contextmanager
def recording(job: Job) -> Iterator[Recorder]:
    """Within, what is given goes to `batches` or `invalid_rows` as their listener."""
    recorder = Recorder(job)
    try:
        yield recorder
    finally:
        recorder.close()


def of_ended(job: Job, state: str) -> dict[str, Any]:
    """The notes of a job that ends so: of the rows whose end is on record, or of all if all were checked first."""
    if not job.exports or not job.result_path:
        return {}
    validated = job.mode == Mode.VALIDATE and state == JobState.SUCCESS
    all_checked = validated or (job.invalid and not job.position)
    return summarise(job, job.rows if all_checked else job.position)


def sum_up_left() -> None:
    """Those of jobs that ended without a worker: stopped while they waited, or given up with the last of many."""
    recent = timezone.now() - LEFT_FOR
    left = Job.objects.filter(state__in=FINISHED, finished_at__gte=recent, notes={}).exclude(connector_key="")
    for job in left.select_related("authentication"):
        if (job.folder / NAME).exists():
            Job.objects.filter(pk=job.pk).update(notes=of_ended(job, job.state))
            discard(job)


def summarise(job: Job, end_row: int) -> dict[str, Any]:
    """The notes of the rows before `end_row`, for `Job.notes`: a readiness.Summary as JSON.

    Empty where there is no such row, and when something goes wrong. Rows without notes are checked once more.
    """
    if not end_row:
        return {}
    try:
        with _file(job) as file:
            _make_up(job, file, end_row)
            hashed = [field.name for field in hashed_fields(file.connector, sent_mapping(job))]
            return file.summary(end_row, hashed=hashed).to_json()
    except Exception:
        logger.exception("Job %s: its rows' notes cannot be summed up", job.pk)
        return {}


def discard(job: Job) -> None:
    """The notes of single rows are not needed any more."""
    try:
        (job.folder / NAME).unlink(missing_ok=True)
    except OSError:
        logger.exception("Job %s: its rows' notes cannot be deleted", job.pk)


def _file(job: Job) -> NoteFile:
    return NoteFile(job.folder, connector(job.connector_key), job.rows)


def _make_up(job: Job, file: NoteFile, end_row: int) -> None:
    """Check again from the first row without notes: they were lost with a disk or a machine."""
    missing = file.first_unseen(end_row)
    if missing is None:
        return
    kept = KeptResult(job.folder / RESULT)
    check_only(_plan(job, kept), kept.batches(missing, end_row), file.write)
    if file.first_unseen(end_row) is not None:
        raise ValueError("the kept result has fewer rows than the job")


def _plan(job: Job, kept: KeptResult) -> Plan:
    """Raises ValueError if the authentication is gone, whose settings the checks need."""
    if job.authentication is None:
        raise ValueError("the authentication is gone")
    settings = {**job.authentication.public_settings(), **job.settings}
    now = int((job.finished_at or timezone.now()).timestamp())
    mapping, to = sent_mapping(job), connector(job.connector_key)
    return compile_plan(to, mapping, settings, kept.schema, now=now, time_zone=job.time_zone)
