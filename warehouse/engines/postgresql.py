"""PostgreSQL as a source, through ADBC.

Settings: host (a name, an address, or the folder of a Unix socket), port, database, user, password, sslmode.
Sessions are read-only, and roles that could reach beyond tables are refused, when tested and at each run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warehouse.engines.sourceengine import SourceEngine

READ_ONLY_ROLE = (
    "CREATE ROLE console_reader LOGIN PASSWORD '…';",
    "GRANT CONNECT ON DATABASE … TO console_reader;",
    "GRANT USAGE ON SCHEMA public TO console_reader;",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO console_reader;",
)
"""What an administrator of the database runs, once for each schema, to make a role that only reads."""


class PostgreSQLEngine(SourceEngine):
    """`Engine` for PostgreSQL's own SQL. numeric without a precision, and all that Arrow has no type for, is text."""

    kind = "postgresql"
    driver = "adbc_driver_postgresql"
    secret_settings = ("password",)


def test(settings: Mapping[str, Any]) -> str:
    """Connect, and say the server's version, the user, and what it may do. Raises EngineError."""
    return PostgreSQLEngine(settings).test()
