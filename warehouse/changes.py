"""Changing what is there: names, places, rows. Each change is one transaction; readers see it whole or not at all.

A table's files go with it whatever it is called and wherever it is. Queries that run read on what they saw at first.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest

from accounts import audit
from warehouse import files, tables, usage
from warehouse.models import Database, Table


class Refused(Exception):
    """The change cannot be made as things are; the message says why."""


def rename_table(
    table: Table,
    name: str,
    *,
    overwrite: bool = False,
    force: bool = False,
    user: Any = None,
    request: HttpRequest | None = None,
) -> None:
    """Give a table another name. Raises Refused, InUse, or ValidationError for a name that is not valid.

    overwrite: a table that has the name already is deleted in the same moment. force: even if saved queries read it.
    """
    Table._meta.get_field("name").clean(name, table)
    with transaction.atomic():
        one, other = _this_and(table, name)
        if not force:
            usage.refuse(f"{one} cannot be renamed", usage.of_tables(one.database, [one]))
        if other:
            _make_way(other, overwrite, force, user, request)
        old, one.name = one.name, name
        _save(one, "name", f"{one.database}.{name} exists already.")
        audit.record("table.rename", one, user=user, request=request, old=old, new=name)


def swap_tables(table: Table, other: str, *, user: Any = None, request: HttpRequest | None = None) -> None:
    """Let two tables of one database exchange their names, and so their rows, columns and loads. Raises Refused.

    Readers of either name find one of the two at any time. Allowed while in use: that is what it is for.
    """
    with transaction.atomic():
        first, second = _this_and(table, other)
        if not second:
            raise Refused(f"{table.database} has no other table named {other}.")
        names = first.name, second.name
        # No name may be taken twice, not even for a moment; a hyphen is in no other table's name.
        for one, name in ((first, f"swap-{first.pk}"), (second, names[0]), (first, names[1])):
            one.name = name
            one.save(update_fields=["name", "updated_at"])
        audit.record("table.swap", first, user=user, request=request, tables=list(names))


def move_table(
    table: Table,
    database: Database,
    *,
    force: bool = False,
    user: Any = None,
    request: HttpRequest | None = None,
) -> None:
    """Put a table into another database. Raises Refused or InUse."""
    with transaction.atomic():
        one, _ = _this_and(table)
        if not force:
            usage.refuse(f"{one} cannot be moved", usage.of_tables(one.database, [one]))
        old, one.database = one.database.name, database
        if not Database.objects.select_for_update().filter(pk=database.pk).exists():
            raise Refused(f"The database {database} was deleted meanwhile.")
        _save(one, "database", f"{database}.{one.name} exists already.")
        audit.record("table.move", one, user=user, request=request, old=old, new=database.name)


def empty_table(table: Table, *, user: Any = None, request: HttpRequest | None = None) -> int:
    """Take all rows out of a table; its columns stay. → how many rows that were. Raises Refused."""
    with transaction.atomic():
        one, _ = _this_and(table)
        rows = files.retire(one)
        one.save(update_fields=["updated_at"])
        audit.record("table.empty", one, user=user, request=request, rows=rows)
    return rows


def rename_database(
    database: Database, name: str, *, force: bool = False, user: Any = None, request: HttpRequest | None = None
) -> None:
    """Give a database another name. Raises InUse, or ValidationError for a name that is taken or not valid.

    Its own queries know it by more than its name. Only what writes the name out, or runs now, is in the way.
    """
    with transaction.atomic():
        one = Database.objects.select_for_update().get(pk=database.pk)
        if not force:
            usage.refuse(f"{one} cannot be renamed", usage.of_name(one))
        old, one.name = one.name, name
        one.full_clean(exclude=["created_by"])
        try:
            with transaction.atomic():
                one.save(update_fields=["name"])
        except IntegrityError as error:
            raise ValidationError({"name": "A database with this name exists."}) from error
        audit.record("database.rename", one, user=user, request=request, old=old, new=name)


def empty_database(
    database: Database, *, force: bool = False, user: Any = None, request: HttpRequest | None = None
) -> int:
    """Delete all tables of a database. → how many these were. Raises InUse."""
    with transaction.atomic():
        found = _locked(database, Q())
        if not force:
            usage.refuse(f"{database} cannot be emptied", usage.of_tables(database, found))
        for table in found:
            tables.delete_table(table, force=True, user=user, request=request)
        audit.record("database.empty", database, user=user, request=request, tables=len(found))
    return len(found)


def delete_with_tables(database: Database, *, user: Any = None, request: HttpRequest | None = None) -> None:
    """Delete a database and all its tables, or nothing of it. Raises InUse."""
    usage.refuse(f"{database} cannot be deleted", usage.of_database(database))
    with transaction.atomic():
        if database.tables.exists():
            empty_database(database, user=user, request=request)
        tables.delete_database(database, user=user, request=request)


def _locked(database: Database, which: Q) -> list[Table]:
    """Tables of a database, held until the transaction ends.

    Always in the order of their keys, so that no two transactions wait for each other.
    """
    found = Table.objects.select_for_update(of=("self",)).select_related("database").order_by("pk")
    return list(found.filter(which, database=database))


def _this_and(table: Table, name: str = "") -> tuple[Table, Table | None]:
    """The table as it is now, and the other one that has this name; both held. Raises Refused if it is gone."""
    found = _locked(table.database, Q(pk=table.pk) | Q(name=name))
    one = next((each for each in found if each.pk == table.pk), None)
    if not one:
        raise Refused(f"{table} is no longer there.")
    return one, next((each for each in found if each.name == name and each != one), None)


def _make_way(table: Table, overwrite: bool, force: bool, user: Any, request: HttpRequest | None) -> None:
    if not overwrite:
        raise Refused(f"{table} exists already.")
    tables.delete_table(table, force=force, user=user, request=request)


def _save(table: Table, field: str, taken: str) -> None:
    try:
        with transaction.atomic():
            table.save(update_fields=[field, "updated_at"])
    except IntegrityError as error:
        raise Refused(taken) from error
