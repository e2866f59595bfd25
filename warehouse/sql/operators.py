"""Trino's operators and clauses in DuckDB's words; functions stand elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from warehouse.sql import casts, nodes, trino_functions, trino_times, unnest
from warehouse.sql.calls import Call
from warehouse.sql.refused import ordered_by_chance, refuse
from warehouse.sql.zoned import mark, shared, zone_of


def _divided(node: exp.Div) -> exp.Expr:
    divisor = nodes.constant_whole(node.expression)
    if divisor and _is_whole(node.this):
        return exp.Div(this=node.this, expression=node.expression, typed=True, safe=False)
    return nodes.call("td__div", node.this, node.expression)


def _is_whole(value: exp.Expr) -> bool:
    """Whether a value is a whole number for certain."""
    if isinstance(value, exp.Paren | exp.Window | exp.Filter):
        return _is_whole(value.this)
    counts = ("count", "td__epoch", "length", "row_number", "td__trunc_day", "td__trunc_clock", "date_sub")
    if isinstance(value, exp.Anonymous):
        return value.name in counts
    return nodes.constant_whole(value) is not None


def _remainder(node: exp.Mod) -> exp.Expr:
    if nodes.constant_whole(node.expression):
        return node
    return nodes.call("td__mod", node.this, node.expression)


def _sum(node: exp.Add | exp.Sub) -> exp.Expr:
    """Times moved by an interval keep their type; numbers are added as they are."""
    left, right = node.this, node.expression
    if isinstance(left, exp.Interval) and isinstance(node, exp.Add) and not isinstance(right, exp.Interval):
        left, right = right, left
    if not isinstance(right, exp.Interval) or isinstance(left, exp.Interval):
        for side in (left, right):
            if zone_of(side) and zone_of(left) != zone_of(right):
                refuse("Only an interval can be added to a time with a zone.", node)
        return node
    unit = str(right.args["unit"]).lower() if right.args.get("unit") else ""
    by_the_clock = unit in ("day", "week", "month", "quarter", "year")
    return exp.Paren(this=trino_times.plus(left, right, by_the_clock=by_the_clock, sign=type(node)))


def _interval(node: exp.Interval) -> exp.Expr:
    unit = node.args.get("unit")
    if not isinstance(unit, exp.Var) or unit.name.lower() not in (
        "second", "minute", "hour", "day", "week", "month", "quarter", "year",
    ):  # fmt: skip
        refuse("Write an interval with one unit, such as INTERVAL '1' DAY.", node)
    value = node.this
    sign = value.this if isinstance(value, exp.Neg) else value
    written = nodes.constant_text(sign) or (sign.name if isinstance(sign, exp.Literal) else None)
    if written is None or not written.strip().lstrip("+-").replace(".", "", 1).isdigit():
        refuse("Write an interval with one number, such as INTERVAL '1' DAY.", node)
    negative = isinstance(value, exp.Neg) != written.strip().startswith("-")
    number = ("-" if negative else "") + written.strip().lstrip("+-")
    return exp.Interval(this=nodes.text(number), unit=exp.var(unit.name.upper()))


def _span(node: exp.IntervalSpan) -> exp.Expr:
    return refuse("Write an interval with one unit, such as INTERVAL '1' DAY.", node.parent)


def _subscript(node: exp.Bracket) -> exp.Expr:
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        refuse("A subscript is one value: x[1] or x['key'].", node)
    return nodes.call("td__at", node.this, node.expressions[0])


def _at_time_zone(node: exp.AtTimeZone) -> exp.Expr:
    zone = nodes.constant_text(node.args["zone"])
    if zone is None:
        refuse("AT TIME ZONE needs a zone in quotes, such as 'Asia/Tokyo'.", node)
    return trino_times.at_zone(node.this, zone)


def _extract(node: exp.Extract) -> exp.Expr:
    return trino_times.part(node.name, node.expression, node)


def _trim(node: exp.Trim) -> exp.Expr:
    which = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "BOTH").upper(), "trim")
    return nodes.call(which, node.this, node.expression or nodes.call("td__spaces"))


def _position(node: exp.StrPosition) -> exp.Expr:
    if node.args.get("occurrence"):
        refuse("strpos() with an instance is not available here.", node)
    return nodes.call("strpos", node.this, node.args["substr"])


def _substring(node: exp.Substring) -> exp.Expr:
    arguments = [node.this, node.args.get("start") or nodes.number(1), node.args.get("length")]
    given = [one for one in arguments if one is not None]
    return trino_functions.FUNCTIONS["substr"](Call("substring", given, node, 0))


def _listagg(node: exp.GroupConcat) -> exp.Expr:
    if node.args.get("on_overflow"):
        refuse("LISTAGG(… ON OVERFLOW …) is not available here. Leave it out.", node)
    value, mark_text = node.this, node.args.get("separator") or nodes.text("")
    if isinstance(value, exp.Order):
        ordered = exp.Order(this=mark_text, expressions=value.expressions)
        return nodes.call("string_agg", value.this, ordered)
    return nodes.call("string_agg", value, mark_text)


def _case(node: exp.Case) -> exp.Expr:
    answers = [one.args["true"] for one in node.args["ifs"]] + [node.args.get("default") or exp.Null()]
    zone = shared(answers, "CASE")
    return mark(node, zone) if zone else node


def _if(node: exp.If) -> exp.Expr:
    """IF(a, b, c); the branches of a CASE are of the same class and stay."""
    if isinstance(node.parent, exp.Case) and node.arg_key == "ifs":
        return node
    case = exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=node.args.get("false"))
    zone = shared([node.args["true"], node.args.get("false") or exp.Null()], "IF")
    return mark(case, zone) if zone else case


def _limit(node: exp.Limit) -> exp.Expr:
    if isinstance(node.expression, exp.Var) and node.expression.name.upper() == "ALL":
        return exp.Limit(expression=exp.Null())
    return node


def _fetch(node: exp.Fetch) -> exp.Expr:
    options = node.args.get("limit_options")
    if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
        refuse("FETCH FIRST … WITH TIES is not available here. Write rank() OVER (ORDER BY x) <= n instead.", node)
    return exp.Limit(expression=node.args.get("count") or nodes.number(1))


def _unicode(node: exp.UnicodeString) -> exp.Expr:
    """U&'\\3042' as the text that it means."""
    sign = node.args["escape"].name if node.args.get("escape") else "\\"
    if len(sign) != 1 or sign in "+'\" " or sign.isalnum():
        refuse("UESCAPE must be one sign that is no letter or digit.", node)
    mark_at = re.escape(sign)

    def letter(found: re.Match[str]) -> str:
        if found[1] is not None:
            return sign
        if found[2] is None or not 0 < int(found[2].lstrip("+"), 16) < 0x110000:
            refuse(f"'{found[0]}' is no character: write four digits, or + and six.", node)
        return chr(int(found[2].lstrip("+"), 16))

    pattern = rf"{mark_at}(?:({mark_at})|([0-9A-Fa-f]{{4}}|\+[0-9A-Fa-f]{{6}})|)"
    return nodes.text(re.sub(pattern, letter, str(node.this)))


def _json(node: exp.ParseJSON) -> exp.Expr:
    return nodes.call("json", node.this)


def _local_timestamp(node: exp.Localtimestamp) -> exp.Expr:
    return nodes.cast(nodes.call("now"), "TIMESTAMP")


def _now(node: exp.CurrentTimestamp) -> exp.Expr:
    return nodes.call("now")


def _table(node: exp.Table) -> exp.Expr:
    for key in ("pivots", "hints", "when", "version", "only", "partition", "changes"):
        if node.args.get(key):
            refuse(f"{key.upper()} of a table cannot be used here.", node)
    if not isinstance(node.this, exp.Identifier):
        refuse("A table function cannot be used here.", node)
    return node


def _over(node: exp.Window | exp.Filter) -> exp.Expr:
    """An aggregate with OVER or FILTER, which our macros cannot have."""
    inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if isinstance(inner, exp.Anonymous) and inner.name in trino_functions.AGGREGATES and inner.name.startswith("td__"):
        name = inner.name.removeprefix("td__")
        refuse(f"{name}() cannot have OVER or FILTER here. Select its rows in a subquery with GROUP BY.", node)
    ordered_by_chance(node)
    return trino_functions.rounded(node)


REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Cast: casts.cast,
    exp.TryCast: casts.cast,
    exp.Div: _divided,
    exp.Mod: _remainder,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Interval: _interval,
    exp.IntervalSpan: _span,
    exp.Bracket: _subscript,
    exp.AtTimeZone: _at_time_zone,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Substring: _substring,
    exp.GroupConcat: _listagg,
    exp.Case: _case,
    exp.If: _if,
    exp.Limit: _limit,
    exp.Fetch: _fetch,
    exp.Localtimestamp: _local_timestamp,
    exp.CurrentTimestamp: _now,
    exp.UnicodeString: _unicode,
    exp.ParseJSON: _json,
    exp.Table: _table,
    exp.Window: _over,
    exp.Filter: _over,
    exp.Join: unnest.joined,
    exp.From: unnest.read_from,
}
