"""A saved query and its schedule as one thing, as Treasure Data's API has them: a part of it can be changed alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from accounts.models import User
from exports import queries, schedules
from exports.models import Query
from exports.queries import Draft
from exports.result_targets import Where
from exports.texts import Text
from exports.timing import Timing
from warehouse.models import Database


@dataclass(frozen=True)
class Changes:
    """What is to be different; None: it stays. `engine`: of EngineType, but no source, `issued_as` what a client calls
    it. `cron` "": no schedule. `where`: makes of where its result goes where it is to go."""

    name: str | None = None
    database: Database | None = None
    sql: str | None = None
    engine: str | None = None
    issued_as: str | None = None
    priority: int | None = None
    retry_limit: int | None = None
    cron: str | None = None
    time_zone: str | None = None
    delay: int | None = None
    where: Callable[[Where], Where] | None = None

    def given(self, *names: str) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def create(changes: Changes, *, user: User) -> Query:
    """A new query; of a new one name, database, sql and engine are given. Its SQL runs in UTC, whatever the time zone
    of its schedule is. Raises NameTaken, ScheduleError, and what `where` raises."""
    assert changes.database is not None
    empty = Draft("", Text(changes.database, ""), None)
    with transaction.atomic():
        times = _times(Timing(""), changes)
        query = queries.create(_applied(empty, times, changes), user=user)
        _keep(query, times, changes)
    return query


def update(query: Query, changes: Changes, *, user: User) -> Draft | None:
    """Change these parts of the newest version. → what was stored before; None if nothing is different.

    Raises what `queries.change` and `where` raise, and ScheduleError.
    """
    times = Timing("")

    def edit(draft: Draft) -> Draft:
        nonlocal times
        times = _times(schedules.settings_of(query), changes)
        return _applied(draft, times, changes)

    before = queries.change(query, edit, user=user)
    _keep(query, times, changes)
    return before


def _applied(draft: Draft, times: Timing, changes: Changes) -> Draft:
    text = replace(draft.text, **changes.given("database", "sql"))
    if changes.engine:
        text = replace(text, engine=changes.engine, source=None)
    options = replace(draft.options, **changes.given("priority", "retry_limit"))
    where = Where(draft.target, draft.table)
    where = changes.where(where) if changes.where else where
    draft = replace(draft, target=where.target, table=where.table)
    schedule = times if times.cron else None
    return replace(draft, **changes.given("name"), text=text, options=options, schedule=schedule)


def _times(before: Timing, changes: Changes) -> Timing:
    """Raises ScheduleError; what is not changed is not checked."""
    times = replace(before, **changes.given("cron", "time_zone", "delay"))
    times = times if times.cron else times.endless()
    if times != before:
        replace(times, cron=times.cron or "@daily").check(monthly=True)
    return times


def _keep(query: Query, times: Timing, changes: Changes) -> None:
    """What stands in no version."""
    if not times.cron:
        schedules.keep_idle(query, times)
    if changes.issued_as:
        Query.objects.filter(pk=query.pk).update(issued_as=changes.issued_as)
