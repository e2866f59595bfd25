"""The child program: one job from stdin, behind the fence. Started by `process.Child`, never imported by a server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from warehouse.engines import fence

_Work = Callable[[dict[str, Any]], dict[str, Any]]
_LOADING = {"sniff": "loader_child", "load": "loader_child", "merge": "loader_child", "pack": "packload"}
_MODULES = {"query": "query_child", "check": "query_child", **_LOADING}


def main() -> None:
    """Do the job and end the process: 0 after `done`, 1 after `error`."""
    job = json.loads(sys.stdin.buffer.readline())
    in_force = _enter(job)
    # Imported only now, because DuckDB and Arrow start threads, and the fence holds those alone that start behind it.
    status = import_module("warehouse.engines.status")
    try:
        work = _work(job["mode"], in_force)
        status.say("ready")
        status.say("done", **work(job))
    except BaseException as error:
        status.say("error", **status.described(error))
        os._exit(1)
    # Without the interpreter's slow good-bye: DuckDB's threads have nothing left to save.
    os._exit(0)


def _work(mode: str, in_force: fence.InForce) -> _Work:
    if mode == "fence":
        return lambda job: in_force._asdict()
    work: _Work = getattr(import_module(f"warehouse.engines.{_MODULES[mode]}"), mode)
    return work


def _enter(job: dict[str, Any]) -> fence.InForce:
    in_force = fence.enter(
        parent=job["parent"],
        read=job["files"],
        folder=Path(job["folder"]),
        memory_mb=job["memory_mb"],
        spool_mb=job["spool_mb"],
        home=Path(job["home"]),
    )
    if job["mode"] in _LOADING:
        # Much of this work is Python, which hears no interrupt: a request to stop ends the process.
        fence.watch(stop=lambda: os._exit(1), tick=lambda: None, parent=job["parent"])
    return in_force
