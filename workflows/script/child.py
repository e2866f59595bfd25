"""The child program: evaluates one job's expressions behind the fence. Started by `expressions`, in no server.

One line of JSON on stdin is the job. On stdout come lines of JSON: `at` before each expression, so that whoever reads
knows which one ended the process, and at last `done` with the result or `error` with a reason.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import quickjs

from warehouse.engines import fence
from workflows.script.template import Code, Piece, evaluate_tree

# Each text has an engine of its own, as in digdag: what its expressions change is gone with it. moment is read in only
# where it is asked for. What the evaluator itself needs is fetched before a user's code can put something else there.
_PRELUDE = """
(function (parameters, library, longest) {
  "use strict";
  var read = JSON.parse, write = JSON.stringify, make = Function, apply = Reflect.apply, global = globalThis;
  var define = Object.defineProperty, evaluate = eval, scope = read(parameters);
  function setMoment(value) {
    define(global, "moment", {value: value, writable: true, configurable: true, enumerable: true});
  }
  define(global, "moment", {
    configurable: true,
    set: setMoment,
    get: function () { setMoment(undefined); evaluate(library); return global.moment; }
  });
  return function (code) {
    var value = apply(make("with (this) { return (" + code + "\\n); }"), scope, []);
    if (value === null || value === undefined) return '""';
    var text = typeof value === "string" ? value : write(value);
    if (text === undefined) return "0";
    return text.length > longest ? "1" : write(text);
  };
})
"""
_WORTHLESS, _TOO_LONG = 0, 1


class _Failed(Exception):
    """`args` are the reason and the place: what the expression is, and where it stands."""


class _Engine:
    def __init__(self, job: Mapping[str, Any], library: str) -> None:
        self._limits: Mapping[str, Any] = job["limits"]
        self._library = library
        self._left: int = self._limits["result"]

    def __call__(self, pieces: list[Piece], scope: Mapping[str, Any], where: str) -> str:
        if not any(isinstance(piece, Code) for piece in pieces):
            return "".join(map(str, pieces))
        context = quickjs.Context()
        context.set_memory_limit(self._limits["memory_mb"] * fence.MIB)
        context.set_max_stack_size(self._limits["stack_kb"] * 1024)
        evaluate = context.eval(_PRELUDE)(json.dumps(scope), self._library, self._limits["value"])
        texts = [self._text(piece, evaluate, context, where) for piece in pieces]
        return "".join(texts)

    def _text(self, piece: Piece, evaluate: Any, context: quickjs.Context, where: str) -> str:
        if isinstance(piece, str):
            return piece
        place = {"where": where, "line": piece.line, "code": piece.source[:200]}
        _say(at=place)
        context.set_time_limit(self._limits["seconds"])
        try:
            text = json.loads(evaluate(piece.source))
        except quickjs.JSException as error:
            raise _Failed(str(error).partition("\n")[0], place) from None
        if text in (_WORTHLESS, _TOO_LONG):
            raise _Failed("worthless" if text == _WORTHLESS else "long", place)
        self._left -= len(text)
        if self._left < 0:
            raise _Failed("long", place)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Failed("surrogate", place) from None
        return str(text)


def main() -> None:
    """Do the job and end the process: 0 after `done` or `error`."""
    job = json.loads(sys.stdin.buffer.readline())
    library = Path(job["moment"]).read_text()
    os.environ["TZ"] = f":{job['zone']}"
    time.tzset()
    limits = job["limits"]
    fence.shut(parent=job["parent"], memory_mb=limits["process_mb"], cpu_seconds=limits["cpu_seconds"])
    try:
        result = evaluate_tree(job["tree"], job["params"], _Engine(job, library), keep=job["keep"])
    except _Failed as error:
        reason, place = error.args
        _say(error={**place, "reason": reason})
    except MemoryError:
        _say(error={"reason": "memory"})
    else:
        _say(done=result)
    os._exit(0)


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
