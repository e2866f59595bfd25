"""Jobs: issue, look at, kill."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa
from django.db import transaction

from accounts import audit
from accounts.models import Role
from api import job_objects
from api.declared import INTEGER, TEXT, Answer, Call, Param, array, endpoint, nullable, record
from api.errors import ApiError, invalid, missing
from api.job_objects import JOB, JOB_WITH_DEBUG, STANDING, STATES, STATUS
from api.result_params import RESULT_PARAMS, where
from exports import job_files, packed, titles
from exports import jobs as started
from exports.job_files import ResultGone
from exports.jobs import DomainKeyTaken
from exports.models import MOST_RETRIES, EngineType, Job, JobState, Priority
from exports.options import Options
from exports.texts import Text
from warehouse.models import Database

TAG = "Jobs"
ENGINES = {
    "presto": EngineType.TRINO,
    "trino": EngineType.TRINO,
    "hive": EngineType.HIVE,
    "duckdb": EngineType.DUCKDB,
}
NOT_SUPPORTED = ("pig", "impala", "mapred", "bulkload")
LATEST = 32_503_680_000  # the year 3000
FIRST_PAGE = 20
MOST_LISTED = 1_000
WITHOUT_EFFECT = "Accepted, and without effect"
OPTION_PARAMS = (
    Param(
        "priority",
        "integer",
        help="From -2, very low, to 2, very high",
        default=Priority.NORMAL,
        minimum=Priority.VERY_LOW,
        maximum=Priority.VERY_HIGH,
    ),
    Param(
        "retry_limit",
        "integer",
        help="How often the query is repeated if it breaks off",
        default=0,
        minimum=0,
        maximum=MOST_RETRIES,
    ),
    Param("domain_key", help="Whoever starts a job with the same key again gets 409, and the first one", most=255),
    Param("pool_name", help=WITHOUT_EFFECT),
)
logger = logging.getLogger(__name__)
ISSUED = record(job=TEXT, job_id=TEXT, database=TEXT)


@endpoint(
    "POST",
    "/v3/job/issue/{type}/{database}",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("query", help="SQL: one SELECT, or statements that write, and then perhaps one", required=True),
        *RESULT_PARAMS,
        *OPTION_PARAMS,
        Param("engine_version", help=WITHOUT_EFFECT),
        Param("scheduled_time", "integer", help="What TD_SCHEDULED_TIME() means: Unix time", minimum=0, maximum=LATEST),
    ),
    answer=ISSUED,
)
def issue(call: Call, type: str, database: str) -> Answer:
    """Run a query, as presto, trino, hive, or duckdb. Its result may go to a destination or into a table."""
    text = Text(_database(database), call["query"], engine=_engine(type))
    with transaction.atomic(), one_of_its_key(call):
        to = where(call)
        job = started.start(
            text=text,
            name=titles.of_sql(text.sql),
            user=call.user,
            target=to.target,
            table=to.table,
            scheduled_for=_moment(call["scheduled_time"]),
            options=options(call),
            domain_key=call["domain_key"],
            issued_as=type,
        )
        audit.record("job.issue", job, request=call.request, name=job.name, type=type, database=database)
    return {"job": str(job.pk), "job_id": str(job.pk), "database": database}


@contextmanager
def one_of_its_key(call: Call) -> Iterator[None]:
    """Within, a domain key that another job has is 409 and names that job: digdag then waits for it."""
    try:
        yield
    except DomainKeyTaken as error:
        says = f"The domain_key {call['domain_key']} was used before, by job {error.job.pk}."
        raise ApiError(409, says, {"conflicts_with": str(error.job.pk)}) from error


def options(call: Call) -> Options:
    return Options(call["priority"], call["retry_limit"])


def _engine(kind: str) -> str:
    if kind in ENGINES:
        return ENGINES[kind]
    what = "is not supported" if kind in NOT_SUPPORTED else "is not known"
    raise invalid("type", f"{kind} {what}; allowed are {', '.join(ENGINES)}")


def _database(name: str) -> Database:
    found = Database.objects.filter(name=name).first()
    if found is None:
        raise missing(f"Database {name}")
    return found


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@endpoint(
    "GET",
    "/v3/job/list",
    tag=TAG,
    params=(
        Param("from", "integer", help="The first one, counted from 0", default=0, minimum=0, maximum=1_000_000_000),
        Param("to", "integer", help="The last one, itself included; 19 more than `from` if it is not given", minimum=0),
        Param("status", choices=tuple(STATES)),
        Param("slower_than", "integer", help="Seconds: only jobs that took longer", minimum=0, maximum=1_000_000_000),
    ),
    answer=record(jobs=array(JOB), count=INTEGER, **{"from": INTEGER, "to": INTEGER}),
)
def job_list(call: Call) -> Answer:
    """List jobs, the newest first. `count`: how many are listed here, at most 1,000.

    The result_size of a job is 0 until its result was asked for, or packed because the API issued it.
    """
    start = call["from"]
    last = start + FIRST_PAGE - 1 if call["to"] is None else call["to"]
    if last - start >= MOST_LISTED:
        raise invalid("to", f"lists more than {MOST_LISTED:,} jobs at once")
    found = job_objects.listed(start, max(start, last + 1), status=call["status"], slower_than=call["slower_than"])
    told = [job_objects.job_object(job, call.request) for job in found]
    return {"jobs": told, "count": len(told), "from": start, "to": last}


@endpoint("GET", "/v3/job/show/{job_id}", tag=TAG, answer=JOB_WITH_DEBUG)
def job_show(call: Call, job_id: str) -> Answer:
    """Show a job, and what its log tells: cmdout how it went, stderr what went wrong."""
    job = _with_size(job_objects.find(job_id))
    return job_objects.job_object(job, call.request) | {"debug": job_objects.debug(job)}


@endpoint("GET", "/v3/job/status/{job_id}", tag=TAG, answer=STANDING)
def job_status(call: Call, job_id: str) -> Answer:
    """Tell how far a job is."""
    return job_objects.standing(_with_size(job_objects.find(job_id)))


@endpoint("GET", "/v3/job/status_by_domain_key/{domain_key}", tag=TAG, answer=STANDING)
def status_by_domain_key(call: Call, domain_key: str) -> Answer:
    """Tell how far the job is that was started with this domain key."""
    found = job_objects.jobs().filter(domain_key=domain_key).first()
    if found is None:
        raise ApiError(404, f"Couldn't find Job with account_id = 1, domain_key = {domain_key}")
    return job_objects.standing(_with_size(found))


def _with_size(job: Job) -> Job:
    """With the exact size of its result, by which clients fetch it in parts: of a job that the console started, it is
    found when it is first asked for."""
    if job.state == JobState.SUCCESS and job.packed_bytes is None and job_files.available(job):
        try:
            packed.of(job)
        except (ResultGone, OSError, pa.ArrowException):  # deleted in this moment, or it cannot be read
            logger.warning("Job %s: its result could not be packed", job.pk, exc_info=True)
    return job


@endpoint("GET", "/v3/job/statistics/{job_id}", tag=TAG, answer=record(records_inserted=nullable(INTEGER)))
def job_statistics(call: Call, job_id: str) -> Answer:
    """Tell how many records a job put into a table; null if it put none anywhere."""
    return {"records_inserted": job_files.inserted(job_objects.find(job_id))}


@endpoint(
    "POST",
    "/v3/job/kill/{job_id}",
    role=Role.EDITOR,
    tag=TAG,
    answer=record(job_id=TEXT, former_status=STATUS),
)
def job_kill(call: Call, job_id: str) -> Answer:
    """Stop a job. What a destination has received stays there. `former_status`: before that."""
    job = job_objects.find(job_id)
    if not job.finished and not started.stop(job):
        job.refresh_from_db(fields=["state"])  # it ended in this moment
    elif not job.finished:
        audit.record("job.stop", job, request=call.request, name=job.name)
    return {"job_id": str(job.pk), "former_status": job_objects.WORDS[JobState(job.state)]}
