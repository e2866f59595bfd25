"""Trino as a source, through its Python client; also Treasure Data's endpoint, which speaks the same.

Settings: scheme (https or http), host, port, user, password, token, catalog, schema, verify (whether the certificate
is checked), server_limits (whether the time limit is sent along as a session property).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warehouse.engines.sourceengine import SourceEngine


class TrinoEngine(SourceEngine):
    """`Engine` for Trino's own SQL. What Arrow has no type for is text; maps, rows and nested arrays are JSON."""

    kind = "trino"
    driver = "trino"
    secret_settings: tuple[str, ...] = ("password", "token")

    def stop(self, handle: Mapping[str, Any]) -> bool:
        """See `Engine.stop`. Where the process is gone or on another host, the server is asked to end the query."""
        if super().stop(handle):
            return True
        return bool(handle.get("query_id")) and bool(self._ask("stop", query_id=handle["query_id"])["stopped"])


class TreasureDataEngine(TrinoEngine):
    """Treasure Data's Trino. Settings: site (the domain of the account), api_key, database."""

    secret_settings = ("user",)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(
            {
                "scheme": "https",
                "host": endpoint(settings["site"]),
                "port": 443,
                # The endpoint knows people by their key alone, which so travels as the name of the user.
                "user": settings["api_key"],
                "catalog": "td-presto",
                "schema": settings["database"],
                "verify": True,
                "server_limits": False,
            }
        )


def endpoint(site: str) -> str:
    """The host that answers queries at one of Treasure Data's sites, such as treasuredata.co.jp."""
    return f"api-presto.{site}"


def test(settings: Mapping[str, Any]) -> str:
    """Run SELECT 1, and say the server's version and who asked. Raises EngineError."""
    return TrinoEngine(settings).test()
