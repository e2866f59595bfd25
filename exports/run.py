"""The task: claim a job, do its steps, give it back in the state it reached. How a job ends stands here."""

import logging
from datetime import timedelta
from typing import Any

import pyarrow as pa
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from exports import (
    accounting,
    bulk_performing,
    current,
    drain,
    error_kinds,
    events,
    exporting,
    inheriting,
    into_table,
    job_words,
    jobs,
    masking,
    notes,
    packed,
    querying,
    table_targets,
)
from exports.drain import Drained
from exports.endings import JobFailed, RetryLater
from exports.exporter.plan import PlanError
from exports.job_files import ResultGone
from exports.lease import JobKilled, Lease, LostLease, db_retry, heartbeat
from exports.models import WAITING, ErrorKind, Job, JobLog, JobState, Mode, RowsFrom
from integrations.secrets import SecretUnreadable
from warehouse.engines.base import EngineError, EngineUnavailable, LimitExceeded, QueryFailed, QueryRejected

logger = logging.getLogger(__name__)
MAY_PASS = (ErrorKind.TRANSIENT, ErrorKind.FAULT)
FIRST_QUERY_WAIT, LONGEST_QUERY_WAIT = 10, 600  # seconds, doubled in between
# The default pool gives pages back between batches: a tenth more CPU in page faults, and 100 MB.
pa.set_memory_pool(pa.system_memory_pool())


def run_job(pk: int) -> str:
    """django-q2's task: a hint that job `pk` may want a worker. → what came of it, for the task's record."""
    with current.working_on(pk):
        return _run_job(pk)


def _run_job(pk: int) -> str:
    if drain.begun():
        _not_now(pk)
        return "the cluster ends"
    lease = Lease(pk)
    if not lease.claim():
        _not_now(pk)
        return "not waiting"
    try:
        with heartbeat(lease):
            return _run(lease)
    except LostLease:
        return "lost"  # another worker has it
    except (OperationalError, InterfaceError):
        connection.close()
        logger.exception("Job %s: the console's database was away", pk)
        return _abandon(lease)


def _not_now(pk: int) -> None:
    """If the job waits, a worker is woken for it anew as soon as its time and turn have come."""
    Job.objects.filter(pk=pk, state__in=WAITING).update(hinted_at=None)


def _abandon(lease: Lease) -> str:
    """The job goes on at once if the database is back, else when its lease has run out."""
    try:
        if lease.pause(state=JobState.QUEUED, next_attempt_at=timezone.now(), hinted_at=None, progress=None):
            text = "The console's database was away for a moment. The job goes on where it stood."
            jobs.log(Job(pk=lease.pk), text, JobLog.Level.WARN)
        else:  # Stop was pressed meanwhile, or the lease is lost
            events.end(lease.mine(), lease.pk, JobState.KILLED)
    except (OperationalError, InterfaceError):
        connection.close()
    return "abandoned"


def _run(lease: Lease) -> str:
    job = db_retry(lambda: Job.objects.select_related("authentication").get(pk=lease.pk))
    if not job.started_at:
        job.started_at = timezone.now()
        lease.save(started_at=job.started_at)
    try:
        _steps(job, lease)
    except JobKilled:
        return _killed(job, lease)
    except RetryLater as later:
        return _wait(job, lease, later)
    except Drained:
        return _hand_back(job, lease)
    except Exception as error:
        if isinstance(error, LostLease | OperationalError | InterfaceError):
            raise
        return _failed(job, lease, error)
    return _done(job, lease)


def _steps(job: Job, lease: Lease) -> None:
    if not job.result_path:
        if job.rows_from == RowsFrom.QUERY:
            querying.query(job, lease)
        elif job.rows_from == RowsFrom.PARTS:
            bulk_performing.perform(job, lease)
        else:
            inheriting.take(job, lease)
        db_retry(job.refresh_from_db)
    lease.check()
    into_table.write(job, lease)
    if job.exports:
        exporting.export(job, lease)
    if job.issued_as and job.query_id is None:
        _pack(job, lease)


def _pack(job: Job, lease: Lease) -> None:
    """Whoever issued it by the API asks for its result at once; the others are packed when someone asks."""
    try:
        packed.of(job, lease.check)
    except (OSError, ResultGone):
        logger.exception("Job %s: its result could not be packed", job.pk)


def _done(job: Job, lease: Lease) -> str:
    db_retry(job.refresh_from_db)
    return _end(job, lease, JobState.SUCCESS, _finished(job))


