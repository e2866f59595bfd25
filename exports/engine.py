"""The query engine as the settings have it, and what a query may read."""

from django.conf import settings

from warehouse.catalogue import catalogue_all
from warehouse.engines.base import Engine, Limits, TableFiles
from warehouse.engines.duckdb import DuckDBEngine


def engine() -> Engine:
    """The engine that runs queries; its errors are those of `warehouse.engines.base`."""
    return DuckDBEngine()


def limits() -> Limits:
    """What a job's query may use up, from QUERY_TIME_LIMIT, QUERY_MEMORY_LIMIT and QUERY_ROW_LIMIT."""
    return Limits(
        seconds=settings.QUERY_TIME_LIMIT, memory_mb=settings.QUERY_MEMORY_LIMIT, rows=settings.QUERY_ROW_LIMIT
    )


def readable() -> TableFiles:
    """Every table: all people may read all databases, in any query, as database.table."""
    return catalogue_all()
