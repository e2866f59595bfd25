"""Keeps macros within macros small. A macro's text has its arguments several times, and so has a macro around it: a few
divisions one within the other would become thousands. Beyond a limit an argument is named once, by a lambda over a list
of one, and only its name is repeated.
"""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.naming import RESERVED

_LARGEST = 1500
# About how often a macro's text has each argument, with the macros that it calls.
_TIMES = {
    "td__div": 9,
    "td__try_div": 12,
    "td__at": 10,
    "td__hive_at": 6,
    "td__varchar": 14,
    "td__hive_text": 12,
    "td__whole": 7,
    "td__hive_whole": 8,
    "td__epoch": 20,
    "td__hive_unix": 6,
    "td__moment": 5,
    "td__offset": 6,
    "td__array_join": 2,
}
_OTHERWISE = 4


def shared(query: exp.Expr) -> None:
    """Name what would be repeated too often, in place."""
    sizes: dict[int, int] = {}
    for node in reversed(list(query.walk(bfs=False))):
        size = _size(node, sizes)
        while size > _LARGEST and (heavy := _heaviest(node, sizes)) is not None:
            node = _named(node, heavy, sizes)
            size = _size(node, sizes)
        sizes[id(node)] = size


def _size(node: exp.Expr, sizes: dict[int, int]) -> int:
    return 1 + _factor(node) * sum(sizes.get(id(child), 1) for child in node.iter_expressions())


def _factor(node: exp.Expr) -> int:
    if not isinstance(node, exp.Anonymous) or not node.name.startswith(RESERVED):
        return 1
    return _TIMES.get(node.name, _OTHERWISE)


def _heaviest(node: exp.Expr, sizes: dict[int, int]) -> exp.Expr | None:
    """The argument that makes a macro's call large, unless that is one of many small ones."""
    if _factor(node) == 1:
        return None
    heaviest = max(node.expressions, key=lambda one: sizes.get(id(one), 1), default=None)
    return heaviest if heaviest is not None and sizes.get(id(heaviest), 1) > 20 else None


def _named(node: exp.Expr, argument: exp.Expr, sizes: dict[int, int]) -> exp.Expr:
    """list_transform([argument], lambda name: call(name))[1]"""
    depth = sum(1 for one in argument.find_all(exp.Lambda)) + sum(1 for one in node.find_all(exp.Lambda))
    name = f"{RESERVED}x{depth}"
    call = node.copy()
    for index, one in enumerate(node.expressions):
        sizes[id(call.expressions[index])] = sizes.get(id(one), 1)
        if one is argument:
            call.expressions[index].replace(exp.to_identifier(name))
    items = exp.Array(expressions=[argument.copy()])
    function = exp.Lambda(this=call, expressions=[exp.to_identifier(name)])
    named = exp.Bracket(this=exp.Paren(this=nodes.call("list_transform", items, function)), offset=1)
    named.set("expressions", [nodes.number(1)])
    sizes[id(items)] = sizes.get(id(argument), 1)
    sizes[id(call)] = _size(call, sizes)
    sizes[id(function)] = sizes[id(call)]
    node.replace(named)
    sizes[id(named.this)] = sizes[id(items)] + sizes[id(call)]
    return named
