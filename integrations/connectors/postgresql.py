"""PostgreSQL as a source."""

from collections.abc import Mapping
from typing import Any

from integrations.declared import Setting, Source
from warehouse.engines.postgresql import READ_ONLY_ROLE, PostgreSQLEngine


def _server(settings: Mapping[str, Any]) -> tuple[str, int]:
    return str(settings.get("host") or ""), int(settings.get("port") or 5432)


SOURCE = Source(
    key="postgresql",
    name="PostgreSQL",
    category="Source",
    icon="database",
    description=(
        "Query the tables of a PostgreSQL server where they are. Sessions are read-only, and roles that could reach "
        "the server's files or programs are refused."
    ),
    settings=(
        Setting(
            name="host",
            label="Host",
            kind="text",
            stage="credentials",
            required=True,
            max_length=255,
            pattern=r"[A-Za-z0-9._:\-]+|/[^\s,']+",
            pattern_says="one host name or address, or the folder of a Unix socket, beginning with /",
        ),
        Setting(
            name="port",
            label="Port",
            kind="text",
            stage="credentials",
            required=True,
            default="5432",
            pattern=r"[1-9][0-9]{0,4}",
            pattern_says="a whole number from 1 to 65535",
        ),
        Setting(name="database", label="Database", kind="text", stage="credentials", required=True, max_length=63),
        Setting(
            name="user",
            label="User",
            kind="text",
            stage="credentials",
            required=True,
            max_length=63,
            help="A role that only reads. Superusers, and members of the roles that reach files or programs, are "
            "refused.",
        ),
        Setting(name="password", label="Password", kind="secret", stage="credentials", required=True),
        Setting(
            name="sslmode",
            label="TLS",
            kind="choice",
            stage="credentials",
            required=True,
            default="require",
            choices=(
                ("require", "Required"),
                ("verify-full", "Required, with a trusted certificate for this host"),
                ("prefer", "If the server has it"),
                ("disable", "Off"),
            ),
            help="Off, or where the server has none, password and rows travel in the clear. A Unix socket needs none.",
        ),
    ),
    engine=PostgreSQLEngine,
    tests="Signs in and looks at what the role may do. It reads no table.",
    server=_server,
    address=lambda s: f"{s.get('database', '')} at {s.get('host', '')}",
    token_steps=(
        "Make a role that only reads; the SQL for it stands below.",
        "Let this server in: pg_hba.conf, and the firewall of the database.",
        "Connect to PostgreSQL itself, not to a pooler: poolers drop the options that keep a session read-only.",
    ),
    commands_say="A role that only reads",
    commands=READ_ONLY_ROLE,
)
