"""TD_SESSIONIZE_WINDOW: a UUID for each run of events with no gap as long as the timeout.

It is a sum over a window of a difference over the same window, and a window cannot hold another; so a SELECT that has
it becomes two. The UUID is made from the scheduled time, the partition and the number of the session, and so is the
same wherever the query is read twice in one run.
"""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.refused import refuse


def is_one(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "td_sessionize_window"


def nested(select: exp.Select, scheduled_time: int) -> exp.Expr:
    """The SELECT itself, or the two that it becomes."""
    found = [place for place, column in enumerate(select.expressions) if is_one(_window(column).this)]
    calls = sum(is_one(node) for node in select.find_all(exp.Anonymous))
    if calls > len(found):
        refuse(
            "TD_SESSIONIZE_WINDOW must stand alone in the SELECT list: "
            "TD_SESSIONIZE_WINDOW(time, 1800) OVER (PARTITION BY … ORDER BY time) AS session_id.",
            next(node for node in select.find_all(exp.Anonymous) if is_one(node)),
        )
    if not found:
        return select
    return _two(select, found, scheduled_time)


def _window(column: exp.Expr) -> exp.Window:
    inner = column.this if isinstance(column, exp.Alias) else column
    return inner if isinstance(inner, exp.Window) else exp.Window(this=exp.Null())


def _two(select: exp.Select, found: list[int], run: int) -> exp.Expr:
    """The inner SELECT marks where sessions begin, the outer one counts them."""
    hidden: list[exp.Expr] = []
    replaced: list[exp.Expr] = []
    for number, place in enumerate(found):
        column = select.expressions[place]
        name = column.alias or f"_col{place}"
        window = _window(column)
        keys = [_hide(key, f"td__key_{number}_{index}", hidden) for index, key in enumerate(_keys(window))]
        order = [_hidden_order(one, f"td__order_{number}_{i}", hidden) for i, one in enumerate(_order(window))]
        replaced.append(exp.alias_(_identity(name, (run, number), keys, order), name, quoted=True))
        select.expressions[place] = exp.alias_(_begins(window), name, quoted=True)
        select.expressions[place].parent, select.expressions[place].arg_key = select, "expressions"
    outer = exp.Select()
    for clause in ("order", "limit", "offset", "distinct", "with_"):
        if select.args.get(clause):
            outer.set(clause, select.args[clause].pop())
    _hide_sorting(outer, select, hidden)
    star = exp.Star()
    star.set("except_", [exp.to_identifier(column.alias) for column in hidden])
    star.set("replace", replaced)
    inner = select.copy()
    inner.set("expressions", [*inner.expressions, *hidden])
    outer.set("expressions", [star])
    outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("td__s")))))
    return outer


def _keys(window: exp.Window) -> list[exp.Expr]:
    return list(window.args.get("partition_by") or [])


def _order(window: exp.Window) -> list[exp.Ordered]:
    order = window.args.get("order")
    if order is None or window.args.get("spec"):
        refuse("TD_SESSIONIZE_WINDOW needs OVER (PARTITION BY … ORDER BY time), without ROWS or RANGE.", window.this)
    return list(order.expressions)


def _hide(value: exp.Expr, name: str, hidden: list[exp.Expr]) -> exp.Expr:
    hidden.append(exp.alias_(value.copy(), name))
    return exp.column(name)


def _hidden_order(ordered: exp.Ordered, name: str, hidden: list[exp.Expr]) -> exp.Ordered:
    moved = ordered.copy()
    moved.set("this", _hide(ordered.this, name, hidden))
    return moved


def _hide_sorting(outer: exp.Select, inner: exp.Select, hidden: list[exp.Expr]) -> None:
    """ORDER BY may use what is not selected; the inner SELECT hands it out."""
    order = outer.args.get("order")
    for index, one in enumerate(order.expressions if order else []):
        key = one.this
        chosen = {column.alias_or_name for column in inner.expressions}
        if isinstance(key, exp.Literal) or (isinstance(key, exp.Column) and not key.table and key.name in chosen):
            continue
        one.set("this", _hide(key, f"td__sort_{index}", hidden))


def _begins(window: exp.Window) -> exp.Expr:
    """1 where an event begins a session: it has none before it, or that one is a timeout or more away."""
    call = window.this
    if len(call.expressions) != 2:
        refuse("TD_SESSIONIZE_WINDOW takes a time and a timeout in seconds.", call)
    time, timeout = call.expressions
    before = exp.Window(this=exp.Lag(this=time.copy()), partition_by=[], order=window.args["order"].copy(), over="OVER")
    before.set("partition_by", [key.copy() for key in _keys(window)])
    gap = exp.LT(this=exp.Sub(this=exp.Paren(this=time.copy()), expression=before), expression=timeout.copy())
    return exp.Case().when(gap, nodes.number(0), copy=False).else_(nodes.number(1), copy=False)


def _identity(name: str, use: tuple[int, int], keys: list[exp.Expr], order: list[exp.Ordered]) -> exp.Expr:
    count = exp.Window(this=nodes.call("sum", exp.column(name, quoted=True)), over="OVER")
    count.set("partition_by", [key.copy() for key in keys])
    count.set("order", exp.Order(expressions=order))
    parts = nodes.call("to_json", exp.Array(expressions=[_as_json(key) for key in keys])) if keys else nodes.text("")
    return nodes.call("td__session", nodes.number(use[0]), nodes.number(use[1]), parts, count)


def _as_json(key: exp.Expr) -> exp.Expr:
    return nodes.call("to_json", key.copy())