def _finished(job: Job) -> str:
    if not job.exports:
        table = table_targets.of(job)
        return f"Finished: the result {table.says}." if table else "Finished."
    validation = job.mode == Mode.VALIDATE
    if not job.rows:
        return f"Finished: the query returned no rows, so there was nothing to {'check' if validation else 'send'}."
    if validation:
        return f"Finished: {job.not_attempted:,} valid, {job.invalid:,} invalid. Nothing was sent."
    unknown = f", {job.unknown:,} unknown" if job.unknown else ""
    return f"Finished: {job.accepted:,} accepted, {job.invalid:,} invalid, {job.refused:,} refused{unknown}."


def _end(job: Job, lease: Lease, state: JobState, text: str, level: str = JobLog.Level.INFO, **values: Any) -> str:
    db_retry(job.refresh_from_db)
    values["notes"] = notes.of_ended(job, state)
    if not db_retry(lambda: events.end(lease.mine(), job.pk, state, **values)):
        raise LostLease
    notes.discard(job)
    jobs.log(job, text, level)
    return state


def _killed(job: Job, lease: Lease) -> str:
    return _end(job, lease, JobState.KILLED, "Stopped.", JobLog.Level.WARN)


def _wait(job: Job, lease: Lease, later: RetryLater) -> str:
    """The worker is free while the job waits."""
    db_retry(lambda: accounting.tally(job.pk))
    at = timezone.now() + timedelta(seconds=later.seconds)
    if not lease.pause(next_attempt_at=at, hinted_at=None, **later.values):
        return _killed(job, lease)  # Stop was pressed meanwhile, or the lease is lost
    if later.reason:
        jobs.log(job, f"{later.reason} Next try in {later.seconds:,.0f} s.", JobLog.Level.WARN)
    return JobState.RETRY_WAIT


def _hand_back(job: Job, lease: Lease) -> str:
    """The worker ends, the job does not."""
    db_retry(lambda: accounting.tally(job.pk))
    if not lease.pause(state=JobState.QUEUED, next_attempt_at=timezone.now(), hinted_at=None, progress=None):
        return _killed(job, lease)  # as above
    jobs.log(job, "The worker is ending. The job waits for another one, and goes on where it stands.")
    return JobState.QUEUED


def _failed(job: Job, lease: Lease, error: Exception) -> str:
    failed = explain(error, job.sql)
    if not isinstance(error, JobFailed | EngineError | PlanError):
        logger.exception("Job %s failed", job.pk)
    db_retry(job.refresh_from_db)
    kind = error_kinds.of(error, job)
    if kind in MAY_PASS and not job.result_path and job.query_tries < job.retry_limit:
        return _repeat(job, lease, failed)
    advice = failed.advice
    if job.exports and not accounting.anything_sent(job):
        told = f"{job_words.service(job)} received no event." if job.requests.exists() else "Nothing was sent."
        advice = f"{advice} {told}".strip()
    values: dict[str, Any] = {"error": failed.error, "advice": advice, "error_line": failed.line}
    values["error_kind"] = kind
    return _end(job, lease, JobState.ERROR, failed.error, JobLog.Level.ERROR, **values)


def _repeat(job: Job, lease: Lease, failed: JobFailed) -> str:
    """The query runs once more, later; nothing has been sent yet, and statements that are done are not repeated."""
    tries = job.query_tries + 1
    seconds = min(LONGEST_QUERY_WAIT, FIRST_QUERY_WAIT * 2**job.query_tries)
    reason = f"{failed.error} The query is repeated, {tries} of {job.retry_limit}."
    return _wait(job, lease, RetryLater(seconds, reason, query_tries=tries, progress=None))


def explain(error: Exception, sql: str) -> JobFailed:
    """What the error means to the user: what is wrong, what to do, where; without values of the rows."""
    if isinstance(error, JobFailed):
        return error
    if isinstance(error, QueryRejected | QueryFailed):
        text = masking.message(error.message, sql)
        return JobFailed(f"The query failed: {text}", "Correct the query and run it again.", line=error.line)
    if isinstance(error, LimitExceeded):
        return JobFailed(error.message, "Make the query smaller, or ask the admin of this server for a higher limit.")
    if isinstance(error, EngineUnavailable):
        return JobFailed(error.message, "Run the job again; if it fails again, tell the admin of this server.")
    if isinstance(error, PlanError):
        wrong = "; ".join(f"{p.field}: {p.text}" if p.field else p.text for p in error.problems)
        return JobFailed(f"The column mapping does not fit the query: {wrong}.", "Correct it in Export Results.")
    if isinstance(error, SecretUnreadable):
        return JobFailed(str(error), "Enter the access token in the authentication again, or restore the key.")
    return JobFailed(
        "The job broke off because of a fault in the console.",
        "The server's log has the details. Run the job again; if it fails again, report it.",
    )
