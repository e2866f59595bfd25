"""Other columns for a table that stays. Its files are not touched: a value that does not fit a new type is NULL."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from warehouse import files, tdtypes
from warehouse.catalogue import Pairs
from warehouse.engines.timecolumn import TIME
from warehouse.models import Database, Table
from warehouse.tdtypes import SchemaProblem


@transaction.atomic
def create_table(database: Database, name: str, *, user: Any = None, request: HttpRequest | None = None) -> Table:
    """Make an empty table with the column `time` alone. Raises ValidationError, and IntegrityError for a taken name."""
    table = Table(database=database, name=name, columns=[[TIME.name, TIME.type]])
    table.clean_fields()
    table.save(force_insert=True)
    audit.record("table.create", table, user=user, request=request)
    return table


@transaction.atomic
def set_columns(table: Table, schema: object, *, user: Any = None, request: HttpRequest | None = None) -> None:
    """Give a table the columns of a schema (see `tdtypes.read`) and `time`. Raises SchemaProblem.

    A column that is left out is no longer read; its values are back when it is.
    """
    one = _locked(table)
    _change(one, tdtypes.read(schema, one.columns), user, request)


@transaction.atomic
def add_columns(table: Table, schema: object, *, user: Any = None, request: HttpRequest | None = None) -> None:
    """Give a table more columns. Raises SchemaProblem."""
    one = _locked(table)
    new = tdtypes.read(schema, one.columns)
    types = {pair[0]: pair[1] for pair in one.columns}
    for name, kind in new:
        if types.get(name, kind) != kind:
            has = tdtypes.type_words(types[name])
            raise SchemaProblem(f'the table has a column "{name}" of the type {has}; change it with update-schema')
    held = [pair for pair in one.columns if pair[0] != TIME.name]
    _change(one, [*held, *(pair for pair in new if pair[0] not in types)], user, request)


def _locked(table: Table) -> Table:
    return Table.objects.select_for_update(of=("self",)).select_related("database").get(pk=table.pk)


def _change(table: Table, columns: Pairs, user: Any, request: HttpRequest | None) -> None:
    time = [pair for pair in table.columns if pair[0] == TIME.name] or [[TIME.name, TIME.type]]
    files.change_columns(table, [*columns, *time])
    audit.record("table.schema", table, user=user, request=request, columns=[pair[0] for pair in table.columns])
