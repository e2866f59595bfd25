"""What people do with jobs: start, stop, run again."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from exports import dispatch, events, job_words
from exports.freezing import aim, freeze
from exports.models import ACTIVE, WAITING, Job, JobLog, JobState, Mode, Query, RowsFrom
from exports.options import DEFAULT, Options
from exports.table_targets import TableTarget
from exports.targets import Target
from exports.texts import Text


class DomainKeyTaken(Exception):
    """A job with this domain_key was started before: `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"Job {job.pk} has this domain_key already.")
        self.job = job


def start(
    *,
    text: Text,
    name: str,
    user: User | None,
    query: Query | None = None,
    query_version: int | None = None,
    target: Target | None = None,
    table: TableTarget | None = None,
    mode: str = Mode.SEND,
    parent: Job | None = None,
    rows_from: str = RowsFrom.QUERY,
    part: tuple[int, int] = (0, 0),
    scheduled_for: datetime | None = None,
    options: Options = DEFAULT,
    domain_key: str | None = None,
    issued_as: str = "",
) -> Job:
    """Make a job of this text, with everything that decides what is sent frozen in it, and wake a worker.

    `table`: where the result is written to. `rows_from`: of RowsFrom; other than QUERY, what rows of `parent` it takes;
    of REJECTS those in `part` of the rejects file. `scheduled_for`: what TD_SCHEDULED_TIME() means in it; None: what it
    meant in `parent`, or else the time at which the job is made. `domain_key`: up to 255 characters that no other job
    has. `issued_as`: the type that the API was given. Raises DomainKeyTaken.
    """
    job = freeze(
        text=text,
        name=name,
        user=user,
        query=query,
        query_version=query_version,
        target=target,
        table=table,
        options=options,
    )
    job.domain_key, job.issued_as = domain_key or None, issued_as
    job.parent, job.rows_from = parent, rows_from
    job.rejects_from, job.rejects_until = part
    job.scheduled_for = scheduled_for or (parent.scheduled_for if parent else None)
    if target:
        job.mode = mode
    return _queue(job)


def _queue(job: Job) -> Job:
    with transaction.atomic():
        _save(job)
        log(job, job_words.queued(job))
        dispatch.hint_if_room(job.pk, job.next_attempt_at)
    return job


def _save(job: Job) -> None:
    """Of two that start the same one at once, the database lets one through."""
    try:
        with transaction.atomic():
            job.save()
    except IntegrityError as error:
        first = Job.objects.filter(domain_key=job.domain_key).first() if job.domain_key else None
        if first is None:
            raise
        raise DomainKeyTaken(first) from error


def claim(job: Job, domain_key: str | None) -> None:
    """Give a job that was just made its domain_key; within the caller's transaction. Raises DomainKeyTaken."""
    if domain_key:
        job.domain_key = domain_key
        _save(job)


def run_again(job: Job, *, user: User) -> Job:
    """A new job that does what `job` did, from its query on: same text, mapping, settings and mode. A job that took
    its rows from another takes them again."""
    again = _copy(job, user)
    again.again_of = job
    return _queue(again)


def send_result(job: Job, *, user: User, mode: str) -> Job:
    """A new job that sends the rows which `job` found valid, by its frozen mapping and settings."""
    sending = _copy(job, user)
    sending.rejects_from = sending.rejects_until = 0
    sending.mode, sending.parent, sending.rows_from = mode, job, RowsFrom.RESULT
    return _queue(sending)


def export_result(
    job: Job,
    *,
    user: User,
    target: Target | None = None,
    table: TableTarget | None = None,
    options: Options = DEFAULT,
    domain_key: str | None = None,
) -> Job:
    """A new job that sends all rows which `job` kept to another target, without querying again. It belongs to no saved
    query: that one has a target of its own. Raises DomainKeyTaken."""
    sending = _copy(job, user)
    sending.query, sending.query_version, sending.issued_as = None, None, ""
    sending.priority, sending.retry_limit = options.priority, options.retry_limit
    aim(sending, target, table)
    sending.rejects_from = sending.rejects_until = 0
    sending.mode, sending.parent, sending.rows_from = Mode.SEND, job, RowsFrom.KEPT
    sending.domain_key = domain_key or None
    return _queue(sending)


def _copy(job: Job, user: User) -> Job:
    return Job(
        query=job.query,
        query_version=job.query_version,
        scheduled_for=job.scheduled_for,
        name=job.name,
        database_name=job.database_name,
        engine=job.engine,
        source=job.source,
        source_name=job.source_name,
        sql=job.sql,
        time_zone=job.time_zone,
        priority=job.priority,
        retry_limit=job.retry_limit,
        issued_as=job.issued_as,
        authentication=job.authentication,
        destination=job.destination,
        connector_key=job.connector_key,
        mapping=job.mapping,
        settings=job.settings,
        into=job.into,
        mode=job.mode,
        parent=job.parent,
        rows_from=job.rows_from,
        rejects_from=job.rejects_from,
        rejects_until=job.rejects_until,
        created_by=user,
        next_attempt_at=timezone.now(),
    )


def stop(job: Job) -> bool:
    """End a job: at once if it waits, else its worker is told. False: it had ended already."""
    if not Job.objects.filter(pk=job.pk, state__in=ACTIVE).update(kill_requested=True):
        return False
    log(job, "Stop requested.", JobLog.Level.WARN)
    events.end(Job.objects.filter(pk=job.pk, state__in=WAITING), job.pk, JobState.KILLED)
    return True


def log(job: Job, text: str, level: str = JobLog.Level.INFO) -> None:
    """A line in the job's log; never personal data."""
    JobLog.objects.create(job_id=job.pk, level=level, text=text.replace("\0", "\N{REPLACEMENT CHARACTER}"))
