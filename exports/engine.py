"""The engine that runs a text, and what a query may use and read."""

from django.conf import settings

from accounts.models import User
from exports.models import EngineType
from integrations import sources
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from warehouse.catalogue import catalogue_all
from warehouse.engines.base import Engine, EngineUnavailable, Limits, TableFiles
from warehouse.engines.duckdb import DuckDBEngine


class SourceUnusable(EngineUnavailable):
    """The source is gone or its secrets cannot be read: someone has to correct that."""


def engine(kind: str, source: Authentication | None = None) -> Engine:
    """The engine for EngineType `kind`; its errors are those of `warehouse.engines.base`.

    Raises SourceUnusable if the source is gone or its secrets cannot be read.
    """
    if kind != EngineType.SOURCE:
        return DuckDBEngine(dialect=kind)
    if source is None:
        raise SourceUnusable("The source of this query does not exist any more. Choose another one.")
    try:
        return sources.engine_of(source)
    except SecretUnreadable as error:
        raise SourceUnusable(f"The source {source.name} cannot be used: {error}") from error


def limits() -> Limits:
    """What a job's query may use up, from QUERY_TIME_LIMIT, QUERY_MEMORY_LIMIT and QUERY_ROW_LIMIT."""
    return Limits(
        seconds=settings.QUERY_TIME_LIMIT, memory_mb=settings.QUERY_MEMORY_LIMIT, rows=settings.QUERY_ROW_LIMIT
    )


def readable(user: User | None) -> TableFiles:
    """The tables that this person's queries may read, as database.table: all, or none if the account is switched off.

    None stands for the console itself.
    """
    return {} if user and not user.is_active else catalogue_all()
