"""What Hive's grammar has and DuckDB's has not: LATERAL VIEW, SORT BY, subscripts from 0, a double for every /.

https://cwiki.apache.org/confluence/display/Hive/LanguageManual
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.casts import plain_type
from warehouse.sql.refused import ordered_by_chance, refuse

_WHOLE = {
    exp.DType.TINYINT: "TINYINT",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.INT: "INTEGER",
    exp.DType.BIGINT: "BIGINT",
}
_TEXT = (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR)
_KINDS = (
    exp.DType.DOUBLE,
    exp.DType.FLOAT,
    exp.DType.DECIMAL,
    exp.DType.DATE,
    exp.DType.TIMESTAMP,
)


def prepared(query: exp.Query) -> exp.Query:
    """The query with Hive's clauses put as those that both have; before any function is looked at."""
    for select in list(query.find_all(exp.Select)):
        _views_as_joins(select)
        _sorted(select)
    for call in list(query.find_all(exp.Anonymous)):
        if call.name.lower() == "td_sessionize":
            call.replace(_as_window(call))
    return query


def _sorted(select: exp.Select) -> None:
    """SORT BY and CLUSTER BY sort what one worker has; here there is one. DISTRIBUTE BY says only which worker."""
    select.set("distribute", None)
    for key in ("sort", "cluster"):
        clause = select.args.get(key)
        if clause is None:
            continue
        if select.args.get("order"):
            refuse(f"ORDER BY and {key.upper()} BY cannot be used together.", clause)
        select.set(key, None)
        keys = [one if isinstance(one, exp.Ordered) else exp.Ordered(this=one, nulls_first=True) for one in clause]
        select.set("order", exp.Order(expressions=keys))


def _views_as_joins(select: exp.Select) -> None:
    joins = list(select.args.get("joins") or [])
    for view in select.args.get("laterals") or []:
        if not view.args.get("view"):
            refuse("LATERAL cannot be used here without VIEW.", view)
        joins.append(_join(view))
    select.set("laterals", None)
    select.set("joins", joins)


def _join(view: exp.Lateral) -> exp.Join:
    call, alias = view.this, view.args["alias"]
    names = [name.copy() for name in alias.columns]
    columns = _columns(call, names)
    inner = exp.Lateral(
        this=exp.Subquery(this=exp.Select(expressions=columns)),
        alias=exp.TableAlias(this=alias.this.copy(), columns=names),
    )
    if view.args.get("outer"):
        return exp.Join(this=inner, side="LEFT", on=exp.true())
    return exp.Join(this=inner, kind="CROSS")


def _columns(call: exp.Expr, names: list[exp.Identifier]) -> list[exp.Expr]:
    """The columns of a function that makes rows."""
    name = call.name.lower() if isinstance(call, exp.Anonymous) else type(call).__name__
    values = list(call.expressions) if isinstance(call, exp.Anonymous) else []
    if name == "json_tuple" and len(names) == len(values) - 1:
        paths = [_tuple_path(key) for key in values[1:]]
        return [nodes.call("get_json_object", values[0].copy(), path) for path in paths]
    if name == "explode" and len(values) == 1:
        return _exploded(values[0], names, call)
    if name == "posexplode" and len(values) == 1 and len(names) == 2:
        return [nodes.call("explode", nodes.call("td_positions", values[0].copy())), nodes.call("explode", values[0])]
    if name == "td_numeric_range" and len(names) == 1:
        return [nodes.call("explode", call.copy())]
    return refuse(
        "LATERAL VIEW knows explode(x), posexplode(x) and json_tuple(x, 'key', …), each with its names.", call
    )


def _exploded(value: exp.Expr, names: list[exp.Identifier], call: exp.Expr) -> list[exp.Expr]:
    if len(names) == 1:
        return [nodes.call("explode", value.copy())]
    if len(names) != 2:
        refuse("explode() of a list gives one column, of a map two. Name them: LATERAL VIEW explode(x) t AS a.", call)
    return [nodes.call("explode", nodes.call(part, value.copy())) for part in ("map_keys", "map_values")]


def _tuple_path(key: exp.Expr) -> exp.Expr:
    name = nodes.constant_text(key)
    if name is None or any(sign in name for sign in "\"[]'"):
        refuse("json_tuple() needs its keys as texts in quotes.", key)
    return nodes.text(f'$["{name}"]')


