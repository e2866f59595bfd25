"""The connectors there are. A second destination is a folder and one line here."""

from integrations.connectors.line_conversion import CONNECTOR as LINE_CONVERSION
from integrations.spec import Connector

CONNECTORS: dict[str, Connector] = {c.key: c for c in (LINE_CONVERSION,)}


def connector(key: str) -> Connector:
    """The connector with this key. Raises KeyError."""
    return CONNECTORS[key]
