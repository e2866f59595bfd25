"""The parent's side of a child process: start it, hear its status lines, hold it to its time, and always clear up.

The child gets one line of JSON on stdin (the job), writes rows to stdout, and says on stderr, one JSON object a line
with a `kind`, how it gets on. It has succeeded if it exits with 0 after a line of kind `done`, and not otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from warehouse.engines.base import (
    Cancelled,
    EngineError,
    EngineUnavailable,
    LimitExceeded,
    Limits,
    LoadFailed,
    QueryFailed,
    QueryRejected,
)

GRACE = 2.0
"""Seconds between the request to stop and the kill."""

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a status line; the longest is a schema. A child that went wrong may write anything."""

_HOME = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from warehouse.engines import {0}; {0}.main()"
# Nothing of ours is handed down; these two only keep libraries from taking address space they do not need.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}


class Child:
    """One job in one fenced child process with a folder of its own, which goes when the process does."""

    def __init__(self, job: Mapping[str, Any], *, limits: Limits, workdir: Path, program: str = "duckdb_child") -> None:
        """Start the job in the module `program`; raises EngineUnavailable where that is not possible."""
        self._limits = limits
        self._latest: dict[str, dict[str, Any]] = {}
        self._noise = ""
        self._reason = ""
        self._news = threading.Condition()
        self._stopping = threading.Event()
        try:
            workdir.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix="child-", dir=workdir))
        except OSError as error:
            raise EngineUnavailable("There is no room for the job's folder.", detail=str(error)) from error
        self._process = self._start(job, _PROGRAM.format(program))
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._listen, self._watch)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def latest(self, kind: str) -> dict[str, Any]:
        """The last status of this kind; empty if there was none."""
        with self._news:
            return self._latest.get(kind, {})

    def tell(self, line: str) -> None:
        """Write a line to the child's stdin; a child that has ended hears nothing."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, heard: Callable[[dict[str, Any]], None]) -> None:
        """Hand on each `progress` until the child has ended. What `heard` raises is raised."""
        told: dict[str, Any] | None = None
        while told := self._next_after(told):
            heard(told)

    def _next_after(self, told: dict[str, Any] | None) -> dict[str, Any] | None:
        """The next `progress`; None when the child has ended."""
        with self._news:
            self._news.wait_for(lambda: "end" in self._latest or self._latest.get("progress") is not told)
            return None if "end" in self._latest else self._latest["progress"]

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Wait for a status of this kind; raises what stopped the child if it ends without one."""
        with self._news:
            self._news.wait_for(lambda: kind in self._latest or "end" in self._latest)
            if kind in self._latest:
                return self._latest[kind]
        raise self._failure(self._process.wait())

    def finish(self) -> dict[str, Any]:
        """Wait for the end and return what the `done` line says; raises what went wrong."""
        code = self._process.wait()
        with self._news:
            self._news.wait_for(lambda: "end" in self._latest)
        if code == 0 and "done" in self._latest:
            return self._latest["done"]
        raise self._failure(code)

    def stop(self, reason: str) -> None:
        """Ask the child to stop, and kill it if it has not after GRACE. The first reason stands; returns at once."""
        with self._news:
            self._reason = self._reason or reason
        self._stopping.set()

    def wind_up(self) -> None:
        """Let the child end what it started elsewhere, for GRACE at most; then `close`."""
        self.stop("cancelled")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self.close()

    def close(self) -> None:
        """Kill what still runs, which has nothing to save, and remove the folder. May be called again."""
        self.stop("cancelled")
        self._process.kill()
        self.stdout.close()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, job: Mapping[str, Any], program: str) -> subprocess.Popen[bytes]:
        job = {**job, "parent": os.getpid(), "folder": str(self.folder), "home": str(_HOME)}
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", program, str(_HOME)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd=self.folder,
                start_new_session=True,
            )
            assert process.stdin is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise EngineUnavailable("The query engine could not be started.", detail=str(error)) from error
        return process

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            while line := lines.readline(LONGEST_LINE):
                self._note(line)
        with self._news:
            self._latest["end"] = {}
            self._news.notify_all()
        self._stopping.set()

    def _note(self, line: bytes) -> None:
        try:
            status = json.loads(line)
            kind = str(status["kind"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._noise = (self._noise + line.decode(errors="replace"))[-2000:]
            return
        with self._news:
            self._latest[kind] = status
            self._news.notify_all()

    def _watch(self) -> None:
        if not self._stopping.wait(self._limits.seconds):
            self.stop("seconds")
        if self._reason:
            stop_process(self._process)

    def _failure(self, code: int) -> EngineError:
        if self._reason == "cancelled":
            return Cancelled("The query was cancelled.")
        if self._reason:
            return limit_exceeded(self._reason, self._limits)
        if status := self.latest("error"):
            return error_from(status, self._limits)
        return self._died(code)

    def _died(self, code: int) -> EngineError:
        if not self._latest.keys() - {"end"}:
            return EngineUnavailable("The query engine could not be started.", detail=self._noise)
        if code < 0:
            message = f"The query's process was killed by signal {-code}; the server may be short of memory."
        else:
            message = f"The query's process ended early, with code {code}."
        return QueryFailed(message, user_error=False, detail=self._noise)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, GRACE seconds, then SIGKILL for the whole group."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def error_from(status: Mapping[str, Any], limits: Limits) -> EngineError:
    """The exception that an `error` status of the child stands for; its `what` says which."""
    message, detail = status["message"], status.get("detail", "")
    place = {"line": status.get("line"), "column": status.get("column")}
    match status["what"]:
        case "rejected":
            return QueryRejected(message, **place, detail=detail)
        case "load":
            return LoadFailed(message, **place, detail=detail)
        case "cancelled":
            return Cancelled(message, detail=detail)
        case "unavailable":
            return EngineUnavailable(message, detail=detail)
        case "rows" | "memory" | "spool" as which:
            return limit_exceeded(which, limits, detail)
        case what:
            return QueryFailed(message, user_error=what == "user", **place, detail=detail)


def limit_exceeded(which: str, limits: Limits, detail: str = "") -> LimitExceeded:
    """The error for one of the limits, with a message that names its value."""
    message = {
        "seconds": f"Stopped at the time limit of {limits.seconds:,g} seconds.",
        "rows": f"Stopped at the limit of {limits.rows:,} rows.",
        "memory": f"Stopped at the memory limit of {limits.memory_mb:,} MB.",
        "spool": f"Stopped at the limit of {limits.spool_mb:,} MB of disk space.",
    }[which]
    return LimitExceeded(which, message, detail=detail)
