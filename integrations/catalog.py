"""The connectors there are: where results go, and what queries read from. A new one is a folder or file, and a line."""

from integrations.connectors import postgresql, treasure_data, trino
from integrations.connectors.line_conversion import CONNECTOR as LINE_CONVERSION
from integrations.declared import Source
from integrations.spec import Connector

CONNECTORS: dict[str, Connector] = {c.key: c for c in (LINE_CONVERSION,)}
"""Destinations."""

SOURCES: dict[str, Source] = {s.key: s for s in (postgresql.SOURCE, trino.SOURCE, treasure_data.SOURCE)}

AnyConnector = Connector | Source


def connector(key: str) -> Connector:
    """The destination with this key. Raises KeyError, also for a source."""
    return CONNECTORS[key]


def source(key: str) -> Source:
    """The source with this key. Raises KeyError."""
    return SOURCES[key]


def any_connector(key: str) -> AnyConnector:
    """The destination or source with this key. Raises KeyError."""
    return SOURCES[key] if key in SOURCES else CONNECTORS[key]
