"""An engine whose queries run on another server, each driven by a child process of its own."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import certifi

from warehouse.engines.base import CheckedQuery, Column, EngineUnavailable, Limits, TableFiles
from warehouse.engines.childresult import ChildResult, stop_child
from warehouse.engines.process import Child

INSTALL = "pip install -r requirements-sources.txt"
ASKING = Limits(seconds=25, rows=0, memory_mb=512, spool_mb=64)
"""For everything but running a query; longer than it takes to find that a server does not answer."""


def _authorities() -> str:
    """The file of the certificate authorities that servers are checked by; an empty variable counts as none."""
    return os.environ.get("SSL_CERT_FILE") or certifi.where()


class Hidden(str):
    """A secret that shows in no traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'•••'"


class SourceEngine:
    """`Engine` over a connection. The catalogue's tables and databases do not concern it: the server has its own.

    settings: see the module of each engine. Raises EngineUnavailable from every method where its driver is missing.
    """

    kind: str
    driver: str
    secret_settings: tuple[str, ...]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = {
            name: Hidden(value) if name in self.secret_settings and value else value for name, value in settings.items()
        }

    @classmethod
    def installed(cls) -> bool:
        """Whether the driver is there."""
        return importlib.util.find_spec(cls.driver) is not None

    def check(self, sql: str, *, tables: TableFiles, database: str) -> CheckedQuery:
        """See `Engine.check`. Asks the server."""
        found = self._ask("check", sql=sql)
        return CheckedQuery(
            tables=tuple((schema, name) for schema, name in found["tables"]),
            columns=tuple(Column(*column) for column in found["columns"]),
            ordered=found["ordered"],
            text=found["text"],
        )

    def run(
        self,
        sql: str,
        *,
        tables: TableFiles,
        database: str,
        limits: Limits,
        scheduled_time: int | None = None,
        time_zone: str = "UTC",
        order_by: str | None = None,
        workdir: Path,
    ) -> ChildResult:
        """See `Engine.run`. Returns once the server has named the columns; the query may still be waiting there."""
        child = self._child("query", limits, workdir, sql=sql, time_zone=time_zone, order_by=order_by)
        try:
            return ChildResult(child, engine=self.kind, remote=True)
        except BaseException:
            child.wind_up()
            raise

    def stop(self, handle: Mapping[str, Any]) -> bool:
        """See `Engine.stop`."""
        return stop_child(handle)

    def test(self) -> str:
        """What *Test connection* says of a connection that works. Raises EngineError."""
        says: str = self._ask("test")["says"]
        return says

    def _ask(self, mode: str, **more: Any) -> dict[str, Any]:
        child = self._child(mode, ASKING, Path(tempfile.gettempdir()), **more)
        try:
            return child.finish()
        finally:
            child.close()

    def _child(self, mode: str, limits: Limits, workdir: Path, **more: Any) -> Child:
        if not self.installed():
            raise EngineUnavailable(f"The driver for this source is not installed on this server: {INSTALL}")
        job = {
            "engine": self.kind,
            "mode": mode,
            "settings": self._settings,
            "secrets": [self._settings[name] for name in self.secret_settings if self._settings.get(name)],
            "authorities": _authorities(),
            "time_zone": "UTC",
            "order_by": None,
            **more,
            **asdict(limits),
        }
        return Child(job, limits=limits, workdir=workdir, program="source_child")
