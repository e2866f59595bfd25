"""Saved queries: what people do with them. Each save that changes something makes a version, which is kept for ever."""

import json
from collections.abc import Callable, Container
from dataclasses import dataclass, fields, replace
from itertools import chain, count
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from exports import jobs, options, schedules, table_targets, targets, texts
from exports.errors import NameTaken, NotPossible
from exports.models import EngineType, Job, Mode, Purpose, Query, QueryVersion
from exports.options import DEFAULT, Options
from exports.table_targets import TableTarget
from exports.targets import Target, TargetError
from exports.texts import Text
from exports.timing import Timing
from warehouse.models import Database

UNTITLED = "Untitled query"
NAME_LENGTH = 255
TRIES = 5


class Conflict(Exception):
    """Someone else saved the query meanwhile; `query` is what is stored now."""

    def __init__(self, query: Query) -> None:
        super().__init__(f"Version {query.version} was saved meanwhile.")
        self.query = query


@dataclass(frozen=True)
class Draft:
    """What an editor holds: a query that is not saved yet. `target` None: the result is not exported; `schedule` None:
    it runs only when someone runs it. `table`: where the result is written to."""

    name: str
    text: Text
    target: Target | None
    options: Options = DEFAULT
    schedule: Timing | None = None
    table: TableTarget | None = None


