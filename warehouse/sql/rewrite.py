"""Goes through a parsed query from the inside out and puts DuckDB's words for each piece.

What is not named here is refused: a construct that sqlglot reads but we have not looked at might mean something else.
"""

from __future__ import annotations

import re

from sqlglot import exp

from warehouse.sql import (
    hive_functions,
    naming,
    operators,
    refused,
    sessionize,
    sharing,
    td_time,
    trino_functions,
    trino_times,
)
from warehouse.sql.calls import Call, Translation
from warehouse.sql.hive import HIVE_REWRITES, prepared
from warehouse.sql.refused import Refused, refuse
from warehouse.sql.zoned import mark, shared, zone_of

_TRINO: dict[str, Translation] = {
    **trino_functions.FUNCTIONS,
    **trino_times.FUNCTIONS,
    **td_time.FUNCTIONS,
}
FUNCTIONS: dict[str, dict[str, Translation]] = {
    "trino": _TRINO,
    "hive": {**hive_functions.FUNCTIONS, **td_time.FUNCTIONS},
}

_READY = (
    # queries
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Offset, exp.With,
    exp.CTE, exp.TableAlias, exp.Table, exp.Subquery, exp.Union, exp.Intersect, exp.Except, exp.Values, exp.Tuple,
    exp.GroupingSets, exp.Rollup, exp.Cube, exp.Distinct, exp.Unnest, exp.TableSample, exp.LimitOptions, exp.Hint,
    # values
    exp.Identifier, exp.Column, exp.Star, exp.Alias, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Dot, exp.Var,
    exp.DataType, exp.DataTypeParam, exp.ColumnDef, exp.Array, exp.Lambda, exp.HexString, exp.Interval, exp.Neg,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.Escape, exp.Exists, exp.Any, exp.All, exp.Mul, exp.DPipe,
    # windows and aggregates
    exp.Window, exp.WindowSpec, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup,
    exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.CurrentDate, exp.CurrentTimestamp,
)  # fmt: skip
_CLAUSES = ("with_", "from_", "joins", "laterals")


def rewritten(query: exp.Query, dialect: str, scheduled_time: int) -> exp.Query:
    """The query in DuckDB's words. Raises Refused."""
    naming.check(query)
    for select in query.find_all(exp.Select):
        select.set("hint", None)
    query = prepared(query) if dialect == "hive" else query
    root = exp.Subquery(this=query)  # so that the query itself can be replaced like any other node
    for node in _inside_out(query):
        _rewrite(node, dialect, scheduled_time)
    sharing.shared(root)
    naming.name_columns(root.this, "_c" if dialect == "hive" else "_col")
    done = root.this
    assert isinstance(done, exp.Query)
    done.pop()
    return done


def _inside_out(query: exp.Query) -> list[exp.Expr]:
    """Every node after those inside it, and after the tables that it reads from."""
    ordered, waiting = [], [query]
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        clauses = [key for key in _CLAUSES if key in node.args]
        for key in [*clauses, *(key for key in node.args if key not in clauses)]:
            value = node.args[key]
            waiting.extend(child for child in (value if isinstance(value, list) else [value]) if _is_node(child))
    # What is taken last is pushed first: clauses come last here and so first once turned round.
    return list(reversed(ordered))


def _is_node(value: object) -> bool:
    return isinstance(value, exp.Expr)


def _rewrite(node: exp.Expr, dialect: str, scheduled_time: int) -> None:
    if isinstance(node, exp.Anonymous):
        new = _function(node, dialect, scheduled_time)
    else:
        special = (HIVE_REWRITES.get(type(node)) if dialect == "hive" else None) or operators.REWRITES.get(type(node))
        if special is not None:
            new = special(node)
        elif isinstance(node, exp.Select):
            new = _select(node, scheduled_time)
        elif type(node) in _READY:
            new = node
        else:
            refuse(f"{_readable(node)} cannot be used here.", node)
    if new is not node:
        if node.meta.get("zone") is None and node.comments:
            new.comments = node.comments
        node.replace(new)


def _readable(node: exp.Expr) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(node).__name__).upper()


def _function(node: exp.Anonymous, dialect: str, scheduled_time: int) -> exp.Expr:
    name, table = node.name, FUNCTIONS[dialect]
    low = name.lower()
    if sessionize.is_one(node):
        return node
    translation = table.get(low)
    if translation is None:
        refuse(refused.reason(name) or refused.unknown(name, table), node)
    keeps = _keeps_zone(node, low)
    zone = shared(_timed(node, low), f"{name}()") if keeps else None
    try:
        new = translation(Call(name, _arguments(node), node, scheduled_time))
    except Refused as error:
        raise Refused(error.message, error.node or node) from None
    return mark(new, zone) if zone else new


def _arguments(node: exp.Anonymous) -> list[exp.Expr]:
    return [one for one in node.expressions if isinstance(one, exp.Expr)]


def _timed(node: exp.Anonymous, low: str) -> list[exp.Expr]:
    """The arguments whose zone the answer has."""
    return node.expressions[:1] if low.endswith("_by") or low.startswith("td_") else node.expressions


def _keeps_zone(node: exp.Anonymous, low: str) -> bool:
    """Whether the function hands on its arguments' zone; refused where a zone would be lost."""
    if low in trino_functions.KEEP_ZONE:
        return True
    if low not in trino_times.FUNCTIONS and low not in trino_functions.NEED_NO_ZONE:
        for argument in node.expressions:
            if zone_of(argument):
                refuse(
                    f"{node.name}() would lose the zone of this time. Write it with date_format(…) or CAST(… AS date).",
                    node,
                )
    return False


def _select(node: exp.Select, scheduled_time: int) -> exp.Expr:
    for key, what in (("qualify", "QUALIFY"), ("kind", "SELECT AS"), ("into", "INTO"), ("locks", "FOR UPDATE")):
        if node.args.get(key):
            refuse(f"{what} cannot be used here.", node)
    return sessionize.nested(node, scheduled_time)
