"""Patterns of times in the words of Java, Joda and MySQL, as DuckDB's strftime and strptime write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from warehouse.sql.refused import refuse


@dataclass(frozen=True)
class Piece:
    """A part of a pattern: a strftime text, or what DuckDB has no letter for (`zone`: z, Z, X, XX or XXX)."""

    kind: Literal["clock", "zone"]
    text: str


# Letters of Java's SimpleDateFormat (https://docs.oracle.com/javase/8/docs/api/java/text/SimpleDateFormat.html)
# that stand for the same text whatever the locale, by how often they are written.
_JAVA = {
    "y": {1: "%Y", 2: "%y", 3: "%Y", 4: "%Y"},
    "M": {1: "%-m", 2: "%m", 3: "%b", 4: "%B"},
    "d": {1: "%-d", 2: "%d"},
    "H": {1: "%-H", 2: "%H"},
    "h": {1: "%-I", 2: "%I"},
    "m": {1: "%-M", 2: "%M"},
    "s": {1: "%-S", 2: "%S"},
    "S": {3: "%g"},
    "E": {1: "%a", 2: "%a", 3: "%a", 4: "%A"},
    "a": {1: "%p"},
    "D": {1: "%-j", 3: "%j"},
    "u": {1: "%u"},
}
_JAVA_ZONES: dict[str, tuple[str, ...]] = {"z": ("z",), "Z": ("Z",), "X": ("X", "XX", "XXX")}
# Joda's (https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html), where they differ.
_JODA = {
    **{letter: written for letter, written in _JAVA.items() if letter not in "uDa"},
    "Y": {1: "%Y", 2: "%y", 3: "%Y", 4: "%Y"},
    "x": {4: "%G"},
    "w": {2: "%V"},
    "e": {1: "%u"},
    "D": {1: "%-j", 3: "%j"},
    "a": {1: "%p"},
    "S": {3: "%g", 6: "%f"},
}
_JODA_ZONES: dict[str, tuple[str, ...]] = {"Z": ("Z", "ZZ", "ZZZ")}
_INSTEAD = {
    "Y": "YYYY is the year of the week in Java. Write yyyy for the year.",
    "w": "The week's number depends on the country in Java. Write week(from_unixtime(time)) instead.",
}
# MySQL's (https://trino.io/docs/current/functions/datetime.html#mysql-date-functions).
_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
_MYSQL_REFUSED = "DUuVwX"


def java(pattern: str, where: str) -> list[Piece]:
    """A pattern of SimpleDateFormat; letters that would depend on the country are refused."""
    return _letters(pattern, where, _JAVA, _JAVA_ZONES)


def joda(pattern: str, where: str) -> list[Piece]:
    """A pattern of Joda's DateTimeFormat."""
    return _letters(pattern, where, _JODA, _JODA_ZONES)


def _letters(
    pattern: str, where: str, letters: dict[str, dict[int, str]], zones: dict[str, tuple[str, ...]]
) -> list[Piece]:
    pieces: list[Piece] = []
    for found in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'", pattern):
        run, letter = found[0], found[2]
        if letter and run in zones.get(letter, ()):
            pieces.append(Piece("zone", run))
        elif letter:
            pieces.append(Piece("clock", _written(run, where, letters)))
        else:
            pieces.append(Piece("clock", _plain(found)))
    return _merged(pieces)


def _plain(found: re.Match[str]) -> str:
    if found[0] == "'":
        refuse("A time's pattern has a quote that is never closed.")
    quoted = found[1]
    text = found[0] if quoted is None else (quoted.replace("''", "'") or "'")
    return text.replace("%", "%%")


def _written(run: str, where: str, letters: dict[str, dict[int, str]]) -> str:
    written = letters.get(run[0], {}).get(len(run))
    if written is None:
        more = _INSTEAD.get(run[0], "Use y, M, d, H, h, m, s, SSS, E, a and text in single quotes.")
        refuse(f'{where} cannot write "{run}" in a time\'s pattern. {more}')
    return written


def _merged(pieces: list[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].kind == piece.kind == "clock":
            merged[-1] = Piece("clock", merged[-1].text + piece.text)
        else:
            merged.append(piece)
    return merged


def mysql(pattern: str, where: str) -> str:
    """A pattern of MySQL's date_format as strftime's. An unknown letter stands for itself, as in Trino."""

    def letter(found: re.Match[str]) -> str:
        if found[1] in _MYSQL_REFUSED:
            refuse(f'{where}: Trino does not support "%{found[1]}" either.')
        return _MYSQL.get(found[1], found[1])

    return re.sub(r"%(.)", letter, pattern, flags=re.DOTALL)


_CONSTANT = re.compile(r"(?:%[YmdHMS]|[^%]|%%)*")


def written(moment: datetime, pieces: list[Piece]) -> str | None:
    """The text itself for a constant time; None where the pattern has letters that Python writes otherwise."""
    if any(piece.kind != "clock" or not _CONSTANT.fullmatch(piece.text) for piece in pieces):
        return None
    values = {
        "%Y": f"{moment.year:04}",
        "%m": f"{moment.month:02}",
        "%d": f"{moment.day:02}",
        "%H": f"{moment.hour:02}",
        "%M": f"{moment.minute:02}",
        "%S": f"{moment.second:02}",
        "%%": "%",
    }
    return "".join(re.sub(r"%.", lambda found: values[found[0]], piece.text) for piece in pieces)
