"""Small, safe changes to the text of a query. None of them moves a character to another line or column."""

from __future__ import annotations

import re

import duckdb

ORDERING_PREFIX = "SELECT * FROM (\n"
"""What stands before the user's own text in an ordered query."""

_QUOTED_OR_WIDE_SPACE = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?(?:\*/|\Z)
    | (?<![\w$])\$(\w*)\$.*?(?:\$\1\$|\Z)
    | (?P<space>[\u00a0\u2000-\u200a\u202f\u205f\u3000])""",
    re.VERBOSE | re.DOTALL,
)


def plain_spaces(sql: str) -> str:
    """Turn the wide spaces of Japanese keyboards, outside quotes and comments, into plain ones.

    DuckDB does the same, but then counts the positions of its errors in the changed text.
    """
    return _QUOTED_OR_WIDE_SPACE.sub(lambda found: " " if found["space"] else found[0], sql)


def without_semicolon(sql: str) -> str:
    """`sql` without the semicolons at its end and the comments after them."""
    raw = sql.encode()
    end = len(raw)
    for offset, kind in reversed(duckdb.tokenize(sql)):
        if getattr(kind, "name", "") == "comment":
            continue
        if raw[offset : offset + 1] != b";":
            break
        end = offset
    return raw[:end].decode()


def ordered_by(sql: str, column: str) -> str:
    """The rows of `sql` by one of its result columns, NULLs last."""
    return f"{ORDERING_PREFIX}{without_semicolon(sql)}\n) AS unordered ORDER BY {quoted(column)} ASC NULLS LAST"


def quoted(name: str) -> str:
    """An identifier as DuckDB reads it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string constant as DuckDB reads it, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