def _as_window(call: exp.Anonymous) -> exp.Expr:
    """TD_SESSIONIZE(time, timeout, key) goes through sorted rows; the window says the same for any rows."""
    if len(call.expressions) not in (2, 3):
        refuse("TD_SESSIONIZE takes a time, a timeout in seconds and what tells users apart.", call)
    time, timeout, *keys = call.expressions
    order = exp.Order(expressions=[exp.Ordered(this=time.copy(), nulls_first=True)])
    inner = nodes.call("td_sessionize_window", time.copy(), timeout.copy())
    return exp.Window(this=inner, partition_by=[key.copy() for key in keys], order=order, over="OVER")


def _divided(node: exp.Div) -> exp.Expr:
    return nodes.call("td__hive_div", node.this, node.expression)


def _divided_whole(node: exp.IntDiv) -> exp.Expr:
    return nodes.call("td__hive_whole_div", node.this, node.expression)


def _remainder(node: exp.Mod) -> exp.Expr:
    return nodes.call("td__hive_mod", node.this, node.expression)


def _subscript(node: exp.Bracket) -> exp.Expr:
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        refuse("A subscript is one value: x[0] or x['key'].", node)
    if nodes.constant_text(node.expressions[0]) is not None:
        return exp.Bracket(this=exp.Paren(this=node.this), expressions=node.expressions, offset=1)
    return nodes.call("td__hive_at", node.this, node.expressions[0])


def _like(node: exp.Like) -> exp.Expr:
    """Hive's LIKE takes a backslash as the sign before % and _."""
    pattern = nodes.constant_text(node.expression)
    if isinstance(node.parent, exp.Escape) or (pattern is not None and "\\" not in pattern):
        return node
    return exp.Escape(this=exp.Like(this=node.this, expression=node.expression), expression=nodes.text("\\"))


def _matches(node: exp.RegexpLike) -> exp.Expr:
    return nodes.call("regexp_matches", node.this, node.expression)


def _cast(node: exp.Cast) -> exp.Expr:
    """A cast that gives NULL for what does not fit, and cuts off decimals."""
    kind, value = node.to.this, node.this
    if kind in _WHOLE:
        return exp.TryCast(this=nodes.call("td__hive_whole", value), to=exp.DataType.build(_WHOLE[kind]))
    if kind in _TEXT:
        text = as_text(value)
        return nodes.call("left", text, nodes.number(int(node.to.expressions[0].name))) if node.to.expressions else text
    if kind == exp.DType.BINARY:
        return nodes.call("encode", as_text(value))
    if kind not in _KINDS:
        refuse(f"A cast to {node.to.sql('hive')} is not available here.", node)
    return exp.TryCast(this=value, to=plain_type(node.to, "10, 0"))


def as_text(value: exp.Expr) -> exp.Expr:
    """A value as Hive prints it."""
    return value if nodes.constant_text(value) is not None else nodes.call("td__hive_text", value)


def _rolled_up(node: exp.Group) -> exp.Expr:
    """GROUP BY a, b WITH ROLLUP (or CUBE) as GROUP BY ROLLUP (a, b)."""
    for key, kind in (("rollup", exp.Rollup), ("cube", exp.Cube)):
        clauses = node.args.get(key) or []
        if clauses and not clauses[0].expressions:
            node = exp.Group(expressions=[kind(expressions=node.expressions)])
    return node


def _now(node: exp.CurrentTimestamp) -> exp.Expr:
    return nodes.cast(nodes.call("now"), "TIMESTAMP")


def _same(node: exp.Expr) -> exp.Expr:
    return node


def _window(node: exp.Window) -> exp.Expr:
    ordered_by_chance(node)
    return node


HIVE_REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Div: _divided,
    exp.IntDiv: _divided_whole,
    exp.Mod: _remainder,
    exp.Bracket: _subscript,
    exp.Like: _like,
    exp.RegexpLike: _matches,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.CurrentTimestamp: _now,
    exp.Group: _rolled_up,
    exp.Lateral: _same,
    exp.Window: _window,
    exp.Filter: _same,
    exp.BitwiseAnd: _same,
    exp.BitwiseOr: _same,
    exp.BitwiseXor: lambda node: nodes.call("xor", node.this, node.expression),
    exp.BitwiseNot: _same,
}
