"""Trino as a source."""

from collections.abc import Mapping
from typing import Any

from integrations.declared import Setting, Source
from warehouse.engines.trino import TrinoEngine

HOST = r"[A-Za-z0-9._\-]+"


def _server(settings: Mapping[str, Any]) -> tuple[str, int]:
    return str(settings.get("host") or ""), int(settings.get("port") or 443)


SOURCE = Source(
    key="trino",
    name="Trino",
    category="Source",
    icon="topology-star-3",
    description=(
        "Query everything that a Trino cluster reaches. Only a single SELECT is sent; give the user a read-only role "
        "in Trino too."
    ),
    settings=(
        Setting(
            name="scheme",
            label="Protocol",
            kind="choice",
            stage="credentials",
            required=True,
            default="https",
            choices=(("https", "https"), ("http", "http, without encryption")),
            help="A password or token is only sent by https.",
        ),
        Setting(
            name="host",
            label="Host",
            kind="text",
            stage="credentials",
            required=True,
            max_length=255,
            pattern=HOST,
            pattern_says="the name or address of the coordinator, without https:// and port",
        ),
        Setting(
            name="port",
            label="Port",
            kind="text",
            stage="credentials",
            required=True,
            default="443",
            pattern=r"[1-9][0-9]{0,4}",
            pattern_says="a whole number from 1 to 65535",
        ),
        Setting(name="user", label="User", kind="text", stage="credentials", required=True, max_length=255),
        Setting(
            name="password",
            label="Password",
            kind="secret",
            stage="credentials",
            help="Leave blank if the cluster takes a token, or asks for nothing.",
        ),
        Setting(
            name="token",
            label="Token (JWT)",
            kind="secret",
            stage="credentials",
            max_length=8000,
            help="Instead of a password.",
        ),
        Setting(
            name="catalog",
            label="Catalog",
            kind="text",
            stage="credentials",
            required=True,
            max_length=255,
            help="Where tables are that a query names without a catalog.",
        ),
        Setting(name="schema", label="Schema", kind="text", stage="credentials", max_length=255),
        Setting(
            name="verify",
            label="Check the certificate",
            kind="boolean",
            stage="advanced",
            default=True,
            help="Off only where the cluster has a certificate of its own making.",
        ),
        Setting(
            name="server_limits",
            label="Send the time limit along",
            kind="boolean",
            stage="advanced",
            default=True,
            help="As the session properties query_max_run_time and query_max_execution_time. Turn it off where the "
            "cluster does not let the user set them.",
        ),
    ),
    engine=TrinoEngine,
    tests="Runs SELECT 1.",
    server=_server,
    token_steps=(
        "Host and port are those of the coordinator, or of the proxy before it: mostly 443 or 8443 with https.",
        "In Trino's access control, let the user read just the catalogs that queries here need.",
    ),
    address=lambda s: f"{s.get('catalog', '')} at {s.get('host', '')}",
)
