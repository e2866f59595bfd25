"""Runs of saved queries: for past times, once more, and their history."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts import audit
from accounts.models import Role
from api import job_objects
from api.declared import INTEGER, TEXT, Answer, Call, Param, array, endpoint, extended, number_in_path, record
from api.errors import invalid, missing
from api.job_objects import JOB
from api.times import utc
from api.views.jobs import MOST_LISTED, one_of_its_key
from api.views.schedules import TAG, named, refusals
from exports import schedules
from exports.errors import NotPossible
from exports.models import Job, Query
from exports.schedules import MOST_BACKFILLED

KEPT = timedelta(days=90)
RUN = extended(JOB, scheduled_at=TEXT)
DOMAIN_KEY = Param("domain_key", help="Whoever asks again with the same key gets 409, and the first job", most=255)


@endpoint(
    "POST",
    "/v3/schedule/run/{name}/{time}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("num", "integer", default=1, minimum=1, maximum=MOST_BACKFILLED), DOMAIN_KEY),
    answer=record(jobs=array(RUN)),
    slashes=True,
)
def schedule_run(call: Call, name: str, time: str) -> Answer:
    """Run a saved query for `num` past times.

    These are the times of its schedule from `time` (Unix seconds) on, as TD_SCHEDULED_TIME() tells them; times to come
    are left out. One that was run before is run once more. A query without a schedule runs once, for `time` itself.
    """
    query, first, count = named(name), _unix(time), call["num"]
    if call["domain_key"] and count > 1:
        raise invalid("domain_key", "names one job: give it with num 1")
    with refusals(name), _in_the_past(), one_of_its_key(call):
        made = schedules.run_for(query, first, count, user=call.user, domain_key=call["domain_key"])
    facts: dict[str, Any] = {"first": first.isoformat(), "jobs": [job.pk for job in made]}
    audit.record("schedule.backfill", query, request=call.request, **facts)
    told = {job.pk: job for job in job_objects.jobs().filter(pk__in=[job.pk for job in made])}
    return {"jobs": [_run(told[job.pk], call) for job in made]}


@endpoint(
    "GET",
    "/v3/schedule/history/{name}",
    tag=TAG,
    params=(
        Param("from", "integer", help="How many of the latest to leave out", default=0, minimum=0),
        Param("to", "integer", help="Where to stop: of this number none is listed. Default: 20 later", minimum=0),
    ),
    answer=record(history=array(RUN), count=INTEGER, **{"from": INTEGER, "to": INTEGER}),
    slashes=True,
)
def schedule_history(call: Call, name: str) -> Answer:
    """List the jobs of a saved query in the past 90 days, the latest first: by its schedule and by people.

    `count` is how many there are. At most 1,000 are listed at once.
    """
    first = call["from"]
    last = min(first + 20 if call["to"] is None else call["to"], first + MOST_LISTED)
    jobs = job_objects.jobs().filter(query=named(name), created_at__gte=timezone.now() - KEPT).order_by("-pk")
    listed = [_run(job, call) for job in jobs[first : max(first, last)]]
    return {"history": listed, "count": jobs.count(), "from": first, "to": last}


@endpoint(
    "POST",
    "/v4/queries/{number}/jobs",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("scheduled_time", help="What TD_SCHEDULED_TIME() is: ISO 8601. Default: now"), DOMAIN_KEY),
    answer=record(id=TEXT),
)
def query_run(call: Call, number: str) -> Answer:
    """Run a saved query once, beside its schedule, as `td_run>` does."""
    query = Query.objects.saved().filter(pk=number_in_path(number, "Query")).first()
    if query is None:
        raise missing(f"Query {number}")
    moment = _moment(call["scheduled_time"]) if call["scheduled_time"] else None
    with refusals(query.name), one_of_its_key(call):
        job = schedules.run_now(query, user=call.user, scheduled_for=moment, domain_key=call["domain_key"])
    audit.record("query.run", query, request=call.request, job=job.pk, version=job.query_version, mode=job.mode)
    return {"id": str(job.pk)}


def _run(job: Job, call: Call) -> dict[str, Any]:
    return {**job_objects.job_object(job, call.request), "scheduled_at": utc(job.scheduled_for)}


@contextmanager
def _in_the_past() -> Iterator[None]:
    try:
        yield
    except NotPossible as error:
        raise invalid("time", str(error)) from error


def _unix(text: str) -> datetime:
    try:
        return _within(datetime.fromtimestamp(int(text), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise invalid("time", "must be Unix seconds, such as 1795360000") from error


def _moment(text: str) -> datetime:
    """A time without a zone is one of UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return _within(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise invalid("scheduled_time", "must be a time such as 2026-11-30T15:00:00Z") from error


def _within(moment: datetime) -> datetime:
    """Raises ValueError for times at the edges of the calendar, with which nobody can reckon."""
    if not 1970 <= moment.year < 9000:
        raise ValueError
    return moment
