"""Trino's functions that take a function."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.calls import Call, Translation
from warehouse.sql.refused import refuse


def _lambda(call: Call, index: int, variables: int) -> exp.Lambda:
    """The lambda at `index`, which must have so many variables."""
    given = call.arguments[index]
    if not isinstance(given, exp.Lambda) or len(given.expressions) != variables:
        names = ", ".join("xyz"[:variables])
        refuse(f"{call.name}() needs a function such as ({names}) -> … in place {index + 1}.", call.node)
    return given


def _applied(function: exp.Lambda, *values: exp.Expr) -> exp.Expr:
    """The lambda's body with values put for its variables."""
    names = dict(zip((variable.name.lower() for variable in function.expressions), values, strict=True))
    body = exp.Paren(this=function.this.copy())
    for node in list(body.find_all(exp.Identifier)):
        if isinstance(node.parent, exp.Column) and (node.parent.args.get("table") or node.arg_key != "this"):
            continue
        if node.name.lower() in names and not _hidden(node, body):
            target = node.parent if isinstance(node.parent, exp.Column) else node
            target.replace(names[node.name.lower()].copy())
    return body


def _hidden(name: exp.Identifier, body: exp.Expr) -> bool:
    """Whether an inner lambda has a variable of that name, or it is a field's."""
    if isinstance(name.parent, exp.Dot) and name.arg_key == "expression":
        return True
    parent = name.parent
    while parent is not None and parent is not body:
        if isinstance(parent, exp.Lambda) and any(one.name.lower() == name.name.lower() for one in parent.expressions):
            return True
        parent = parent.parent
    return False


def _over(items: exp.Expr, variable: str, body: exp.Expr) -> exp.Expr:
    return nodes.call("list_transform", items, exp.Lambda(this=body, expressions=[exp.to_identifier(variable)]))


def _at(items: exp.Expr, index: exp.Expr) -> exp.Expr:
    return exp.Bracket(this=exp.Paren(this=items), expressions=[index], offset=1)


def _fresh(call: Call) -> str:
    """A variable that no lambda inside this call has."""
    return f"td__v{len(list(call.node.find_all(exp.Lambda)))}"


def _list(name: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        return nodes.call(name, call.arguments[0], _lambda(call, 1, 1))

    return translated


def _match(macro: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        return nodes.call(macro, nodes.call("list_transform", call.arguments[0], _lambda(call, 1, 1)))

    return translated


def _reduce(call: Call) -> exp.Expr:
    """The last function turns the state into the answer; here it is put around the sum as a list of one."""
    call.expect(4)
    step, finish = _lambda(call, 2, 2), _lambda(call, 3, 1)
    state = nodes.call("list_reduce", call.arguments[0], step, call.arguments[1])
    if isinstance(finish.this, exp.Identifier) and finish.this.name == finish.expressions[0].name:
        return state
    return _at(nodes.call("list_transform", exp.Array(expressions=[state]), finish), nodes.number(1))


def _zip_with(call: Call) -> exp.Expr:
    """By the number of each place, so that the shorter list gives NULLs."""
    call.expect(3)
    left, right = call.arguments[:2]
    variable = _fresh(call)
    index = exp.to_identifier(variable)
    body = _applied(_lambda(call, 2, 2), _at(left, index.copy()), _at(right, index.copy()))
    return _over(nodes.call("td__places", left.copy(), right.copy()), variable, body)


def _entry_wise(call: Call) -> tuple[str, exp.Expr, exp.Expr]:
    """The variable for a map's entry, the entries, and the function's body in terms of that variable."""
    call.expect(2)
    variable = _fresh(call)
    key, value = (exp.Dot(this=exp.to_identifier(variable), expression=exp.to_identifier(n)) for n in ("key", "value"))
    return variable, nodes.call("map_entries", call.arguments[0].copy()), _applied(_lambda(call, 1, 2), key, value)


def _transform_values(call: Call) -> exp.Expr:
    variable, entries, body = _entry_wise(call)
    return nodes.call("map", nodes.call("map_keys", call.arguments[0]), _over(entries, variable, body))


def _transform_keys(call: Call) -> exp.Expr:
    variable, entries, body = _entry_wise(call)
    return nodes.call("map", _over(entries, variable, body), nodes.call("map_values", call.arguments[0]))


def _map_filter(call: Call) -> exp.Expr:
    variable, entries, body = _entry_wise(call)
    kept = exp.Lambda(this=body, expressions=[exp.to_identifier(variable)])
    return nodes.call("map_from_entries", nodes.call("list_filter", entries, kept))


BY_LAMBDA: dict[str, Translation] = {
    "filter": _list("list_filter"),
    "transform": _list("list_transform"),
    "any_match": _match("td__any"),
    "all_match": _match("td__all"),
    "none_match": _match("td__none"),
    "reduce": _reduce,
    "zip_with": _zip_with,
    "transform_values": _transform_values,
    "transform_keys": _transform_keys,
    "map_filter": _map_filter,
}
