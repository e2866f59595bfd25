"""The result that a child process streams, and how another process on this host stops it."""

from __future__ import annotations

import base64
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from warehouse.engines.base import Progress, QueryFailed
from warehouse.engines.process import GRACE, Child


class ChildResult:
    """`Result` of a child's query: reads its Arrow stream and believes it only when all is said.

    remote: the query runs on another server, so that leaving lets the child end it there.
    """

    def __init__(self, child: Child, *, engine: str, remote: bool = False) -> None:
        self._child = child
        self._remote = remote
        self._rows = 0
        found = child.wait_for("schema")
        self.ordered: bool = found["ordered"]
        self.schema: pa.Schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(found["schema"])))
        self._handle = {"engine": engine, "host": socket.gethostname(), "pid": child.pid, "born": _born(child.pid)}

    @property
    def handle(self) -> dict[str, Any]:
        """See `Result.handle`. Has the server's `query_id` once the server gave one."""
        started = self._child.latest("started")
        return {**self._handle, **({"query_id": started["query_id"]} if started else {})}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._remote and self._child.running:
            self._child.wind_up()
        else:
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


def stop_child(handle: Mapping[str, Any]) -> bool:
    """See `Engine.stop`. Waits up to GRACE for the child to end by itself, then kills it."""
    if handle.get("host") != socket.gethostname() or not _is(handle):
        return False
    os.kill(handle["pid"], signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and _is(handle):
        time.sleep(0.05)
    if _is(handle):
        os.killpg(handle["pid"], signal.SIGKILL)
    return True


def _born(pid: int) -> str:
    """When a process was started, in clock ticks since boot: a later one may have its number. Empty if it ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def _is(handle: Mapping[str, Any]) -> bool:
    return bool(handle["born"]) and _born(handle["pid"]) == handle["born"]
