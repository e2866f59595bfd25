"""The sandbox from the command line, with or without Django's `manage.py` around it."""

from __future__ import annotations

import argparse
import json
import os
import signal
from pathlib import Path
from typing import Any, Protocol

from .server import Sandbox

ENDING = {signal.SIGTERM, signal.SIGINT}


class Output(Protocol):
    """A text stream: `sys.stdout`, or what a Django command has for it."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=port, default=8765, help="port to listen on, 0 for a free one (default %(default)s)"
    )
    parser.add_argument(
        "--tag",
        action="append",
        type=tag_and_token,
        dest="tags",
        metavar="TAG=TOKEN",
        help="a LINE tag and its access token; may be given again (default demo-tag=demo-token)",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="append each accepted event to FILE as a line of JSON"
    )
    parser.add_argument(
        "--behave", type=json_value, default=[], metavar="JSON", help='like [{"status": 500, "times": 2}]'
    )


def port(text: str) -> int:
    """A TCP port, 0 for any. Raises ValueError or argparse.ArgumentTypeError."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("must be within 0..65535")
    return number


def tag_and_token(text: str) -> tuple[str, str]:
    """`TAG=TOKEN` in its two parts. Raises argparse.ArgumentTypeError."""
    tag, _, token = text.partition("=")
    if not tag or not token:
        raise argparse.ArgumentTypeError("must be TAG=TOKEN")
    return tag, token


def json_value(text: str) -> Any:
    """A JSON value. Raises ValueError."""
    return json.loads(text)


def serve(options: dict[str, Any], out: Output) -> None:
    """Listen until SIGTERM or SIGINT; says where on `out`. Raises ValueError for rules or OSError for a taken port."""
    # A handler that sets an event can meet the lock of the very wait it interrupts, and a signal that only this thread
    # blocks is taken by a library's thread: so the interpreter writes it into a pipe.
    told, telling = os.pipe()
    os.set_blocking(telling, False)
    signal.set_wakeup_fd(telling)
    for number in ENDING:
        signal.signal(number, lambda *_: None)
    tags = dict(options["tags"] or [("demo-tag", "demo-token")])
    sandbox = Sandbox(tags, host=options["host"], port=options["port"], keep=options["keep"], behave=options["behave"])
    with sandbox:
        out.write(f"LINE sandbox listening on {sandbox.url}\n")
        out.flush()
        os.read(told, 1)