def listing(search: str = "") -> QuerySet[Any]:
    """Queries by name, with database, destination and last saver, and the id of the last job as `last_job_id`."""
    last = Job.objects.filter(query=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    found = Query.objects.saved().select_related("database", "source", "updated_by", "export_target__authentication")
    if search:
        where = ("name", "database__name", "export_target__authentication__name", "into__table")
        found = found.filter(Q.create([(f"{field}__icontains", search) for field in where], connector=Q.OR))
    return found.annotate(last_job_id=Subquery(last))


def stored(query: Query) -> Draft:
    """The query as it is saved."""
    return Draft(
        query.name,
        texts.of(query),
        targets.of(query),
        options.of(query),
        schedules.timing_of(query),
        table_targets.of(query),
    )


def create(draft: Draft, *, user: User | None, purpose: str = Purpose.QUERY) -> Query:
    """A new query with version 1. Raises NameTaken, unless it belongs to something that has names of its own."""
    query = Query(
        name=draft.name,
        purpose=purpose,
        **_columns(draft),
        version=1,
        created_by=user,
        updated_by=user,
    )
    try:
        with transaction.atomic():
            query.save()
            _keep(query, draft, user)
    except IntegrityError as error:
        raise NameTaken from error
    return query


def update(query: Query, draft: Draft, *, base: int, user: User | None) -> bool:
    """Save over version `base`; False if nothing is different. Raises Conflict if `base` is not the present version
    any more, and NameTaken. `query` is what is stored afterwards."""
    query.refresh_from_db()
    if query.version != base:
        raise Conflict(query)
    if draft == stored(query):
        return False
    try:
        with transaction.atomic():
            schedules.lock(query)
            _replace(query, draft, base, user)
            query.refresh_from_db()
            _keep(query, draft, user)
    except IntegrityError as error:
        raise NameTaken from error
    return True


def change(query: Query, edit: Callable[[Draft], Draft], *, user: User | None) -> Draft | None:
    """Save what `edit` makes of the newest version, whoever saves meanwhile. → what was stored before; None if nothing
    is different. `query` is what is stored afterwards. Raises NameTaken, what `edit` raises, Query.DoesNotExist, and
    Conflict where others are faster each time."""
    for _ in range(TRIES):
        query.refresh_from_db()
        before = stored(query)
        try:
            return before if update(query, edit(before), base=query.version, user=user) else None
        except Conflict:
            continue
    raise Conflict(query)


def _replace(query: Query, draft: Draft, base: int, user: User | None) -> None:
    # The version decides who was first: of two saves over the same version one finds no row.
    changed = Query.objects.filter(pk=query.pk, version=base).update(
        name=draft.name,
        **_columns(draft),
        issued_as=query.issued_as if draft.text.engine == query.engine else "",
        version=base + 1,
        updated_by=user,
        updated_at=timezone.now(),
    )
    if not changed:
        raise Conflict(Query.objects.get(pk=query.pk))


def _columns(draft: Draft) -> dict[str, Any]:
    """What a query's row itself holds of it."""
    parts = (draft.text, draft.options)
    columns = {field.name: getattr(part, field.name) for part in parts for field in fields(part)}
    return columns | {"into": table_targets.to_json(draft.table)}


def _keep(query: Query, draft: Draft, user: User | None) -> None:
    targets.save(query, draft.target)
    schedules.keep(query, draft.schedule, user=user)
    QueryVersion.objects.create(
        query=query,
        number=query.version,
        name=query.name,
        database_name=query.database.name,
        engine=query.engine,
        source=query.source,
        source_name=query.source.name if query.source else "",
        sql=query.sql,
        time_zone=query.time_zone,
        priority=query.priority,
        retry_limit=query.retry_limit,
        target=as_data(draft.target),
        into=query.into,
        schedule=draft.schedule.data() if draft.schedule else {},
        saved_by=query.updated_by,
    )


def as_data(target: Target | None) -> dict[str, Any]:
    """A target as it stands in a version: the object of `targets.dump`, empty for none."""
    data: dict[str, Any] = json.loads(targets.dump(target) or "{}")
    return data


def duplicate(query: Query, *, user: User) -> Query:
    """A copy with a name of its own, and without a schedule: its rows would be sent twice."""
    draft = stored(query)
    taken = set(Query.objects.saved().filter(name__startswith="Copy ").values_list("name", flat=True))
    return create(replace(draft, name=copy_name(draft.name, taken), schedule=None), user=user)


def copy_name(name: str, taken: Container[str]) -> str:
    """What a copy is called: the first of "Copy of …", "Copy 2 of …" that is not taken."""
    prefixes = chain(["Copy of "], (f"Copy {n} of " for n in count(2)))
    return next(found for prefix in prefixes if (found := f"{prefix}{name}"[:NAME_LENGTH]) not in taken)


def delete(query: Query) -> None:
    """Remove the query with its versions and target; its jobs stay. Raises NotPossible while one of them is active."""
    with transaction.atomic():
        schedules.lock(query)
        Query.objects.select_for_update().get(pk=query.pk)
        if active := query.jobs.active().first():
            raise NotPossible(f"Job {active.pk} of this query is still active. Stop it or wait for its end.")
        query.delete()


def restore(query: Query, version: QueryVersion, *, user: User) -> str:
    """Make a new version of an old one; the query keeps its present name and schedule. → a warning, or "".

    An export target that can no longer be used is not taken over. Raises NotPossible and Conflict.
    """
    database = Database.objects.filter(name=version.database_name).first()
    if not database:
        raise NotPossible(f"The database {version.database_name} of version {version.number} does not exist any more.")
    if version.engine == EngineType.SOURCE and not version.source:
        raise NotPossible(f"The source {version.source_name} of version {version.number} does not exist any more.")
    target, table, warning = targets.of(query), table_targets.of(query), ""
    try:
        target, table = _as_it_was(version)
    except TargetError as error:
        warning = f"The export target was left as it is: {error}"
    text = Text(database, version.sql, version.time_zone, version.engine, version.source)
    draft = Draft(query.name, text, target, options.of(version), schedules.timing_of(query), table)
    if not update(query, draft, base=query.version, user=user):
        raise NotPossible(f"Version {version.number} is the same as the present one.")
    return warning


def _as_it_was(version: QueryVersion) -> tuple[Target | None, TableTarget | None]:
    """Where the result of a version went. Raises TargetError where it can no longer go there."""
    target = targets.parse(json.dumps(version.target) if version.target else "")
    return target, table_targets.parse(table_targets.dump(table_targets.of(version)))


def run(draft: Draft, *, query: Query | None, user: User, mode: str = Mode.SEND) -> Job:
    """Start a job of what the editor holds. The job has the query's version if that is exactly what is saved."""
    saved = query is not None and _same_run(draft, stored(query))
    return jobs.start(
        text=draft.text,
        name=query.name if query else draft.name or UNTITLED,
        user=user,
        query=query,
        query_version=query.version if query and saved else None,
        target=draft.target,
        table=draft.table,
        options=draft.options,
        mode=mode,
    )


def _same_run(one: Draft, other: Draft) -> bool:
    """Whether both would do the same; names do not matter."""
    return (one.text, one.target, one.table, one.options) == (other.text, other.target, other.table, other.options)
