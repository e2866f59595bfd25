"""The child program for queries on other servers: one job from stdin, held to its limits, never imported by a server.

It is not cut off from the network, and the user's SQL runs elsewhere. It has the connection's secrets, so nothing is
logged here, and what it says of an error is cleared of them.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from importlib import import_module
from typing import Any

from warehouse.engines import fence

_SHORTEST_SECRET = 4  # characters; a shorter one would take apart whatever is said


def main() -> None:
    """Do the job and end the process: 0 after `done`, 1 after `error`."""
    job = json.loads(sys.stdin.buffer.readline())
    fence.hold(parent=job["parent"], memory_mb=job["memory_mb"], spool_mb=job["spool_mb"])
    logging.disable(logging.CRITICAL)
    status = import_module("warehouse.engines.status")
    try:
        work = import_module(f"warehouse.engines.{job['engine']}_child")
        status.say("ready")
        status.say("done", **getattr(work, job["mode"])(job))
    except BaseException as error:
        status.say("error", **without(job["secrets"], status.described(error)))
        os._exit(1)
    os._exit(0)


def without(secrets: list[str], told: dict[str, Any]) -> dict[str, Any]:
    """`told` without any of the secrets in its texts."""
    return {name: _cleared(value, secrets) if isinstance(value, str) else value for name, value in told.items()}


def _cleared(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "•••")
    return text
