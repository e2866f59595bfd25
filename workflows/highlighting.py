"""The text of a .dig file as lines of marked parts. Knows no Django, and no YAML but what the eye looks for."""

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 4000  # lines that are shown
LONGEST_LINE = 1000  # characters that are looked through; nobody writes longer ones to be read

PART = re.compile(
    r"""(?P<comment>(?:^|(?<=\s))\#.*$)
    | (?P<key>^\s*(?:-\s+)*(?:"[^"]*"|'[^']*'|[^\s\#'"{\[&*!|>%@`-][^:\#]*|[+_!][^:\#]*)(?=\s*:(?:\s|$)))
    | (?P<computed>\$\{[^}]*\})
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')
    | (?P<number>(?<![\w.:/-])-?\d+(?:\.\d+)?(?![\w.:/-])|\b(?:true|false|null)\b)""",
    re.VERBOSE,
)


class Part(NamedTuple):
    """`kind`: key, string, number, comment, computed, or "" for plain text."""

    kind: str
    text: str


def lines(text: str) -> list[list[Part]]:
    """Each line's parts; joined they are the line."""
    shown = text.splitlines()[:LONGEST]
    return [list(_parts(line)) if len(line) <= LONGEST_LINE else [Part("", line)] for line in shown]


def _parts(line: str) -> Iterator[Part]:
    at = 0
    for found in PART.finditer(line):
        if found.start() > at:
            yield Part("", line[at : found.start()])
        yield Part(found.lastgroup or "", found[0])
        at = found.end()
    if at < len(line):
        yield Part("", line[at:])
