"""The embedded engine: DuckDB over Parquet files, in a fenced child process for each query."""

from __future__ import annotations

import base64
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from warehouse.engines.base import CheckedQuery, Column, Limits, Progress, QueryFailed, TableFiles
from warehouse.engines.process import GRACE, Child

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
            return DuckDBResult(child, limits)
        except BaseException:
            child.close()
            raise

    def stop(self, handle: Mapping[str, Any]) -> bool:
        """See `Engine.stop`. Waits up to two seconds for the query to end by itself, then kills it."""
        if handle.get("host") != socket.gethostname() or not _is(handle):
            return False
        os.kill(handle["pid"], signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and _is(handle):
            time.sleep(0.05)
        if _is(handle):
            os.killpg(handle["pid"], signal.SIGKILL)
        return True

    def _job(self, mode: str, sql: str, tables: TableFiles, database: str, limits: Limits) -> dict[str, Any]:
        catalogue = [
            (*name, table.files, [(column.name, column.type) for column in table.columns])
            for name, table in tables.items()
        ]
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


class DuckDBResult:
    """`Result` of a DuckDB query: reads the Arrow stream of the child and believes it only when all is said."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self._child = child
        self._rows = 0
        self._limits = limits
        found = child.wait_for("schema")
        self.ordered: bool = found["ordered"]
        self.schema: pa.Schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(found["schema"])))
        self.handle = {"engine": "duckdb", "host": socket.gethostname(), "pid": child.pid, "born": _born(child.pid)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._child.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """See `Result.__iter__`. Raises what stopped the query after the rows that came before."""
        try:
            with pa.ipc.open_stream(self._child.stdout) as reader:
                for batch in reader:
                    self._rows += batch.num_rows
                    yield batch
        except (pa.ArrowInvalid, OSError, ValueError):
            # A stream that breaks off says nothing of the cause; the child's status does.
            self._child.finish()
            raise
        self._end()

    def progress(self) -> Progress:
        """See `Progress`."""
        if not self._child.running:
            return Progress(percent=100.0 if self._child.latest("done") else None, rows=self._rows, state="finished")
        told = self._child.latest("progress")
        percent = told.get("percent", -1.0)
        state = "running" if told else "starting"
        return Progress(
            percent=percent if percent >= 0 else None, rows=max(self._rows, told.get("rows", 0)), state=state
        )

    def cancel(self) -> None:
        """See `Result.cancel`."""
        self._child.stop("cancelled")

    def _end(self) -> None:
        told = self._child.finish()["rows"]
        if told != self._rows:
            message = f"The query made {told:,} rows but {self._rows:,} arrived."
            raise QueryFailed(message, user_error=False)


def _born(pid: int) -> str:
    """When a process was started, in clock ticks since boot: a later one may have its number. Empty if it ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def _is(handle: Mapping[str, Any]) -> bool:
    return bool(handle["born"]) and _born(handle["pid"]) == handle["born"]
