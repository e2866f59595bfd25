from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from warehouse.engines import guard
from warehouse.engines.database import open_database, run
from warehouse.sql.translate import translate

NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC
JOB = {"threads": 1, "memory_mb": 512, "folder": "", "spool_mb": 64}

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


def answer(sql: str, *, dialect: str = "trino", tables: Sequence[str] = (), now: int = NOW) -> Rows:
    """The rows of a query in TD's words, over `tables` (CREATE TABLE statements), as the child process runs it."""
    translated = translate(sql, dialect=dialect, scheduled_time=now)
    connection = open_database(JOB)
    run(connection, "CREATE SCHEMA td")
    run(connection, "SET schema = 'td'")
    for statement in tables:
        run(connection, statement)
    catalogue = [("td", name) for (name,) in run(connection, "SELECT table_name FROM duckdb_tables()")]
    guard.check(connection, translated.sql, catalogue=catalogue, database="td")
    for statement in (*translated.macros, *translated.settings):
        run(connection, statement)
    run(connection, "SET TimeZone = 'UTC'")
    run(connection, "SET enable_external_access = false")
    run(connection, "SET lock_configuration = true")
    return [tuple(row) for row in connection.sql(translated.sql).fetchall()]


def value(expression: str, *, dialect: str = "trino", now: int = NOW) -> Any:
    """What one expression is."""
    return answer(f"SELECT {expression}", dialect=dialect, now=now)[0][0]


@pytest.fixture
def ask() -> Ask:
    return answer
