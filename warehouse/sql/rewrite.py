"""Goes through a parsed query from the inside out and puts DuckDB's words for each piece."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import refused, td_time
from warehouse.sql.calls import Call, Translation
from warehouse.sql.refused import Refused, refuse

FUNCTIONS: dict[str, dict[str, Translation]] = {"trino": {**td_time.FUNCTIONS}, "hive": {**td_time.FUNCTIONS}}


def rewritten(query: exp.Query, dialect: str, scheduled_time: int) -> exp.Query:
    """The query in DuckDB's words. Raises Refused."""
    for node in _inside_out(query):
        if isinstance(node, exp.Anonymous):
            _put(node, _function(node, dialect, scheduled_time))
    return query


def _inside_out(query: exp.Query) -> list[exp.Expr]:
    return list(reversed(list(query.walk(bfs=False))))


def _put(node: exp.Expr, new: exp.Expr) -> None:
    if new is not node:
        node.replace(new)


def _function(node: exp.Anonymous, dialect: str, scheduled_time: int) -> exp.Expr:
    name, table = node.name, FUNCTIONS[dialect]
    translation = table.get(name.lower())
    if translation is None:
        if not name.lower().startswith("td_"):
            return node
        refuse(refused.reason(name) or refused.unknown(name, table), node)
    try:
        return translation(Call(name, node.expressions, node, scheduled_time))
    except Refused as error:
        raise Refused(error.message, error.node or node) from None
