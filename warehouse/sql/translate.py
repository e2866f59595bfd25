"""Treasure Data's SQL, in Trino's or Hive's words, as one SELECT of DuckDB's."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError

from warehouse.engines.base import QueryRejected
from warehouse.sql import macros
from warehouse.sql.dialects import READ, TARGET
from warehouse.sql.naming import RESERVED
from warehouse.sql.refused import Refused
from warehouse.sql.rewrite import rewritten

DIALECTS = ("trino", "hive")
_DEEPEST = 4000
_INSTEAD_OF_DELETE = " Write the rows that stay: INSERT OVERWRITE TABLE t SELECT * FROM t WHERE …."
_SETTINGS = {"trino": ("SET integer_division = true",), "hive": ()}


@dataclass(frozen=True)
class Translated:
    """sql: one DuckDB SELECT. macros, settings: statements to run before it, each in its order."""

    sql: str
    macros: tuple[str, ...]
    settings: tuple[str, ...]


def translate(sql: str, *, dialect: str, scheduled_time: int) -> Translated:
    """`sql` as DuckDB runs it. scheduled_time: what TD_SCHEDULED_TIME() means, in Unix seconds.

    Raises QueryRejected with the place in `sql` for all that is no SELECT, or cannot be said in DuckDB's words.
    """
    if dialect not in DIALECTS:
        raise ValueError(f"no dialect {dialect!r}")
    try:
        with _room():
            query = rewritten(_parsed(sql, dialect), dialect, scheduled_time)
            text = _written(query)
    except Refused as refused:
        raise _rejection(refused, sql) from None
    except RecursionError:
        raise QueryRejected("The query is nested too deeply.") from None
    except SqlglotError as error:
        raise QueryRejected(f"This cannot be translated: {_plain(str(error))}") from None
    calls = [call.name for call in query.find_all(exp.Anonymous) if call.name.startswith(RESERVED)]
    return Translated(text, macros.needed_by(calls), _SETTINGS[dialect])


@contextmanager
def _room() -> Iterator[None]:
    """Long chains of OR and || are deep trees; Python's usual limit would refuse a few hundred."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _parsed(sql: str, dialect: str) -> exp.Query:
    try:
        statements = [one for one in sqlglot.parse(sql, read=READ[dialect]) if one is not None]
    except ParseError as error:
        raise _syntax(error) from None
    except TokenError:
        raise QueryRejected("The query has a quote or a comment that is never closed.") from None
    statements = [one for one in statements if not isinstance(one, exp.Semicolon)]
    if not statements:
        raise QueryRejected("The query is empty.")
    if len(statements) > 1:
        raise QueryRejected(f"One statement is allowed, this is {len(statements)}.")
    if isinstance(statements[0], exp.Values):
        return exp.select("*").from_(exp.alias_(statements[0], "rows", table=True))
    if not isinstance(statements[0], exp.Query):
        instead = _INSTEAD_OF_DELETE if isinstance(statements[0], exp.Delete) else ""
        raise QueryRejected(f"Only SELECT is allowed, this is {_kind(statements[0])}.{instead}")
    return statements[0]


def _kind(statement: exp.Expr) -> str:
    return str(statement.this).upper() if isinstance(statement, exp.Command) else statement.key.upper()


def _syntax(error: ParseError) -> QueryRejected:
    """sqlglot's error without its excerpt of the text; its column is that of the word's last letter."""
    found = error.errors[0] if error.errors else {}
    word, line, column = found.get("highlight") or "", found.get("line"), found.get("col")
    if not word:
        return QueryRejected("The query ends too early.", line=line, column=column)
    column = None if column is None else max(1, column - len(word) + 1)
    return QueryRejected(f'Syntax error at or near "{word[:40]}".', line=line, column=column)


def _written(query: exp.Query) -> str:
    return query.sql(
        dialect=TARGET,
        pretty=True,
        normalize_functions=False,
        unsupported_level=ErrorLevel.RAISE,
        max_unsupported=1,
        comments=False,
    )


def _plain(message: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", message).splitlines()[0][:200]


def _rejection(refused: Refused, sql: str) -> QueryRejected:
    start = _start(refused.node)
    if start is None or start > len(sql):
        return QueryRejected(refused.message)
    before = sql[:start].split("\n")
    return QueryRejected(refused.message, line=len(before), column=len(before[-1]) + 1)


def _start(node: exp.Expr | None) -> int | None:
    """Where a node begins in the text: its own place, or the first that something in it has."""
    if node is None:
        return None
    starts = [found.meta["start"] for found in node.walk() if found.meta.get("start") is not None]
    return node.meta.get("start", min(starts, default=None))
