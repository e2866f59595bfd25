"""The child's status lines: one JSON object a line on stderr, which `process.Child` hears."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import duckdb

from warehouse.engines.base import (
    Cancelled,
    EngineError,
    EngineUnavailable,
    LimitExceeded,
    LoadFailed,
    QueryFailed,
    QueryRejected,
)
from warehouse.engines.complaints import Complaint, complaint_of

_lock = threading.Lock()


class Broken(Exception):
    """DuckDB gave up while it ran something; `complaint` says why."""

    def __init__(self, error: BaseException, sql: str = "", before: int = 0) -> None:
        super().__init__(str(error))
        self.complaint: Complaint = complaint_of(error, sql, before=before)


def say(kind: str, **fields: Any) -> None:
    """Write one status line."""
    line = json.dumps({"kind": kind, **fields}).encode() + b"\n"
    with _lock:
        while line:
            line = line[os.write(2, line) :]


def described(error: BaseException) -> dict[str, Any]:
    """An exception as the fields of an `error` status, which `process.error_from` turns back into one."""
    if isinstance(error, Broken) and error.complaint.kind.upper() == "INTERRUPT":
        return {"what": "cancelled", "message": "The query was cancelled."}
    if isinstance(error, Broken) and error.complaint.user_error:
        found = error.complaint
        return {"what": "user", "message": found.message, "line": found.line, "column": found.column}
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException) and "max_temp_directory_size" not in str(error):
        return {"what": "memory", "message": "", "detail": str(error)}
    if isinstance(error, EngineError):
        return _of_ours(error)
    return _of_machine(f"{type(error).__name__}: {error}")


def _of_ours(error: EngineError) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message, "detail": error.detail}
    match error:
        case LimitExceeded():
            return {**told, "what": error.which}
        case LoadFailed():
            return {**told, "what": "load", "line": error.line, "column": error.column}
        case QueryRejected():
            return {**told, "what": "rejected", "line": error.line, "column": error.column}
        case Cancelled():
            return {**told, "what": "cancelled"}
        case EngineUnavailable():
            return {**told, "what": "unavailable"}
        case QueryFailed(user_error=True):
            return {**told, "what": "user", "line": error.line, "column": error.column}
    return {**told, "what": "engine"}


def _of_machine(text: str) -> dict[str, Any]:
    if "max_temp_directory_size" in text or "File too large" in text:
        return {"what": "spool", "message": "", "detail": text}
    if "Out of Memory" in text or "bad allocation" in text or "bad_alloc" in text:
        return {"what": "memory", "message": "", "detail": text}
    if "No space left" in text:
        return {"what": "unavailable", "message": "The disk of the server is full.", "detail": text}
    return {"what": "engine", "message": "The query engine failed.", "detail": text}
