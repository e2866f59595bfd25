"""Evaluates the `${…}` of a workflow: JavaScript with moment.js, in a fenced child process, within hard limits.

A call takes about 40 ms, so a task's values are evaluated in one. What has no expressions needs no process.
"""

from __future__ import annotations

import difflib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from workflows.script.template import KEPT, Code, Piece, evaluate_tree
from workflows.script.zones import ZoneError, zone_of

MIB = 1024 * 1024
LIMITS = {
    "seconds": 1,  # of work, an expression
    "cpu_seconds": 2,  # of work, the process
    "memory_mb": 64,  # a text's expressions
    "process_mb": 256,
    "stack_kb": 256,
    "value": MIB,  # characters that an expression makes
    "result": 4 * MIB,  # characters, all of a call
}
LONGEST_INPUT = 4 * MIB
"""Bytes of JSON: the texts and the parameters of a call."""

_WALL_SECONDS = 10
_LONGEST_LINE = 16 * MIB
_HOME = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from workflows.script import child; child.main()"

_REASONS = {
    "InternalError: interrupted": f"was stopped: it took more than {LIMITS['seconds']} second",
    "InternalError: out of memory": f"was stopped: it needs more than {LIMITS['memory_mb']} MB of memory",
    "InternalError: stack overflow": "was stopped: it calls itself, or nests, too deeply",
    "SyntaxError: stack overflow": "was stopped: it is nested too deeply",
    "memory": "was stopped: it makes more than fits into memory",
    "worthless": "is a function, not a value. Call it",
    "long": f"was stopped: it makes more than {LIMITS['value']:,} characters, or all of them {LIMITS['result']:,}",
    "surrogate": "makes half of a character, which is no text",
    "(Failed obtaining QuickJS error string. Concurrency issue?)": "throws something that is no error",
}


class ScriptError(Exception):
    """An expression cannot be evaluated. `where` is the path of its value (`td.database`, `list[0]`), `code` the
    expression, both "" where none is to blame; `line` its line (from 1) in that value. The text may be shown to users.
    """

    def __init__(self, reason: str, *, where: str = "", line: int = 0, code: str = "") -> None:
        place = f"{where}, line {line}: ${{{_short(code)}}} " if line > 1 else f"{where}: ${{{_short(code)}}} "
        super().__init__(f"{place if code else ''}{reason}{'' if reason.endswith('?') else '.'}")
        self.where = where
        self.line = line
        self.code = code


class ScriptUnavailable(Exception):
    """The child process could not be started: a fault of this installation, not of the workflow."""


@dataclass(frozen=True)
class Scripts:
    """Evaluates with the moment.js at `moment`, a file that the set-up builds."""

    moment: Path

    def evaluate(
        self, tree: Mapping[str, Any], params: Mapping[str, Any], *, keep: Collection[str] = KEPT
    ) -> dict[str, Any]:
        """`tree` (JSON) with its expressions evaluated, by `evaluate_tree`; dates are in the zone `params["timezone"]`.

        digdag's way with a task: params are what it sees, tree is its own values merged over them. Raises ScriptError
        and ScriptUnavailable.
        """
        try:
            return evaluate_tree(tree, params, _without_code, keep=keep)
        except _HasCode:
            return _Call(self.moment, tree, params, keep).result()
        except RecursionError:
            raise ScriptError("The values are nested too deeply") from None

    def render(self, text: str, params: Mapping[str, Any], *, name: str) -> str:
        """The text of a template file called `name` with its expressions evaluated. Raises as `evaluate` does."""
        rendered: str = self.evaluate({name: text}, params, keep=())[name]
        return rendered


class _HasCode(Exception):
    pass


def _without_code(pieces: list[Piece], scope: Mapping[str, Any], where: str) -> str:
    if any(isinstance(piece, Code) for piece in pieces):
        raise _HasCode
    return "".join(map(str, pieces))


class _Call:
    """One child process, from its start to its result."""

    def __init__(self, moment: Path, tree: Mapping[str, Any], params: Mapping[str, Any], keep: Collection[str]) -> None:
        if not moment.is_file():
            raise ScriptUnavailable(f"{moment.name} is missing: run make setup.")
        self._names = {*params, *tree}
        job = {"parent": os.getpid(), "moment": str(moment), "zone": str(_zone_file(params)), "limits": LIMITS}
        self._job = _as_json({**job, "tree": tree, "params": params, "keep": sorted(keep)})

    def result(self) -> dict[str, Any]:
        process = self._start()
        timer = threading.Timer(_WALL_SECONDS, process.kill)
        timer.start()
        try:
            last, at = self._converse(process)
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()
        if "done" in last:
            done: dict[str, Any] = last["done"]
            return done
        raise self._failure(last, at, code)

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, str(_HOME)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"MALLOC_ARENA_MAX": "2"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise ScriptUnavailable(f"The JavaScript engine could not be started: {error}.") from error

    def _converse(self, process: subprocess.Popen[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The child's last line, and the place of the expression it was at."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):  # it ended before it had read all
            process.stdin.write(self._job + b"\n")
            process.stdin.flush()
        last: dict[str, Any] = {}
        at: dict[str, Any] = {}
        while (text := process.stdout.readline(_LONGEST_LINE)).endswith(b"\n"):
            last = json.loads(text)
            at = last.get("at", at)
        return last, at

    def _failure(self, last: Mapping[str, Any], at: Mapping[str, Any], code: int) -> ScriptError | ScriptUnavailable:
        error = {**at, **last.get("error", {})}
        reason = error.pop("reason", None)
        if reason is None and not at:
            return ScriptUnavailable(f"The JavaScript engine ended early, with code {code}.")
        return ScriptError(self._told(reason) if reason else _end_of(code), **error)

    def _told(self, reason: str) -> str:
        kind, _, message = reason.partition(": ")
        if reason in _REASONS:
            return _REASONS[reason]
        if kind == "ReferenceError" and message.endswith("' is not defined"):
            name = message.split("'")[1]
            others = [other for other in self._names if other != name and not other.endswith(">")]
            near = difflib.get_close_matches(name, others, n=3)
            hint = f". Did you mean {' or '.join(near)}?" if near else ""
            return f"cannot be evaluated: {name} is not defined{hint}"
        return f"cannot be evaluated: {_short(message or kind, 200)}"


def _end_of(code: int) -> str:
    """What the death of the process says of the expression it was at."""
    if code == -signal.SIGXCPU:
        return f"was stopped: the expressions took more than {LIMITS['cpu_seconds']} seconds"
    if code == -signal.SIGKILL:
        return f"was stopped: it took more than {_WALL_SECONDS} seconds, or the server is short of memory"
    return "was stopped: it needs too much memory, or nests too deeply"


def _zone_file(params: Mapping[str, Any]) -> Path:
    """The file of the time zone; one of tzdata's, for not every machine has its own."""
    name = params.get("timezone", "UTC")
    try:
        path = Path(str(files("tzdata"))) / "zoneinfo" / zone_of(name).key
    except ZoneError as error:
        raise ScriptError(f"timezone: {error}") from None
    if not path.is_file():
        raise ScriptError(f"timezone: {name} is not known to tzdata")
    return path


def _as_json(job: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(job, allow_nan=False).encode()
    except RecursionError:
        raise ScriptError("The values are nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise ScriptError(f"The values are no JSON: {error}") from None
    if len(text) > LONGEST_INPUT:
        raise ScriptError(f"The values and parameters hold more than {LONGEST_INPUT:,} bytes")
    return text


def _short(text: str, longest: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
