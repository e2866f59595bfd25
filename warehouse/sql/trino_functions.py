"""Trino's functions of texts, numbers, lists, maps and JSON, and its aggregates, by their names in Trino.

https://trino.io/docs/current/functions.html says what each must answer; tests/warehouse/sql asks for it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from warehouse.sql import nodes, trino_names
from warehouse.sql.calls import Call, Translation
from warehouse.sql.java_format import formatted
from warehouse.sql.json_paths import json_path
from warehouse.sql.lambdas import BY_LAMBDA
from warehouse.sql.refused import refuse


def _concat(call: Call) -> exp.Expr:
    call.expect(1, 200)
    return nodes.joined(call.arguments)


def _concat_ws(call: Call) -> exp.Expr:
    call.expect(2, 200)
    if len(call.arguments) == 2:
        return nodes.call("td__concat_ws", *call.arguments)
    return nodes.call("td__concat_ws", call.arguments[0], exp.Array(expressions=call.arguments[1:]))


def _substr(call: Call) -> exp.Expr:
    call.expect(2, 3)
    start = nodes.constant_whole(call.arguments[1])
    length = nodes.constant_whole(call.arguments[2]) if len(call.arguments) == 3 else 1
    if start is not None and start > 0 and length is not None and length >= 0:
        return nodes.call("substr", *call.arguments)
    return nodes.call("td__substr" if len(call.arguments) == 2 else "td__substr_of", *call.arguments)


def _most(macro: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1, 200)
        return nodes.call(macro, exp.Array(expressions=call.arguments))

    return translated


def _regexp_extract(call: Call) -> exp.Expr:
    call.expect(2, 3)
    group = call.arguments[2] if len(call.arguments) == 3 else nodes.number(0)
    return nodes.call("td__regexp_extract", call.arguments[0], call.arguments[1], group)


def _regexp_extract_all(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("regexp_extract_all", *call.arguments)


def _regexp_replace(call: Call) -> exp.Expr:
    call.expect(2, 3)
    if len(call.arguments) == 3 and isinstance(call.arguments[2], exp.Lambda):
        refuse("regexp_replace() with a function is not available here. Write the replacement with $1.", call.node)
    text, pattern = call.arguments[:2]
    new = call.arguments[2] if len(call.arguments) == 3 else nodes.text("")
    return nodes.call("regexp_replace", text, pattern, _replacement(new, call), nodes.text("g"))


def _replacement(value: exp.Expr, call: Call) -> exp.Expr:
    """Java's $1 as RE2's \\1."""
    constant = nodes.constant_text(value)
    if constant is None:
        return nodes.call("td__replacement", value)

    def written(found: re.Match[str]) -> str:
        if found[1] is not None:
            return "\\" + found[1]
        if found[2] is None:
            refuse(f"regexp_replace(): '{constant}' is no replacement. Write $0 to $9, or \\$ for a dollar.", call.node)
        return "\\\\" if found[2] == "\\" else found[2]

    return nodes.text(re.sub(r"\$(\d)(?!\d)|\\(.)|[\\$]", written, constant))


def _split(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("string_split" if len(call.arguments) == 2 else "td__split_limit", *call.arguments)


def _trimmed(function: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1, 2)
        which = call.arguments[1] if len(call.arguments) == 2 else nodes.call("td__spaces")
        return nodes.call(function, call.arguments[0], which)

    return translated


def _replace(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("replace", *call.arguments, *([nodes.text("")] if len(call.arguments) == 2 else []))


def _normalize(call: Call) -> exp.Expr:
    call.expect(1, 2)
    form = call.arguments[1].name.upper() if len(call.arguments) == 2 else "NFC"
    if form == "NFC":
        return nodes.call("nfc_normalize", call.arguments[0])
    if form != "NFKC":
        refuse(f"normalize() knows NFC and NFKC here, not {form}.", call.node)
    return nodes.call("td__nfkc", call.arguments[0])


def _binary(kind: type[exp.Binary]) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        return exp.Paren(
            this=kind(this=exp.Paren(this=call.arguments[0]), expression=exp.Paren(this=call.arguments[1]))
        )

    return translated


def _random(call: Call) -> exp.Expr:
    call.expect(0, 2)
    return nodes.call("random" if not call.arguments else f"td__random_{len(call.arguments)}", *call.arguments)


def _constant(text: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(0)
        return nodes.cast(nodes.text(text), "DOUBLE")

    return translated


def _try(call: Call) -> exp.Expr:
    """DuckDB's TRY cannot hold an aggregate; there, what may fail is put in the words that give NULL."""
    call.expect(1)
    value = call.arguments[0]
    if not _has_aggregate(value):
        return nodes.call("try", value)
    for node in list(value.walk()):
        if isinstance(node, exp.Anonymous) and node.name in ("td__div", "td__mod"):
            node.set("this", node.name.replace("td__", "td__try_"))
        elif type(node) is exp.Cast:
            node.replace(exp.TryCast(this=node.this, to=node.to))
    return exp.Paren(this=value) if value.parent is call.node else call.node.expressions[0]


