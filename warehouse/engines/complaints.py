"""DuckDB's errors in words for users: what is wrong and where in their own text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from warehouse.engines.base import QueryRejected

_SHAPE = re.compile(r"(?:^|: )([A-Z][A-Za-z -]*?) Error: (.*)", re.DOTALL)
_USERS = frozenset(
    [
        "Parser",
        "Syntax",
        "Binder",
        "Catalog",
        "Conversion",
        "Constraint",
        "Parameter",
        "Expression",
        "Sequence",
        "Settings",
        "Decimal",
    ]
) | {
    "Invalid Input",
    "Invalid Type",
    "Mismatch Type",
    "Out of Range",
    "Not implemented",
    "Divide by Zero",
    "Unknown Type",
    "Parameter Not Allowed",
    "Parameter Not Resolved",
    "Unresolved Parameter",
}


# What the macros of warehouse.sql have to say they say by a cast that fails: TRY() cannot hold error().
_OUR_WORDS = re.compile(
    r"Could not convert string '((Division by zero|no whole number: |no ISO 8601 time: |nothing at subscript |"
    r"TD_TIME_ADD\(\): |Cannot cast |bitwise_right_shift\(\) ).*?)' to [A-Z]+\w*.*",
    re.DOTALL,
)


_PATTERN = re.compile(r"(?:invalid perl operator|invalid escape sequence): (.+)")


@dataclass(frozen=True)
class Complaint:
    """kind: DuckDB's word for the error; message: clean text; line and column: both from 1, where DuckDB knows them."""

    kind: str
    message: str
    line: int | None
    column: int | None

    @property
    def user_error(self) -> bool:
        """Whether the query or its data are at fault, and not the engine or the machine."""
        return self.kind in _USERS

    def as_rejection(self) -> QueryRejected:
        return QueryRejected(self.message, line=self.line, column=self.column)


def complaint_of(error: BaseException, sql: str, *, before: int = 0) -> Complaint:
    """Read a DuckDB error (`errors_as_json` on or off), also one that came through pyarrow.

    before: how many bytes stood before `sql` in the text that DuckDB was given.
    """
    found = _SHAPE.search(str(error))
    if not found:
        return Complaint("", _clean(str(error)), None, None)
    kind, rest = found.groups()
    message, position = _message_and_position(rest)
    line, column = place_of(sql, None if position is None else position - before)
    return Complaint(kind, _clean(message), line, column)


def place_of(sql: str, position: int | None) -> tuple[int | None, int | None]:
    """Line and column (in characters, from 1) of a byte position in the UTF-8 of `sql`; None where it is outside."""
    raw = sql.encode()
    if position is None or not 0 <= position <= len(raw):
        return None, None
    lines = raw[:position].decode(errors="replace").split("\n")
    return len(lines), len(lines[-1]) + 1


def _message_and_position(text: str) -> tuple[str, int | None]:
    if not text.startswith("{"):
        return text, None
    try:
        fields, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return text, None
    position = fields.get("position", "")
    return fields.get("exception_message", text), int(position) if position.isdigit() else None


def _clean(message: str) -> str:
    """Without the excerpt of the query and without advice about settings, which nobody can change here."""
    text = message.split("\n\n")[0].split("\nLINE ")[0]
    if told := _OUR_WORDS.fullmatch(text):
        return told[1]
    if told := _PATTERN.fullmatch(text):
        return f"A regular expression in the query has {told[1]}, which is not available here."
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 5:
        lines = [*lines[:5], "…"]
    return "\n".join(lines)
