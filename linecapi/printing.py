"""What the command prints: aligned tables for people, JSON for programs."""

import itertools
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

BLOCK = 1000  # rows whose widths are taken together
NARROWEST = 12  # characters that the last column of a table keeps
SECRET = re.compile(r"(?i)token|secret|password|passwd|private|credential|(api|access)_?key")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO | None = None) -> None:
    """Aligned columns, a thousand rows at a time; on a terminal the last column is cut at its edge."""
    out, rows = out or sys.stdout, iter(rows)
    block = _block(rows)
    widths = [max(map(width, column)) for column in zip(heads, *block, strict=True)]
    _lines([list(heads), ["-" * size for size in widths]], widths, out)
    while block:
        _lines(block, widths, out)
        block = _block(rows)
        widths = [max(size, *map(width, cells), 0) for size, *cells in zip(widths, *block, strict=True)]


def _block(rows: Iterator[Sequence[Any]]) -> list[list[str]]:
    return [list(map(cell, row)) for row in itertools.islice(rows, BLOCK)]


def _lines(lines: Iterable[list[str]], widths: Sequence[int], out: TextIO) -> None:
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = max(shutil.get_terminal_size().columns - before, NARROWEST) if out.isatty() else None
    for line in lines:
        last = cut(line[-1], room) if room else line[-1]
        parts = [text + " " * (size - width(text)) for text, size in zip(line[:-1], widths, strict=False)]
        print("  ".join([*parts, last]).rstrip(), file=out)


def fields(pairs: Mapping[str, Any]) -> None:
    """One thing: a line for each of its fields, and text of several lines as it is."""
    size = max(map(len, pairs))
    for name, value in pairs.items():
        lines = [cell(line) for line in str(_plain(value)).splitlines()] or [""]
        for head, line in zip([name, *[""] * len(lines)], lines, strict=False):
            print(f"{head:<{size}} {':' if head else ' '} {line}".rstrip())


def as_json(value: Any, out: TextIO | None = None) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=plain), file=out or sys.stdout)


def note(text: str) -> None:
    """What is no result goes to stderr."""
    print(text, file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """What JSON has no form for."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def moment(value: datetime | None) -> str:
    """2026-11-30 14:00:00 UTC; "" for none."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value else ""


def span(seconds: float) -> str:
    """1h 02m 03s, 2m 03s, 3s."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m {rest:02}s"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def cell(value: Any) -> str:
    """On one line, and without what would steer a terminal."""
    text = re.sub(r"\s+", " ", str(_plain(value)))
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return value if isinstance(value, str | int | float) else plain(value)


def width(text: str) -> int:
    """Columns on a terminal: Japanese characters take two."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def cut(text: str, size: int) -> str:
    if width(text) <= size:
        return text
    while text and width(text) >= size:
        text = text[:-1]
    return text + "…"


def target(result: str | None) -> str:
    """An export target in a word: the type that its JSON names, or what it is without its secrets."""
    text = masked(result)
    return str(json.loads(text).get("type", "{…}")) if text.startswith('{"') else text


def masked(result: str | None) -> str:
    """An export target without its secrets, whatever server gave it."""
    text = result or ""
    if text.startswith("{"):
        try:
            target = json.loads(text)
        except ValueError:
            return "{…}"
        return json.dumps({name: "********" if SECRET.search(name) else target[name] for name in target})
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:********@", text)
