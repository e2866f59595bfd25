"""Names: all in lower case as Treasure Data has them, and columns without one are numbered as it does."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql.refused import refuse

RESERVED = "td__"


def check(query: exp.Query) -> None:
    """Put every name in lower case; those that our own macros and columns begin with are refused."""
    for name in query.find_all(exp.Identifier):
        if name.name.lower().startswith(RESERVED):
            refuse(f'A name cannot begin with "{RESERVED}".', name)
        name.set("this", name.name.lower())


def name_columns(query: exp.Expr, prefix: str) -> None:
    """Name the result's columns that have no name: _col0, _col1, … by their places."""
    while isinstance(query, exp.SetOperation | exp.Subquery | exp.Paren):
        query = query.this
    if not isinstance(query, exp.Select):
        return
    named = []
    for place, column in enumerate(query.expressions):
        plain = isinstance(column, exp.Alias | exp.Column | exp.Star | exp.Dot) or column.is_star
        named.append(column if plain else exp.alias_(column, f"{prefix}{place}", copy=False))
    query.set("expressions", named)
