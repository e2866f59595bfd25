"""The query engine as the settings have it, and what a query may read."""

from django.conf import settings

from warehouse.engines.base import Column, Engine, Limits, Table, TableFiles
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.models import Table as CatalogueTable
from warehouse.models import TableFile


def engine() -> Engine:
    """The engine that runs queries; its errors are those of `warehouse.engines.base`."""
    return DuckDBEngine()


def limits() -> Limits:
    """What a job's query may use up, from QUERY_TIME_LIMIT, QUERY_MEMORY_LIMIT and QUERY_ROW_LIMIT."""
    return Limits(
        seconds=settings.QUERY_TIME_LIMIT, memory_mb=settings.QUERY_MEMORY_LIMIT, rows=settings.QUERY_ROW_LIMIT
    )


def readable() -> TableFiles:
    """Every table with its present files: all people may read all databases, in any query as database.table."""
    files: dict[int, list[str]] = {}
    for file in TableFile.objects.filter(retired_at=None):
        files.setdefault(file.table_id, []).append(str(file.absolute_path))
    tables = CatalogueTable.objects.select_related("database")
    return {(t.database.name, t.name): Table(tuple(files.get(t.pk, ())), _columns(t)) for t in tables}


def _columns(table: CatalogueTable) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in table.columns)
