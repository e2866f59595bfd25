"""The child program: one job from stdin, behind the fence. Started by `process.Child`, never imported by a server.

Everything it needs is imported before the fence goes up, because its own source cannot be read afterwards.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from warehouse.engines import fence, loader_child, query_child
from warehouse.engines.status import described, say

Work = Callable[[dict[str, Any]], dict[str, Any]]


def _ended_at_once(work: Work) -> Work:
    """For work that does not hear an interrupt, because much of it is Python: a request to stop ends the process."""

    def run(job: dict[str, Any]) -> dict[str, Any]:
        fence.watch(stop=lambda: os._exit(1), tick=lambda: None, parent=job["parent"])
        return work(job)

    return run


_MODES: dict[str, Work] = {
    "query": query_child.query,
    "check": query_child.check,
    "sniff": _ended_at_once(loader_child.sniff),
    "load": _ended_at_once(loader_child.load),
}


def main() -> None:
    """Do the job and end the process: 0 after `done`, 1 after `error`."""
    job = json.loads(sys.stdin.buffer.readline())
    try:
        _enter(job)
        say("ready")
        say("done", **_MODES[job["mode"]](job))
    except BaseException as error:
        say("error", **described(error))
        os._exit(1)
    # Without the interpreter's slow good-bye: DuckDB's threads have nothing left to save.
    os._exit(0)


def _enter(job: dict[str, Any]) -> None:
    fence.enter(
        parent=job["parent"],
        read=job["files"],
        folder=Path(job["folder"]),
        memory_mb=job["memory_mb"],
        spool_mb=job["spool_mb"],
        home=Path(job["home"]),
    )
