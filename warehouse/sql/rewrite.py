"""Goes through a parsed query from the inside out and puts DuckDB's words for each piece.

What is not named here is refused: a construct that sqlglot reads but we have not looked at might mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from warehouse.sql import (
    casts,
    hive_functions,
    naming,
    nodes,
    refused,
    sessionize,
    td_time,
    trino_functions,
    trino_times,
    unnest,
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
    query = prepared(query) if dialect == "hive" else query
    root = exp.Subquery(this=query)  # so that the query itself can be replaced like any other node
    for node in _inside_out(query):
        _rewrite(node, dialect, scheduled_time)
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
        special = (HIVE_REWRITES.get(type(node)) if dialect == "hive" else None) or _REWRITES.get(type(node))
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
    return _TRINO["substr"](Call("substring", given, node, 0))


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


def _select(node: exp.Select, scheduled_time: int) -> exp.Expr:
    node.set("hint", None)
    for key, what in (("qualify", "QUALIFY"), ("kind", "SELECT AS"), ("into", "INTO"), ("locks", "FOR UPDATE")):
        if node.args.get(key):
            refuse(f"{what} cannot be used here.", node)
    return sessionize.nested(node, scheduled_time)


def _table(node: exp.Table) -> exp.Expr:
    for key in ("pivots", "hints", "when", "version", "only", "partition", "changes"):
        if node.args.get(key):
            refuse(f"{key.upper()} of a table cannot be used here.", node)
    if not isinstance(node.this, exp.Identifier):
        refuse("A table function cannot be used here.", node)
    return node


_REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
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
    exp.Join: unnest.joined,
    exp.From: unnest.read_from,
}