def _has_aggregate(value: exp.Expr) -> bool:
    for node in value.walk():
        if isinstance(node, exp.Window | exp.Select | exp.GroupConcat):
            return True
        if isinstance(node, exp.Anonymous) and node.name in AGGREGATES:
            return True
    return False


def _sequence(call: Call) -> exp.Expr:
    call.expect(2, 3)
    if len(call.arguments) == 2:
        days = any(isinstance(one, exp.Cast) and one.to.this == exp.DType.DATE for one in call.arguments)
        if not days:
            return nodes.call("td__sequence", *call.arguments)
        step: exp.Expr = nodes.call("to_days", nodes.number(1))
        return nodes.call("td__sequence_by", *call.arguments, step)
    if isinstance(call.arguments[2], exp.Interval):
        return nodes.call("td__sequence_by", *call.arguments)
    return nodes.call("generate_series", *call.arguments)


def _element_at(call: Call) -> exp.Expr:
    call.expect(2)
    return exp.Bracket(this=_subscripted(call.arguments[0]), expressions=[call.arguments[1]], offset=1, safe=True)


def _subscripted(value: exp.Expr) -> exp.Expr:
    return value if isinstance(value, exp.Column | exp.Anonymous | exp.Paren) else exp.Paren(this=value)


def _array_join(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("td__array_join" if len(call.arguments) == 2 else "td__array_join_all", *call.arguments)


def _map(call: Call) -> exp.Expr:
    call.expect(0, 2)
    return nodes.call("map", *call.arguments)


def _json_at(macro: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        path = json_path(call.constant(1, "the path"), call.node)
        return nodes.call(macro, call.arguments[0], nodes.text(path))

    return translated


def _count(call: Call) -> exp.Expr:
    call.expect(0, 1)
    if any(isinstance(one, exp.Distinct) and len(one.expressions) > 1 for one in call.arguments):
        refuse("count(DISTINCT a, b) is not Trino's. Write count(DISTINCT ROW(a, b)).", call.node)
    return nodes.call("count", *(call.arguments or [exp.Star()]))


def _count_if(call: Call) -> exp.Expr:
    call.expect(1)
    return nodes.call("count", exp.Case().when(call.arguments[0], nodes.number(1), copy=False))


def _avg(call: Call) -> exp.Expr:
    """Where more is said of the aggregate, `rounded` follows once that is read."""
    call.expect(1)
    plain = nodes.call("avg", call.arguments[0])
    if isinstance(call.node.parent, exp.Window | exp.Filter):
        return plain
    return nodes.call("td__avg", *call.arguments) if not isinstance(call.arguments[0], exp.Distinct) else rounded(plain)


def rounded(node: exp.Expr) -> exp.Expr:
    """An average with OVER, FILTER or DISTINCT: that of decimals has as many decimals as they."""
    inner = node
    while isinstance(inner, exp.Window | exp.Filter):
        inner = inner.this
    if not isinstance(inner, exp.Anonymous) or inner.name != "avg" or isinstance(node.parent, exp.Window):
        return node
    value = inner.expressions[0]
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    sample = value.copy() if isinstance(node, exp.Window) else nodes.call("any_value", value.copy())
    return nodes.call("td__rounded", node.copy(), sample)


def _by(plain: str, several: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2, 3)
        return nodes.call(plain if len(call.arguments) == 2 else several, *call.arguments)

    return translated


def _extreme(name: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1, 2)
        return nodes.call(name, *call.arguments)

    return translated


def _approx_percentile(call: Call) -> exp.Expr:
    call.expect(2, 4)
    if len(call.arguments) > 2:
        refuse("approx_percentile() with weights or an accuracy is not available here. Give it x and p.", call.node)
    return nodes.call("quantile_disc", *call.arguments)


def _approx_distinct(call: Call) -> exp.Expr:
    call.expect(1, 2)
    return nodes.call("approx_count_distinct", call.arguments[0])


def _td_first(descending: bool) -> Translation:
    """TD_FIRST(x, y…): x of the row with the smallest y (TD_LAST: the largest); NULLs of y come last."""

    def translated(call: Call) -> exp.Expr:
        call.expect(2, 20)
        order = [exp.Ordered(this=key, desc=descending, nulls_first=False) for key in call.arguments[1:]]
        return nodes.call("first", exp.Order(this=call.arguments[0], expressions=order))

    return translated


def _numeric_range(call: Call) -> exp.Expr:
    call.expect(1, 3)
    return nodes.call("td__numeric_range_" + str(len(call.arguments)), *call.arguments)


FUNCTIONS: dict[str, Translation] = {
    **trino_names.table(),
    **BY_LAMBDA,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "substr": _substr,
    "substring": _substr,
    "map_concat": lambda call: nodes.call("map_concat", *call.arguments),
    "zip": lambda call: nodes.call("list_zip", *call.arguments),
    "greatest": _most("td__greatest"),
    "least": _most("td__least"),
    "regexp_extract": _regexp_extract,
    "regexp_extract_all": _regexp_extract_all,
    "regexp_replace": _regexp_replace,
    "split": _split,
    "trim": _trimmed("trim"),
    "ltrim": _trimmed("ltrim"),
    "rtrim": _trimmed("rtrim"),
    "replace": _replace,
    "normalize": _normalize,
    "format": formatted,
    "bitwise_and": _binary(exp.BitwiseAnd),
    "bitwise_or": _binary(exp.BitwiseOr),
    "rand": _random,
    "random": _random,
    "e": _constant("2.718281828459045"),
    "nan": _constant("NaN"),
    "infinity": _constant("Infinity"),
    "try": _try,
    "sequence": _sequence,
    "element_at": _element_at,
    "array_join": _array_join,
    "map": _map,
    "json_extract": _json_at("td__json_extract"),
    "json_extract_scalar": _json_at("td__json_scalar"),
    "json_size": _json_at("td__json_size"),
    "count": _count,
    "count_if": _count_if,
    "avg": _avg,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "max_by": _by("arg_max_null", "td__max_by"),
    "min_by": _by("arg_min_null", "td__min_by"),
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    "td_first": _td_first(descending=False),
    "td_last": _td_first(descending=True),
    "td_numeric_range": _numeric_range,
}

_AGGREGATES = """count sum avg min max any_value bool_and bool_or array_agg string_agg stddev stddev_pop stddev_samp
variance var_pop var_samp corr bit_and bit_or histogram arg_max_null arg_min_null quantile_disc approx_count_distinct
first td__avg td__max_by td__min_by td__map_agg td__multimap_agg td__geometric_mean"""
AGGREGATES = frozenset(_AGGREGATES.split())
"""DuckDB's names of what Trino's aggregates become."""

# What becomes of a time with a zone of its own: these hand it on, those use the moment and not its clock.
KEEP_ZONE = {
    "coalesce",
    "nullif",
    "min",
    "max",
    "any_value",
    "arbitrary",
    "max_by",
    "min_by",
    "td_first",
    "td_last",
    "try",
}
NEED_NO_ZONE = {"count", "approx_distinct", "to_unixtime", "count_if", "td_time_format", "td_time_parse"}
