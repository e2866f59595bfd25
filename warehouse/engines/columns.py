"""Column names and types of files that are loaded: what a header becomes, and which text fits which type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from warehouse.engines.base import Column, LoadFailed
from warehouse.engines.querytext import quoted

TYPES = ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE", "VARCHAR[]")
"""What a column of a text file can become. Parquet keeps whatever it holds."""

_EXPECTED = {
    "BIGINT": "a whole number",
    "INTEGER": "a whole number of 32 bits",
    "FLOAT": "a number",
    "DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "TIMESTAMP": "a time such as 2025-01-31 09:30:00",
    "DATE": "a date such as 2025-01-31",
    "VARCHAR[]": 'a JSON list such as ["a", "b"]',
}

_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
# What a text must look like to become a type, when someone has chosen it; DuckDB alone would round 1.7 to 2.
_FITS = {
    "BIGINT": r"[+-]?\d+(\.0*)?",
    "INTEGER": r"[+-]?\d+(\.0*)?",
    "DOUBLE": _NUMBER,
    "BOOLEAN": r"(?i)true|false|t|f|1|0",
    "TIMESTAMP": rf"{_DAY}({_TIME})?",
    "DATE": _DAY,
}
# What is offered unasked: nothing that would not come out of the number again as it went in.
_SUGGESTS = {
    "BIGINT": r"-?(0|[1-9]\d{0,17})",
    "DOUBLE": r"-?(0|[1-9]\d{0,17})(\.\d+)?([eE][+-]?\d+)?",
    "BOOLEAN": r"(?i)true|false",
    "DATE": _DAY,
    "TIMESTAMP": rf"{_DAY}{_TIME}",
    "VARCHAR[]": r"(?s)\[.*\]",
}
_IDENTIFIERS = re.compile(r"phone|zip|postal|code|(?<![a-z])(tel|id|uid|uuid|key)(?![a-z])")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def misfit(place: str, column: Column, value: str, *, line: int) -> LoadFailed:
    """The error for a value that does not fit its column's type. `place` is how the message begins."""
    shown = value if len(value) <= 40 else value[:40] + "…"
    expected = _EXPECTED.get(column.type, "a value of this type")
    if column == Column("time", "BIGINT"):
        expected = f"Unix seconds or {_EXPECTED['TIMESTAMP']}"
    message = f'{place}, column "{column.name}": "{shown}" is not {expected} ({column.type}).'
    return LoadFailed(message, line=line, column=column.name)


class Names:
    """Gives each source name a column name: lower-case letters, digits and underscores, and no two alike.

    renames: other names for some of those that would be given. They have to be names that nothing else gets.
    """

    def __init__(self, renames: Mapping[str, str] | None = None) -> None:
        self.given: list[tuple[str, str]] = []
        self._taken: set[str] = set()
        self._renames = renames or {}

    def add(self, source: str) -> str:
        """The column name for the next source name; `given` keeps both."""
        base = clean(source) or f"column_{len(self.given) + 1}"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        name = self._renames.get(name, name)
        self.given.append((source, name))
        return name

    def renamed(self) -> list[tuple[str, str]]:
        """Those (source, name) that differ."""
        return [(source, name) for source, name in self.given if source != name]


def clean(source: str) -> str:
    plain = unicodedata.normalize("NFKC", source).lower()
    plain = re.sub(r"^[^a-z0-9_]+|[^a-z0-9_]+$", "", plain)
    return re.sub(r"[^a-z0-9_]+", "_", plain)


def is_identifier(source: str) -> bool:
    """Whether a column of this name holds identifiers, which stay text even where all are digits."""
    return bool(_IDENTIFIERS.search(_CAMEL.sub("_", source).lower()))


def cast(text: str, kind: str) -> str:
    """SQL for the VARCHAR expression `text` as `kind`; NULL where it does not fit. Times with an offset become UTC."""
    if kind == "VARCHAR":
        return text
    if kind.endswith("[]"):
        return f"TRY_CAST(TRY_CAST({text} AS JSON) AS {kind})"
    if kind not in _FITS:
        return f"TRY_CAST({text} AS {kind})"
    fits = f"WHEN regexp_full_match(trim({text}), '{_FITS[kind]}') THEN TRY_CAST({text} AS {kind})"
    if kind == "TIMESTAMP":
        # Cast alone, DuckDB would drop the offset and be hours off.
        moment = f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        fits = f"WHEN regexp_full_match(trim({text}), '{_DAY}{_TIME}{_OFFSET}') THEN {moment} {fits}"
    return f"CASE {fits} END"


def suggestions(name: str) -> dict[str, str]:
    """By type, in order of preference: SQL that is true where all values of the VARCHAR column `name` suit the type."""
    return {kind: _all_suit(quoted(name), kind, pattern) for kind, pattern in _SUGGESTS.items()}


def _all_suit(column: str, kind: str, pattern: str) -> str:
    suits = f"regexp_full_match({column}, '{pattern}') AND {cast(column, kind)} IS NOT NULL"
    return f"coalesce(bool_and({suits}) FILTER (WHERE {column} IS NOT NULL), false)"
