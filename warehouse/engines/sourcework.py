"""What the children of all sources do alike: hear the parent, watch their memory, stream rows to stdout."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.engines import fence
from warehouse.engines.base import Cancelled, LimitExceeded, QueryFailed
from warehouse.engines.status import say

LONGEST_STOP = 1.0
"""Seconds for the server to end a query before this process does."""

_TICK = 0.2
_OWN_MB = 256  # what Python and the libraries take before the first row
_PIECE_BYTES = 64 * 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Telling:
    """Hears the parent and tells it how far the query is, from a thread of its own.

    cancel: ends the query on its server; set once there is one. percent: None where the server does not say.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.rows = 0
        self.percent: float | None = None
        self.stopping = threading.Event()
        self.cancel: Callable[[], None] = lambda: None
        self._most_bytes = (job["memory_mb"] + _OWN_MB) * fence.MIB
        self._limit = job["rows"]
        fence.watch(stop=self._stop, tick=self._tick, parent=job["parent"], seconds=_TICK)

    def stream(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
        """Write the rows to stdout and return how many there were; LimitExceeded after the last one allowed."""
        with os.fdopen(1, "wb") as stdout, pa.ipc.new_stream(stdout, schema) as writer:
            for batch in batches:
                if self.stopping.is_set():
                    raise Cancelled("The query was cancelled.")
                self._write(writer, batch.slice(0, self._limit - self.rows))
                stdout.flush()  # the next rows may be long in coming
                self.rows += batch.num_rows
                if self.rows > self._limit:
                    raise LimitExceeded("rows", "")
        return self.rows

    def _write(self, writer: Any, batch: pa.RecordBatch) -> None:
        """In pieces that the parent can take at once."""
        pieces = batch.nbytes // _PIECE_BYTES + 1
        rows = max(1, batch.num_rows // pieces)
        for start in range(0, batch.num_rows, rows):
            piece = batch.slice(start, rows)
            if rows == 1 and piece.nbytes > _PIECE_BYTES:
                raise QueryFailed("A row of the result is larger than 64 MB.", user_error=True)
            writer.write_batch(piece)

    def _stop(self) -> None:
        """End the query on the server and then this process, whatever the other thread waits for."""
        self.stopping.set()
        threading.Timer(LONGEST_STOP, _leave).start()
        try:
            self.cancel()
        except Exception as error:
            say("note", detail=type(error).__name__)
        time.sleep(LONGEST_STOP / 4)  # for the other thread to say how it ended
        _leave()

    def _tick(self) -> None:
        if _memory() > self._most_bytes:
            say("error", what="memory", message="")
            os._exit(1)
        say("progress", rows=self.rows, percent=-1.0 if self.percent is None else self.percent)


def say_schema(schema: pa.Schema, *, ordered: bool) -> None:
    say("schema", ordered=ordered, schema=base64.b64encode(schema.serialize()).decode())


def _leave() -> None:
    say("error", what="cancelled", message="The query was cancelled.")
    os._exit(1)


def _memory() -> int:
    """Bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
