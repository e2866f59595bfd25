"""Which authentications queries read from, and which results are sent to."""

from django.db.models import QuerySet

from integrations.catalog import CONNECTORS, SOURCES, source
from integrations.models import Authentication
from warehouse.engines.sourceengine import SourceEngine


def engine_of(authentication: Authentication) -> SourceEngine:
    """The engine that runs queries over this connection. Raises SecretUnreadable, and KeyError for a destination."""
    declared = source(authentication.connector_key)
    return declared.engine(declared.filled(authentication.all_settings()))


def is_source(authentication: Authentication) -> bool:
    """Whether queries can read from it; otherwise results are sent to it."""
    return authentication.connector_key in SOURCES


def sources() -> QuerySet[Authentication]:
    """Every source there is, by name."""
    return Authentication.objects.filter(connector_key__in=SOURCES).order_by("name")


def destinations() -> QuerySet[Authentication]:
    """Every authentication that people can choose to send results to, by name."""
    return sendable().filter(inline=False)


def sendable() -> QuerySet[Authentication]:
    """Also those that were given inline, each with its base."""
    return Authentication.objects.filter(connector_key__in=CONNECTORS).select_related("base").order_by("name")
