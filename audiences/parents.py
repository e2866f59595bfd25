"""Parent segments: what people do with them. Each has one query, which builds its customer table as a job."""

from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from audiences import activations, building, losses, schemas
from audiences.definitions import Definition
from audiences.models import ParentSegment
from audiences.schemas import CUSTOMERS
from exports import queries, schedules
from exports.errors import NameTaken, NotPossible
from exports.models import EngineType, Job, Purpose
from exports.queries import Draft
from exports.table_targets import REPLACE, TableTarget
from exports.texts import Text
from exports.timing import Timing
from warehouse import changes, tables, usage
from warehouse.models import Database
from warehouse.usage import Use


@dataclass(frozen=True)
class Plan:
    """What a form holds: a definition without problems (see `checking`), and when it is built by itself.

    `time_zone`: what "today" means in rules, an IANA name. `schedule` None: it is built only when someone says so.
    """

    name: str
    definition: Definition
    description: str = ""
    time_zone: str = "UTC"
    schedule: Timing | None = None


class Conflict(Exception):
    """Someone else changed the parent segment meanwhile."""


def create(plan: Plan, *, user: User, request: HttpRequest | None = None) -> tuple[ParentSegment, Job]:
    """A new parent segment with its database, and the job that builds it first. `request`: for the audit trail, where
    the database has an entry of its own. Raises NameTaken, NotPossible, and CannotBuild where a table has just gone."""
    with transaction.atomic():
        parent = _new(plan, user)
        database = _database(parent, user, request)
        draft = Draft(plan.name, _text(plan, database), None, schedule=plan.schedule, table=_target(parent))
        parent.query = queries.create(draft, user=user, purpose=Purpose.PARENT_SEGMENT)
        parent.save(update_fields=["query"])
        return parent, build(parent, user=user)


def update(parent: ParentSegment, plan: Plan, *, base: str, user: User) -> Job | None:
    """Save over the state `base` (see `state`). → the job that builds it anew, if what is built has changed.

    Raises Conflict, NameTaken, CannotBuild, InUse where a segment or an activation names what goes, and NotCompiled.
    """
    with transaction.atomic():
        locked = ParentSegment.objects.select_for_update(of=("self",)).get(pk=parent.pk)
        if state(locked) != base:
            raise Conflict
        losses.refuse(locked, plan.definition)
        _store(locked, plan, user)
        parent.refresh_from_db()
        changed = _rewrite(parent, plan, user)
        activations.recompile(parent, user=user)
        return build(parent, user=user) if changed else None


def state(parent: ParentSegment) -> str:
    """Tells one save from the next."""
    return parent.updated_at.isoformat()


def build(parent: ParentSegment, *, user: User) -> Job:
    """Build the customer table now, beside its schedule, from the columns that its tables have now."""
    refresh(parent, user=user)
    return schedules.run_now(_query(parent), user=user)


def refresh(parent: ParentSegment, *, user: User | None) -> bool:
    """Write the query's SQL anew: the master table may have other columns now. False: it is as it was, or a table or
    column is gone, which the next build says."""
    definition = Definition.from_json(parent.definition)
    try:
        sql = building.text(definition, schemas.types_of(schemas.tables_of(definition)))
    except building.CannotBuild:
        return False
    query = _query(parent)
    if query.sql == sql:
        return False
    return queries.change(query, lambda draft: replace(draft, text=replace(draft.text, sql=sql)), user=user) is not None


def delete(parent: ParentSegment, *, user: User, request: HttpRequest | None = None) -> None:
    """Remove it with its database; its jobs stay. Raises InUse while segments exist or something else reads its tables,
    and NotPossible while a build is active."""
    usage.refuse(f"{parent} cannot be deleted", users(parent))
    database = Database.objects.filter(name=parent.database_name).first()
    with transaction.atomic():
        query = _query(parent)
        ParentSegment.objects.filter(pk=parent.pk).update(query=None)
        queries.delete(query)
        _delete_folders(parent)
        parent.delete()
        if database:
            changes.delete_with_tables(database, user=user, request=request)


def users(parent: ParentSegment) -> list[Use]:
    """What keeps it from being deleted: its segments, and others that use its database or a table of it."""
    if segments := [losses.segment_use(segment) for segment in parent.segments.all()]:
        return segments
    database = Database.objects.filter(name=parent.database_name).first()
    if not database:
        return []
    own = {reverse("exports:query", args=[parent.query_id]), reverse("audiences:parent_segment", args=[parent.pk])}
    found = dict.fromkeys([*usage.of_database(database), *usage.of_tables(database, database.tables.all())])
    return [use for use in found if use.url not in own and use.kind != "job"]


def listing(search: str = "") -> QuerySet[ParentSegment]:
    found = ParentSegment.objects.select_related("query__schedule")
    if not search:
        return found
    where = Q(name__icontains=search) | Q(description__icontains=search)
    return found.filter(where | Q(pk=int(search)) if search.isdecimal() and len(search) < 19 else where)


def _new(plan: Plan, user: User) -> ParentSegment:
    parent = ParentSegment(
        name=plan.name,
        description=plan.description,
        definition=plan.definition.to_json(),
        created_by=user,
        updated_by=user,
    )
    try:
        with transaction.atomic():
            parent.save()
    except IntegrityError as error:
        raise NameTaken from error
    return parent


def _store(parent: ParentSegment, plan: Plan, user: User) -> None:
    parent.name, parent.description = plan.name, plan.description
    parent.definition, parent.updated_by = plan.definition.to_json(), user
    try:
        with transaction.atomic():
            parent.save(update_fields=["name", "description", "definition", "updated_by", "updated_at"])
    except IntegrityError as error:
        raise NameTaken from error


def _rewrite(parent: ParentSegment, plan: Plan, user: User) -> bool:
    """→ whether its SQL changed."""
    query = _query(parent)

    def edit(draft: Draft) -> Draft:
        text = _text(plan, draft.text.database)
        return replace(draft, name=plan.name, text=text, schedule=plan.schedule)

    before = queries.change(query, edit, user=user)
    return before is not None and before.text.sql != query.sql


def _database(parent: ParentSegment, user: User, request: HttpRequest | None) -> Database:
    try:
        return tables.create_database(parent.database_name, user, request=request)
    except ValidationError as error:
        says = f"There is a database {parent.database_name} already. Rename or delete it, then try again."
        raise NotPossible(says) from error


def _text(plan: Plan, database: Database) -> Text:
    """Raises CannotBuild."""
    sql = building.text(plan.definition, schemas.types_of(schemas.tables_of(plan.definition)))
    return Text(database, sql, plan.time_zone, EngineType.DUCKDB)


def _target(parent: ParentSegment) -> TableTarget:
    return TableTarget(parent.database_name, CUSTOMERS, REPLACE)


def _query(parent: ParentSegment) -> Any:
    assert parent.query is not None
    return parent.query


def _delete_folders(parent: ParentSegment) -> None:
    """The innermost first: a folder protects the one that it is in."""
    while parent.folders.exists():
        parent.folders.filter(folders=None).delete()
