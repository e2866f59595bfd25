"""The newest rows of a table, as programs read them."""

import tempfile
from pathlib import Path
from typing import Any

from warehouse.catalogue import catalogue
from warehouse.engines.base import Limits
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.engines.querytext import quoted
from warehouse.engines.timecolumn import TIME
from warehouse.models import Table

LIMITS = Limits(seconds=60, rows=10_000, memory_mb=1024, spool_mb=2048)
_AS_THEY_ARE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "BOOLEAN"}
_AS_THEY_ARE |= {"FLOAT", "DOUBLE", "VARCHAR"}


def newest_rows(table: Table, count: int) -> list[dict[str, Any]]:
    """Up to `count` rows, the newest by `time` first; without that column any. Raises EngineError.

    What is no number, text, true or false, or list of these, is text.
    """
    wanted = ", ".join(_value(name, kind) for name, kind in table.columns)
    order = f" ORDER BY {quoted(TIME.name)} DESC" if any(name == TIME.name for name, _ in table.columns) else ""
    sql = f"SELECT {wanted} FROM {quoted(table.name)}{order} LIMIT {count}"  # noqa: S608 - quoted
    engine, database = DuckDBEngine(), table.database
    with (
        tempfile.TemporaryDirectory(prefix="tail-") as folder,
        engine.run(
            sql, tables=catalogue(database), database=database.name, limits=LIMITS, workdir=Path(folder)
        ) as result,
    ):
        return [row for batch in result for row in batch.to_pylist()]


def _value(name: str, kind: str) -> str:
    if kind.removesuffix("[]") in _AS_THEY_ARE:
        return quoted(name)
    return f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}"
