"""Writing: databases, tables and their files. Each change is one transaction; a listed file never changes."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError
from django.http import HttpRequest

from accounts import audit
from warehouse import files, loading, merging, usage
from warehouse.engines.base import Column
from warehouse.engines.loader import Stoppable, unstoppable
from warehouse.engines.timecolumn import TIME
from warehouse.loading import NotLoaded, Part, Source
from warehouse.models import Database, Load, Table
from warehouse.usage import InUse

APPEND, REPLACE, CREATE = Load.Mode.APPEND, Load.Mode.REPLACE, Load.Mode.CREATE
ATTEMPTS = 5


@dataclass(frozen=True)
class _Order:
    """What `load` was asked to do."""

    database: Database
    table: str
    sources: tuple[Source, ...]
    types: dict[str, str]
    columns: tuple[Column, ...]
    mode: str
    user: Any
    request: HttpRequest | None
    also: Callable[[Table], None] | None
    time_column: str
    renames: dict[str, str]
    stoppable: Stoppable
    now: int


class _Moved(Exception):
    """The table is no longer as it was when the load began."""


def create_database(name: str, user: Any = None, *, request: HttpRequest | None = None) -> Database:
    """Create an empty database. Raises ValidationError for a name that is taken or not valid."""
    database = Database(name=name, created_by=user)
    database.full_clean(exclude=["created_by"])
    with transaction.atomic():
        database.save()
        audit.record("database.create", database, user=user, request=request)
    return database


def load(
    *,
    database: Database,
    table: str,
    sources: Sequence[Source],
    types: Mapping[str, str] | None = None,
    columns: Sequence[Column] = (),
    mode: str = APPEND,
    user: Any = None,
    request: HttpRequest | None = None,
    also: Callable[[Table], None] | None = None,
    time_column: str = "",
    renames: Mapping[str, str] | None = None,
    stoppable: Stoppable = unstoppable,
) -> Table:
    """Load files into a table, which is made if there is none: all of them or nothing. Raises NotLoaded.

    types: {column: type} for a table that is new or replaced; an existing one keeps its types when it is appended to,
    but gets its columns if it has `time` alone.
    columns: all columns of such a table, for who knows them already; without it the files are looked at first.
    mode: "append"; "replace", which takes the table's present rows and columns away in the same moment; or "create",
    which is for a table that does not exist yet.
    also: called in the transaction that changes the table, right after it did; if it raises, nothing is loaded.
    time_column: the column whose times or Unix seconds a new column `time` takes.
    renames: other names for some of those that columns of the files get by themselves.
    stoppable: holds what stops the load while files are read; if it raises, nothing is loaded.

    A table that is new or replaced gets a column `time` (BIGINT, Unix seconds) if the files have none. Where a row has
    no `time`, it is the time of the load.
    Loads into one table may run at once and end as if they had come one after the other; readers see the table from
    before a load or from after it.
    """
    order = _Order(
        database=database,
        table=table,
        sources=tuple(sources),
        types=dict(types or {}),
        columns=tuple(columns),
        mode=mode,
        user=user,
        request=request,
        also=also,
        time_column=time_column,
        renames=dict(renames or {}),
        stoppable=stoppable,
        now=int(time.time()),
    )
    try:
        return _load(order)
    except IntegrityError as error:
        if Database.objects.filter(pk=database.pk).exists():
            raise
        raise _gone(order) from error


def delete_table(
    table: Table,
    *,
    force: bool = False,
    user: Any = None,
    request: HttpRequest | None = None,
    also: Callable[[], None] | None = None,
) -> None:
    """Delete a table at once; its files stay for queries that read them now. Raises InUse.

    force: even if a saved query reads it.
    also: called in the same transaction when the table is gone; if it raises, the table stays.
    """
    if not force:
        usage.refuse(f"{table} cannot be deleted", usage.of_tables(table.database, [table]))
    with transaction.atomic():
        table = Table.objects.select_for_update(of=("self",)).select_related("database").get(pk=table.pk)
        rows = files.retire(table)
        audit.record("table.delete", table, user=user, request=request, rows=rows)
        table.delete()
        if also:
            also()


def delete_database(database: Database, *, user: Any = None, request: HttpRequest | None = None) -> None:
    """Delete a database that has no tables. Raises InUse if something still belongs to it or names it."""
    usage.refuse(f"{database} cannot be deleted", [] if database.tables.exists() else usage.of_database(database))
    try:
        with transaction.atomic():
            audit.record("database.delete", database, user=user, request=request)
            database.delete()
    except ProtectedError as error:
        raise InUse(_users_of(database, error)) from error


def _load(order: _Order) -> Table:
    for _ in range(ATTEMPTS):
        known = _known_columns(order)
        columns = _columns(order, known)
        clock = loading.clock(columns, order.now, order.time_column)
        with loading.written(order.sources, columns, clock, order.renames, order.stoppable) as parts:
            try:
                table = _list(order, parts, columns, known)
            except (_Moved, Table.DoesNotExist):
                continue
        if order.mode == APPEND:
            merging.merge_small(table)
        return table
    raise NotLoaded("Other loads keep changing the table's columns. Nothing was loaded; try again.")


def _known_columns(order: _Order) -> tuple[Column, ...]:
    """The columns that the loaded rows must have: those of a table that is appended to."""
    if order.mode != APPEND:
        return ()
    table = order.database.tables.filter(name=order.table).first()
    return tuple(Column(*pair) for pair in table.columns) if table else ()


def _columns(order: _Order, known: Sequence[Column]) -> tuple[Column, ...]:
    """What the table's columns will be: one that has `time` alone, as it was created, takes those of the files."""
    if known and [column.name for column in known] != [TIME.name]:
        return loading.columns_of(order.sources, known=known, types=order.types)
    found = order.columns or loading.columns_of(order.sources, types=order.types, renames=order.renames)
    if known:
        return (*(column for column in found if column.name != TIME.name), *known)
    return loading.with_time(found, order.time_column)


@transaction.atomic
def _list(order: _Order, parts: Sequence[Part], columns: Sequence[Column], known: Sequence[Column]) -> Table:
    """The one transaction: the table, its files, the load and the audit entry, or nothing of it."""
    if not Database.objects.filter(pk=order.database.pk).exists():
        raise _gone(order)
    _, made = Table.objects.get_or_create(database=order.database, name=order.table)
    if order.mode == CREATE and not made:
        raise NotLoaded(f"Table {order.database.name}.{order.table} exists already.")
    table = Table.objects.select_for_update().get(database=order.database, name=order.table)
    table.database = order.database
    if order.mode == APPEND and table.columns != files.pairs(known):
        raise _Moved
    if order.mode == REPLACE:
        files.retire(table)
    files.change_columns(table, files.pairs(columns))
    table.save()
    for part in parts:
        files.adopt(table, part)
    names, rows = [Path(source.name).name for source in order.sources], sum(part.rows for part in parts)
    files.record(table, names, rows, mode=order.mode, user=order.user, request=order.request)
    if order.also:
        order.also(table)
    return table


def _gone(order: _Order) -> NotLoaded:
    return NotLoaded(f"The database {order.database.name} was deleted meanwhile.")


def _users_of(database: Database, error: ProtectedError) -> str:
    kinds = Counter(type(thing) for thing in error.protected_objects)
    listed = " and ".join(f"{count} {_word(kind, count)}" for kind, count in kinds.items())
    return f"{database.name} cannot be deleted: it still has {listed}."


def _word(kind: type[Model], count: int) -> str:
    return str(kind._meta.verbose_name if count == 1 else kind._meta.verbose_name_plural)
