"""The embedded engine: DuckDB over Parquet files, in a fenced child process for each query."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.engines import tablefiles
from warehouse.engines.base import CheckedQuery, Column, Limits, TableFiles
from warehouse.engines.childresult import ChildResult, stop_child
from warehouse.engines.kept import KEEP, KEPT, STREAM, publish
from warehouse.engines.process import Child

CHECK_LIMITS = Limits(seconds=20, rows=0, memory_mb=512, spool_mb=64)


class DuckDBEngine:
    """`Engine` for the console's own tables. `threads` is how many cores one query may use.

    dialect: "duckdb" for text that is run as it is written; "trino" or "hive" for TD's, which `warehouse.sql` puts into
    DuckDB's, in the child.
    """

    kind = "duckdb"

    def __init__(self, *, dialect: str = "duckdb", threads: int = 2) -> None:
        self._dialect = dialect
        self._threads = threads

    def check(self, sql: str, *, tables: TableFiles, database: str) -> CheckedQuery:
        """See `Engine.check`. Takes about half a second, most of it for starting the child."""
        job = self._job("check", sql, tables, database, CHECK_LIMITS)
        child = Child(job, limits=CHECK_LIMITS, workdir=Path(tempfile.gettempdir()))
        try:
            found = child.finish()
        finally:
            child.close()
        return CheckedQuery(
            tables=tuple((database, name) for database, name in found["tables"]),
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
    ) -> DuckDBResult:
        """See `Engine.run`."""
        job = self._job("query", sql, tables, database, limits)
        job |= {"scheduled_time": scheduled_time, "time_zone": time_zone, "order_by": order_by}
        child = Child(job, limits=limits, workdir=workdir)
        try:
            return DuckDBResult(child, engine=self.kind)
        except BaseException:
            child.close()
            raise

    def stop(self, handle: Mapping[str, Any]) -> bool:
        """See `Engine.stop`. Waits up to two seconds for the query to end by itself, then kills it."""
        return stop_child(handle)

    def _job(self, mode: str, sql: str, tables: TableFiles, database: str, limits: Limits) -> dict[str, Any]:
        catalogue = [(*name, tablefiles.to_json(table)) for name, table in tables.items()]
        return {
            "mode": mode,
            "sql": sql,
            "dialect": self._dialect,
            "tables": catalogue,
            "files": [file for table in tables.values() for file in table.files],
            "database": database,
            "threads": self._threads,
            "scheduled_time": None,
            "time_zone": "UTC",
            **asdict(limits),
        }


class DuckDBResult(ChildResult):
    """`Result` of a query in the console's own tables: streamed, or kept by the child itself."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """See `Result.__iter__`."""
        self._child.tell(STREAM)
        return super().__iter__()

    def keep(self, path: Path, *, heard: Callable[[int], None]) -> int:
        """See `KeepsItself.keep`: no row goes through this process."""
        self._child.tell(KEEP)
        self._child.hear(lambda told: heard(told.get("rows", 0)))
        self._rows = self._child.finish()["rows"]
        publish(self._child.folder / KEPT, path)
        return self._rows
