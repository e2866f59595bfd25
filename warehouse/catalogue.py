"""Reading: what there is to query. Every function here costs the same few SQL queries however many tables there are."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, FilteredRelation, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from warehouse.engines.base import Column, TableFiles, TableName
from warehouse.engines.base import Table as EngineTable
from warehouse.models import Database, Table, tables_folder

Pairs = list[list[str]]
"""[[name, DuckDB type], …], as in the database."""


def catalogue_all() -> TableFiles:
    """Every table with its columns and the files that hold its rows now: a snapshot, taken in one SQL query."""
    return _catalogue(Table.objects.all())


def catalogue(database: Database) -> TableFiles:
    """The same for the tables of one database."""
    return _catalogue(database.tables.all())


def schema(database: Database) -> dict[str, list[str]]:
    """{table: [columns]}, for completion in the editor."""
    tables = database.tables.values_list("name", "columns")
    return {name: [column for column, _ in columns] for name, columns in tables}


def databases(search: str = "") -> QuerySet[Database]:
    """Databases whose name contains `search`, each with table_count, file_count, rows, bytes and last_load."""
    found = Database.objects.filter(name__icontains=search).order_by("name")
    return found.annotate(table_count=Count("tables", distinct=True), **_sums("tables__"))


def tables(database: Database, search: str = "") -> QuerySet[Table]:
    """Tables of one database whose name contains `search`."""
    return with_sums(database.tables.filter(name__icontains=search).order_by("name"))


def with_sums(tables: QuerySet[Table]) -> QuerySet[Table]:
    """These tables, each with file_count, rows, bytes and last_load."""
    return tables.annotate(**_sums(""))


def _sums(prefix: str) -> dict[str, Any]:
    live = Q(**{f"{prefix}files__retired_at": None})
    return {
        "file_count": Count(f"{prefix}files", filter=live),
        "rows": Coalesce(Sum(f"{prefix}files__rows", filter=live), 0),
        "bytes": Coalesce(Sum(f"{prefix}files__bytes", filter=live), 0),
        "last_load": Max(f"{prefix}files__loaded_at"),
    }


def _catalogue(tables: QuerySet[Table]) -> TableFiles:
    # One statement, so that nobody sees the columns from before a load with the files from after it.
    rows = (
        tables.annotate(live=FilteredRelation("files", condition=Q(files__retired_at=None)))
        .order_by("live__pk")
        .values_list("database__name", "name", "columns", "live__path", "live__columns")
    )
    return _grouped(rows)


def _grouped(rows: Iterable[tuple[str, str, Pairs, str | None, Pairs | None]]) -> TableFiles:
    folder = tables_folder()
    columns: dict[TableName, tuple[Column, ...]] = {}
    files: dict[TableName, list[str]] = {}
    held: dict[TableName, dict[str, tuple[Column, ...]]] = {}
    for database, table, pairs, path, own in rows:
        name = (database, table)
        columns.setdefault(name, columns_of(pairs))
        if path:
            files.setdefault(name, []).append(str(folder / path))
        if path and own is not None:
            held.setdefault(name, {})[str(folder / path)] = columns_of(own)
    return {name: EngineTable(tuple(files.get(name, ())), found, held.get(name, {})) for name, found in columns.items()}


def columns_of(pairs: Pairs) -> tuple[Column, ...]:
    """Columns as the database keeps them."""
    return tuple(Column(*pair) for pair in pairs)
