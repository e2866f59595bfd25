"""Where the `${…}` of a text are, by the rules of digdag. See its digdag.js, extended syntax.

- An expression ends at the brace that closes it; braces in strings count, too. One that nothing closes is text, with
  all that follows it.
- `${word:…}`, such as `${secret:key}`, is text: the operator reads it.
- `$$` in text is a dollar sign. It does not keep an expression from being one: `$${a}` is a dollar sign and `a`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

KEPT = frozenset({"_do", "_else_do", "_check", "_error"})
"""Keys whose values are evaluated later, by themselves. So are subtasks, whose names begin with +."""

_START = re.compile(r"\$\{(?![a-z]+:)(?=[\s\S])")


@dataclass(frozen=True)
class Code:
    """An expression without its `${}`, and the line (from 1) of the text in which it begins."""

    source: str
    line: int


Piece = str | Code
Evaluate = Callable[[list[Piece], Mapping[str, Any], str], str]
"""(pieces of a text, the parameters it sees, where it stands) → the text."""


def split(text: str) -> list[Piece]:
    """The text as its pieces in order; `$$` is replaced in what is text. `${}` is nothing."""
    pieces: list[Piece] = []
    position, line = 0, 1
    while position < len(text):
        start = _START.search(text, position)
        until = start.start() if start else len(text)
        pieces.append(text[position:until].replace("$$", "$"))
        if not start:
            break
        line += text.count("\n", position, until)
        end = _closing(text, start.end())
        if end is None:
            pieces.append(text[until:].replace("$$", "$"))
            break
        if source := text[start.end() : end]:
            pieces.append(Code(source, line))
        line += source.count("\n")
        position = end + 1
    return [piece for piece in pieces if piece != ""]


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for brace in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth < 0:
            return brace.start()
    return None


def evaluate_tree(
    tree: Mapping[str, Any], params: Mapping[str, Any], evaluate: Evaluate, *, keep: Collection[str] = KEPT
) -> dict[str, Any]:
    """`tree` with each text evaluated; what an expression makes is always text.

    A text sees `params`, and over them what stands before it in its own map (a list's elements: before the list),
    already evaluated. The other maps around it are not seen. Values of the keys in `keep` stay as they are.
    """
    return _evaluate_map(tree, "", _Walk(params, evaluate, keep))


@dataclass(frozen=True)
class _Walk:
    params: Mapping[str, Any]
    evaluate: Evaluate
    keep: Collection[str]


def _evaluate_map(tree: Mapping[str, Any], where: str, walk: _Walk) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key, value in tree.items():
        kept = key in walk.keep or key.startswith("+")
        built[key] = value if kept else _evaluate_value(value, built, f"{where}.{key}" if where else key, walk)
    return built


def _evaluate_value(value: Any, built: Mapping[str, Any], where: str, walk: _Walk) -> Any:
    if isinstance(value, Mapping):
        return _evaluate_map(value, where, walk)
    if isinstance(value, list):
        return [_evaluate_value(item, built, f"{where}[{number}]", walk) for number, item in enumerate(value)]
    if isinstance(value, str) and "$" in value:
        return walk.evaluate(split(value), {**walk.params, **built}, where)
    return value
