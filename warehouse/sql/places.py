"""Where something in the translated text stands in the text that the user wrote."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"'(?:[^']|'')*' | \"(?:[^\"]|\"\")*\" | `[^`]*` | \w+ | --[^\n]* | /\*.*?\*/", re.VERBOSE | re.DOTALL
)


def place_in(original: str, translated: str, line: int, column: int) -> tuple[int | None, int | None]:
    """Line and column (from 1) in `original` of the name or constant at a place of `translated`.

    Found by counting: the k-th of its kind in both texts where they have equally many, or the only one there is in
    `original`. (None, None) where neither helps.
    """
    tokens = _tokens(translated)
    at = _offset(translated, line, column)
    here = next((word for start, end, word in tokens if at is not None and start <= at < end), None)
    if here is None:
        return None, None
    alike = [start for start, _, word in tokens if word == here]
    there = [start for start, _, word in _tokens(original) if word == here]
    if len(there) == len(alike):
        index = max(k for k, start in enumerate(alike) if at is not None and start <= at)
        return _place(original, there[index])
    return _place(original, there[0]) if len(there) == 1 else (None, None)


def _tokens(text: str) -> list[tuple[int, int, str]]:
    """Start, end and the plain word of every name and constant; comments are none."""
    found = ((match.start(), match.end(), match[0]) for match in _TOKEN.finditer(text))
    return [(start, end, _plain(word)) for start, end, word in found if not word.startswith(("--", "/*"))]


def _plain(token: str) -> str:
    """Without quotes and case, which the translation may change."""
    return token[1:-1].lower() if token[0] in "\"`'" else token.lower()


def _offset(text: str, line: int, column: int) -> int | None:
    lines = text.split("\n")
    if not 1 <= line <= len(lines) or column < 1:
        return None
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset].split("\n")
    return len(before), len(before[-1]) + 1
