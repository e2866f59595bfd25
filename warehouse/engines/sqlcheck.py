"""What may be sent to somebody else's server: one SELECT, judged by sqlglot before the server sees it.

A second line of defence: the first is a read-only session of a role that may do little. Where sqlglot and the server
could read a text differently, the text is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, SqlglotError

from warehouse.engines.base import QueryRejected, TableName

_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Copy, exp.Merge, exp.Drop, exp.Alter)
_NOT_ALONE = "Write one SELECT."


@dataclass(frozen=True)
class Parsed:
    """A query that may run. `text`: the user's own, without the semicolon at its end; nothing in it has moved."""

    text: str
    tables: tuple[TableName, ...]
    ordered: bool


def parse(sql: str, *, dialect: str, schema: str, denied: re.Pattern[str] | None = None) -> Parsed:
    """Check the text of one query. Raises QueryRejected.

    dialect: sqlglot's word. schema: where unqualified tables are. denied: names of functions that must not be called.
    """
    sql = _plain_lines(sql)
    tokens = _tokens(sql, dialect)
    _refuse_calls(tokens, denied)
    tree = _one_query(sql, dialect)
    _refuse_writes(tree)
    return Parsed(_without_semicolon(sql, tokens), _tables(tree, schema), _ordered(tree))


def place_of(sql: str, position: int | None) -> tuple[int | None, int | None]:
    """Line and column, both from 1, of the character at `position` (from 0); None where it is outside."""
    if position is None or not 0 <= position <= len(sql):
        return None, None
    before = sql[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _plain_lines(sql: str) -> str:
    """Line ends as \\n: a lone \\r ends a comment for the servers, and might not for sqlglot."""
    if "\0" in sql:
        raise QueryRejected("The query has a NUL character in it. Remove it.")
    return sql.replace("\r\n", "\n").replace("\r", "\n")


def _tokens(sql: str, dialect: str) -> list[Token]:
    try:
        return sqlglot.tokenize(sql, read=dialect)
    except SqlglotError as error:
        raise QueryRejected("A quote or a comment in the query is not closed.", detail=str(error)) from error


def _refuse_calls(tokens: list[Token], denied: re.Pattern[str] | None) -> None:
    for token, following in pairwise(tokens):
        if following.token_type is TokenType.L_PAREN and denied and denied.fullmatch(token.text.lower()):
            raise _at(token, f'The function "{token.text}" cannot be used here: queries only read tables.')
        if following.start == token.end + 1 and following.token_type is TokenType.AMP and token.text in ("U", "u"):
            raise _at(token, "Names and texts with Unicode escapes (U&…) cannot be used here. Write them plainly.")


def _at(token: Token, message: str) -> QueryRejected:
    return QueryRejected(message, line=token.line, column=token.col - (token.end - token.start))


def _one_query(sql: str, dialect: str) -> exp.Query:
    trees = [tree for tree in _trees(sql, dialect) if tree is not None and not isinstance(tree, exp.Semicolon)]
    if not trees:
        raise QueryRejected(f"There is no query. {_NOT_ALONE}")
    if len(trees) > 1:
        raise QueryRejected(f"These are {len(trees)} statements. {_NOT_ALONE}")
    if not isinstance(trees[0], exp.Query):
        raise QueryRejected(f"This is no query but another kind of statement. {_NOT_ALONE}")
    return trees[0]


def _trees(sql: str, dialect: str) -> list[exp.Expr | None]:
    try:
        return list(sqlglot.parse(sql, read=dialect))
    except ParseError as error:
        raise _unreadable(error) from error
    except (SqlglotError, RecursionError) as error:
        raise QueryRejected("The query cannot be read; it may be nested too deeply.", detail=str(error)) from error


def _unreadable(error: ParseError) -> QueryRejected:
    found = error.errors[0] if error.errors else {}
    near = found.get("highlight") or ""
    message = f'The query cannot be read near "{near}".' if near else "The query cannot be read; it may end too early."
    column = found["col"] - len(near) + 1 if found.get("col") else None
    return QueryRejected(message, line=found.get("line"), column=column, detail=str(found.get("description", "")))


def _refuse_writes(tree: exp.Query) -> None:
    if tree.find(exp.Into):
        raise QueryRejected("SELECT … INTO writes a table. Leave INTO out.")
    if tree.find(exp.Lock):
        raise QueryRejected("FOR UPDATE and FOR SHARE lock rows. Leave them out.")
    if any(isinstance(node, _WRITES) and not isinstance(node, exp.Query) for node in tree.walk()):
        raise QueryRejected("The query writes as well as reads. Leave INSERT, UPDATE, DELETE and the like out.")
    if tree.find(exp.Placeholder, exp.Parameter):
        raise QueryRejected("The query has parameters such as $1, ? or :name. Write the values in their place.")


def _tables(tree: exp.Query, schema: str) -> tuple[TableName, ...]:
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return tuple(sorted(set(_named(tree.find_all(exp.Table), own, schema))))


def _named(tables: Iterable[exp.Table], own: set[str], schema: str) -> Iterable[TableName]:
    for table in tables:
        is_function = not isinstance(table.this, exp.Identifier)
        if not is_function and (table.db or table.name.lower() not in own):
            parts = [part for part in (table.catalog, table.db or schema) if part]
            yield ".".join(parts).lower(), table.name.lower()


def _ordered(tree: exp.Query) -> bool:
    """Whether the whole query has an ORDER BY, also inside parentheses around the whole."""
    if tree.args.get("order"):
        return True
    return isinstance(tree, exp.Subquery) and isinstance(tree.this, exp.Query) and _ordered(tree.this)


def _without_semicolon(sql: str, tokens: list[Token]) -> str:
    end = len(sql)
    for token in reversed(tokens):
        if token.token_type is not TokenType.SEMICOLON:
            break
        end = token.start
    return sql[:end]
