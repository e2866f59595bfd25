"""Trino's functions of texts, numbers, lists, maps and JSON, and its aggregates, by their names in Trino.

https://trino.io/docs/current/functions.html says what each must answer; tests/warehouse/sql asks for it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.calls import Call, Translation, renamed
from warehouse.sql.casts import as_text
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


_FORMAT = re.compile(r"%(?:(?P<flags>[-0,+]*)(?P<width>\d*)(?:\.(?P<digits>\d+))?(?P<letter>[sdfxXn])|(?P<percent>%))")


def _format(call: Call) -> exp.Expr:
    """Java's Formatter for a constant pattern."""
    call.expect(1, 200)
    pattern, values = call.constant(0, "the pattern"), iter(call.arguments[1:])
    parts: list[exp.Expr] = []
    at = 0
    for found in re.finditer(r"%(?:[-0,+]*\d*(?:\.\d+)?[a-zA-Z]|%)|%", pattern):
        if found.start() > at:
            parts.append(nodes.text(pattern[at : found.start()]))
        at = found.end()
        shape = _FORMAT.fullmatch(found[0])
        if shape is None:
            refuse(f"format(): '{found[0]}' is not available here. Use %s, %d, %f, %x and %%.", call.node)
        parts.append(_formatted(shape, values, call))
    if at < len(pattern):
        parts.append(nodes.text(pattern[at:]))
    return nodes.joined(parts or [nodes.text("")])


def _formatted(shape: re.Match[str], values: object, call: Call) -> exp.Expr:
    if shape["percent"] or shape["letter"] == "n":
        return nodes.text("%" if shape["percent"] else "\n")
    value = next(values, None)  # type: ignore[call-overload]
    if value is None:
        refuse("format(): there are fewer values than the pattern has places.", call.node)
    written = _digits(shape, value, call)
    if "," in shape["flags"]:
        written = nodes.call("td__thousands", written)
    if "+" in shape["flags"]:
        written = nodes.call("td__signed", written)
    return _padded(shape, written)


def _digits(shape: re.Match[str], value: exp.Expr, call: Call) -> exp.Expr:
    letter = shape["letter"]
    if letter == "s":
        return nodes.call("coalesce", as_text(value), nodes.text("null"))
    if letter == "d":
        return nodes.call("td__digits", value)
    if letter == "f":
        decimals = int(shape["digits"] or 6)
        if decimals > 18:
            refuse("format(): more than 18 decimals are not available here.", call.node)
        return nodes.cast(
            nodes.cast(nodes.call("td__plain", value), f"DECIMAL(38, {decimals})"),
            "VARCHAR",
        )
    return nodes.call("lower" if letter == "x" else "upper", nodes.call("to_hex", value))


def _padded(shape: re.Match[str], written: exp.Expr) -> exp.Expr:
    if not shape["width"]:
        return written
    width = nodes.number(int(shape["width"]))
    if "-" in shape["flags"]:
        return nodes.call("td__pad_right", written, width)
    return nodes.call("td__pad_zeros" if "0" in shape["flags"] else "td__pad_left", written, width)


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
    call.expect(1)
    return nodes.call("try", call.arguments[0])


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


def json_path(path: str, node: exp.Expr) -> str:
    """Trino's JSON path ($.a["b c"][0]) in DuckDB's words ($."a"."b c"[0])."""
    steps = re.findall(r"""\.([^.\[\]"'*]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]""", path[1:])
    lengths = re.sub(r"""\.([^.\[\]"'*]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]""", "", path[1:])
    if not path.startswith("$") or lengths:
        refuse(f"The JSON path '{path}' is not available here. Write it with $, .name, [\"name\"] and [0].", node)
    written = "$"
    for name, index, double, single in steps:
        if index:
            written += f"[{index}]"
        elif '"' in (name or double or single):
            refuse(f"The JSON path '{path}' has a name with a quote in it.", node)
        else:
            written += f'."{name or double or single}"'
    return written


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
    call.expect(1)
    value = call.arguments[0]
    simple = isinstance(call.node.parent, exp.Window | exp.Filter) or isinstance(value, exp.Distinct)
    return nodes.call("avg" if simple else "td__avg", value)


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


_SAME = """abs:1 acos:1 asin:1 atan:1 atan2:2 cos:1 degrees:1 exp:1 floor:1 ln:1 log:2 log10:1 log2:1 pi:0
radians:1 sin:1 sqrt:1 tan:1 cbrt:1 round:1-2 sign:1 lower:1 upper:1 chr:1 lpad:3 rpad:3 reverse:1 translate:3
starts_with:2 coalesce:1-200 nullif:2 map_keys:1 map_values:1 map_entries:1 row:1-200 array_agg:1 bool_and:1 bool_or:1
sum:1 stddev:1 stddev_pop:1 stddev_samp:1 variance:1 var_pop:1 var_samp:1 corr:2 covar_pop:2 covar_samp:2
regr_slope:2 regr_intercept:2 skewness:1 row_number:0 rank:0 dense_rank:0 percent_rank:0 cume_dist:0 ntile:1
grouping:1-30 flatten:1 from_base64:1 to_base64:1 any_value:1 split_part:3"""

