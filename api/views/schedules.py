"""Saved queries, which Treasure Data's clients call schedules: one without a cron line never runs by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts import audit
from accounts.models import Role
from api.declared import INTEGER, TEXT, Answer, Call, Param, array, endpoint, extended, nullable, record
from api.errors import ApiError, all_invalid, invalid, missing
from api.result_params import RESULT_PARAMS, where
from api.times import iso, utc
from api.views.jobs import ENGINES, WITHOUT_EFFECT
from exports import queries, result_targets, save_trail, saving, schedules, table_targets, targets
from exports.errors import NameTaken, NotPossible
from exports.models import MOST_RETRIES, Priority, Query
from exports.queries import NAME_LENGTH, Conflict
from exports.result_targets import Where
from exports.saving import Changes
from exports.timing import LONGEST_DELAY, ScheduleError
from warehouse.engines.guard import LONGEST_QUERY
from warehouse.models import Database

TAG = "Schedules"
SCHEDULE = record(
    id=TEXT,
    name=TEXT,
    cron=nullable(TEXT),
    timezone=TEXT,
    delay=INTEGER,
    next_time=nullable(TEXT),
    type=TEXT,
    database=TEXT,
    query=TEXT,
    priority=INTEGER,
    retry_limit=INTEGER,
    result=TEXT,
    user_name=TEXT,
    executing_user_id=nullable(INTEGER),
    engine_version=nullable(TEXT),
    created_at=TEXT,
)
NAMES = {"time_zone": "timezone"}  # of settings, where clients have another one


def _params(*, required: bool) -> tuple[Param, ...]:
    """What a saved query is made of."""
    longest, types = int(LONGEST_DELAY.total_seconds()), tuple(ENGINES)
    return (
        Param("type", help="How the text is read", choices=types, default="hive" if required else None),
        Param("database", help="Its name", required=required, most=128),
        Param("query", help="The SQL", required=required, most=LONGEST_QUERY),
        Param("cron", help="Five fields, @hourly, @daily or @monthly; empty: it never runs by itself"),
        Param("timezone", help="Of the cron line, such as Asia/Tokyo; UTC if it was never given", most=64),
        Param("delay", "integer", help="Seconds from the scheduled time to the start", minimum=0, maximum=longest),
        Param("priority", "integer", minimum=min(Priority.values), maximum=max(Priority.values)),
        Param("retry_limit", "integer", help="Repeats of the query", minimum=0, maximum=MOST_RETRIES),
        *RESULT_PARAMS,
        Param("engine_version", help=WITHOUT_EFFECT),
        Param("pool_name", help=WITHOUT_EFFECT),
        Param("executing_user_id", help=f"{WITHOUT_EFFECT}: jobs run as the person who set the schedule"),
    )


@endpoint("GET", "/v3/schedule/list", tag=TAG, answer=record(schedules=array(SCHEDULE)))
def schedule_list(call: Call) -> Answer:
    """List all saved queries by name. One that never runs by itself has no cron line, a paused one no next time."""
    return {"schedules": [shown(query) for query in found()]}


@endpoint("GET", "/v3/schedule/show/{name}", tag=TAG, answer=SCHEDULE, slashes=True)
def schedule_show(call: Call, name: str) -> Answer:
    """Show a saved query."""
    return shown(named(name))


@endpoint(
    "POST",
    "/v3/schedule/create/{name}",
    role=Role.EDITOR,
    tag=TAG,
    params=_params(required=True),
    answer=extended(SCHEDULE, start=nullable(TEXT)),
    slashes=True,
)
def schedule_create(call: Call, name: str) -> Answer:
    """Save a new query, with the schedule of its cron line if it has one.

    `start` is its first run, null without a cron line. The time zone is that of the cron line; the SQL runs in UTC.
    """
    with refusals(name):
        query = saving.create(_changes(call, name=_new_name(name), cron=call["cron"] or ""), user=call.user)
    save_trail.created(query, schedules.timing_of(query), request=call.request)
    made = found().get(pk=query.pk)
    return {**shown(made), "start": utc(_next_run(made)) or None}


@endpoint(
    "POST",
    "/v3/schedule/update/{name}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("name", help="A new name"), *_params(required=False)),
    answer=SCHEDULE,
    slashes=True,
)
def schedule_update(call: Call, name: str) -> Answer:
    """Change what is given of a saved query; it gets a new version.

    An empty text is not given, but for `cron` and `result`: empty, or null in JSON, they remove the schedule and the
    export. No client sends them so unless asked to: `td sched:update` and the clients for Python and Java leave out
    what is not changed. The change is made to the newest version: what somebody saves in the console meanwhile stays.
    """
    query, new = named(name), call["name"]
    cron = call["cron"] or ("" if "cron" in call.given else None)
    changes = _changes(call, name=_new_name(new) if new else None, cron=cron)
    with refusals(new or name):
        before = saving.update(query, changes, user=call.user)
    if before:
        save_trail.updated(query, before.schedule, schedules.timing_of(query), request=call.request)
    return shown(_still(query, name))


@endpoint("POST", "/v3/schedule/delete/{name}", role=Role.EDITOR, tag=TAG, answer=SCHEDULE, slashes=True)
def schedule_delete(call: Call, name: str) -> Answer:
    """Delete a saved query with its versions and schedule. Its jobs stay; while one of them is active this is 409."""
    query = named(name)
    answer, number = shown(query), query.pk
    try:
        with refusals(name):
            queries.delete(query)
    except NotPossible as error:
        raise ApiError(409, str(error)) from error
    audit.record("query.delete", request=call.request, name=query.name, query=number)
    return answer


def found() -> QuerySet[Query]:
    """All saved queries by name, with what is shown of them."""
    related = ("database", "created_by", "schedule", "export_target__authentication__base")
    return Query.objects.saved().select_related(*related).order_by("name")


def named(name: str) -> Query:
    """Raises ApiError 404."""
    query = found().filter(name=name.strip()).first()
    if query is None:
        raise missing(f"Schedule '{name}'")
    return query


def _still(query: Query, name: str) -> Query:
    again = found().filter(pk=query.pk).first()
    if again is None:
        raise missing(f"Schedule '{name}'")
    return again


def shown(query: Query) -> dict[str, Any]:
    """A saved query as the clients read it. `next_time`: the start of its next job."""
    schedule = getattr(query, "schedule", None)
    times = schedules.settings_of(query)
    return {
        "id": str(query.pk),
        "name": query.name,
        "cron": times.cron or None,
        "timezone": times.time_zone,
        "delay": times.delay,
        "next_time": iso(_next_run(query)),
        "type": query.issued_as or query.engine,
        "database": query.database.name,
        "query": query.sql,
        "priority": query.priority,
        "retry_limit": query.retry_limit,
        "result": result_targets.shown(_where(query)),
        "user_name": query.created_by.get_username() if query.created_by else "",
        "executing_user_id": schedule.changed_by_id if schedule else query.updated_by_id,
        "engine_version": None,
        "created_at": iso(query.created_at),
    }


def _where(query: Query) -> Where:
    """As result_targets.of_query says, of a query that is read with its target."""
    return Where(targets.as_target(getattr(query, "export_target", None)), table_targets.of(query))


def _next_run(query: Query) -> datetime | None:
    schedule = getattr(query, "schedule", None)
    return schedule.next_run_at if schedule else None


def _changes(call: Call, *, name: str | None, cron: str | None) -> Changes:
    return Changes(
        name=name,
        database=_database(call["database"]),
        sql=_sql(call["query"]),
        engine=ENGINES[call["type"]] if call["type"] else None,
        issued_as=call["type"],
        priority=call["priority"],
        retry_limit=call["retry_limit"],
        cron=cron,
        time_zone=call["timezone"],
        delay=call["delay"],
        where=(lambda stored: where(call, stored)) if _sets_result(call) else None,
    )


def _sets_result(call: Call) -> bool:
    return "result" in call.given or any(call[param.name] is not None for param in RESULT_PARAMS)


def _new_name(text: str) -> str:
    name = text.strip()
    if not name or not name.isprintable():
        raise invalid("name", "needs characters that can be seen, and no line breaks")
    if len(name) > NAME_LENGTH:
        raise invalid("name", f"has {len(name):,} characters; at most {NAME_LENGTH} are allowed")
    return name


def _database(name: str | None) -> Database | None:
    database = Database.objects.filter(name=name).first() if name else None
    if name and database is None:
        raise invalid("database", f"{name} does not exist")
    return database


def _sql(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        raise invalid("query", "is empty")
    return text.replace("\r\n", "\n")


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """What keeps the saved query of this name from being made or changed, as an ApiError."""
    try:
        yield
    except NameTaken as error:
        raise ApiError(409, f"Schedule '{name}' already exists.") from error
    except Conflict as error:
        raise ApiError(409, f"Schedule '{name}' is being saved by others again and again. Try once more.") from error
    except Query.DoesNotExist as error:
        raise missing(f"Schedule '{name}'") from error
    except ScheduleError as error:
        raise all_invalid({NAMES.get(field, field): text for field, text in error.problems.items()}) from error