_RENAMED = {
    "ceil": ("ceil", 1),
    "ceiling": ("ceil", 1),
    "pow": ("pow", 2),
    "power": ("pow", 2),
    "truncate": ("trunc", 1),
    "is_nan": ("isnan", 1),
    "is_finite": ("isfinite", 1),
    "is_infinite": ("isinf", 1),
    "mod": ("td__mod", 2),
    "length": ("td__length", 1),
    "codepoint": ("unicode", 1),
    "levenshtein_distance": ("levenshtein", 2),
    "hamming_distance": ("hamming", 2),
    "strpos": ("strpos", 2),
    "split_part": ("td__split_part", 3),
    "split_to_map": ("td__split_to_map", 3),
    "regexp_like": ("regexp_matches", 2),
    "regexp_split": ("regexp_split_to_array", 2),
    "regexp_count": ("td__regexp_count", 2),
    "url_decode": ("td__url_decode", 1),
    "url_encode": ("td__url_encode", 1),
    "url_extract_host": ("td__url_host", 1),
    "url_extract_path": ("td__url_path", 1),
    "url_extract_port": ("td__url_port", 1),
    "url_extract_protocol": ("td__url_protocol", 1),
    "url_extract_query": ("td__url_query", 1),
    "url_extract_fragment": ("td__url_fragment", 1),
    "url_extract_parameter": ("td__url_parameter", 2),
    "to_utf8": ("encode", 1),
    "from_utf8": ("decode", 1),
    "to_hex": ("hex", 1),
    "from_hex": ("unhex", 1),
    "md5": ("td__md5", 1),
    "sha1": ("td__sha1", 1),
    "sha256": ("td__sha256", 1),
    "hmac_md5": ("td__hmac_md5", 2),
    "hmac_sha1": ("td__hmac_sha1", 2),
    "hmac_sha256": ("td__hmac_sha256", 2),
    "to_base64url": ("td__to_base64url", 1),
    "from_base64url": ("td__from_base64url", 1),
    "to_base": ("td__to_base", 2),
    "width_bucket": ("td__width_bucket", 4),
    "bitwise_not": ("td__bitwise_not", 1),
    "bitwise_xor": ("xor", 2),
    "bitwise_left_shift": ("td__shift_left", 2),
    "bitwise_right_shift": ("td__shift_right", 2),
    "bitwise_and_agg": ("bit_and", 1),
    "bitwise_or_agg": ("bit_or", 1),
    "to_unixtime": ("td__to_unixtime", 1),
    "from_iso8601_date": ("td__iso_date", 1),
    "current_timezone": ("td__session_zone", 0),
    "cardinality": ("td__cardinality", 1),
    "contains": ("td__contains", 2),
    "array_distinct": ("td__array_distinct", 1),
    "array_except": ("td__array_except", 2),
    "array_intersect": ("td__array_intersect", 2),
    "array_union": ("td__array_union", 2),
    "array_max": ("td__array_max", 1),
    "array_min": ("td__array_min", 1),
    "array_position": ("td__array_position", 2),
    "array_remove": ("td__array_remove", 2),
    "array_sort": ("td__array_sort", 1),
    "arrays_overlap": ("td__arrays_overlap", 2),
    "repeat": ("td__repeat", 2),
    "slice": ("td__slice", 3),
    "trim_array": ("td__trim_array", 2),
    "map_from_entries": ("map_from_entries", 1),
    "json_parse": ("json", 1),
    "json_format": ("td__json_format", 1),
    "json_array_length": ("td__json_array_length", 1),
    "json_array_contains": ("td__json_array_contains", 2),
    "json_array_get": ("td__json_array_get", 2),
    "is_json_scalar": ("td__is_json_scalar", 1),
    "arbitrary": ("any_value", 1),
    "every": ("bool_and", 1),
    "geometric_mean": ("td__geometric_mean", 1),
    "histogram": ("td__histogram", 1),
    "map_agg": ("td__map_agg", 2),
    "multimap_agg": ("td__multimap_agg", 2),
    "td_url_decode": ("td__td_url_decode", 1),
    "td_md5": ("md5", 1),
}


def _table() -> dict[str, Translation]:
    table: dict[str, Translation] = {}
    for entry in _SAME.split():
        name, _, counts = entry.partition(":")
        least, _, most = counts.partition("-")
        table[name] = renamed(name, int(least), int(most or least))
    for name, (other, count) in _RENAMED.items():
        table[name] = renamed(other, count)
    return table


FUNCTIONS: dict[str, Translation] = {
    **_table(),
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
    "format": _format,
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
