"""Hive's functions by their names (https://cwiki.apache.org/confluence/display/Hive/LanguageManual+UDF)."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import formats, nodes, trino_functions
from warehouse.sql.calls import Call, Translation, renamed
from warehouse.sql.hive import as_text
from warehouse.sql.java_format import formatted
from warehouse.sql.json_paths import json_path
from warehouse.sql.refused import refuse
from warehouse.sql.zones import zone_named


def _concat(call: Call) -> exp.Expr:
    call.expect(1, 200)
    return nodes.joined([as_text(one) for one in call.arguments])


def _concat_ws(call: Call) -> exp.Expr:
    call.expect(2, 200)
    lists = exp.Array(expressions=[nodes.call("td__hive_list", one) for one in call.arguments[1:]])
    return nodes.call("array_to_string", nodes.call("flatten", lists), call.arguments[0])


def _regexp_extract(call: Call) -> exp.Expr:
    call.expect(2, 3)
    group = call.arguments[2] if len(call.arguments) == 3 else nodes.number(1)
    return nodes.call("regexp_extract", call.arguments[0], call.arguments[1], group)


def _get_json_object(call: Call) -> exp.Expr:
    call.expect(2)
    path = json_path(call.constant(1, "the path"), call.node)
    return nodes.call("td__hive_json", call.arguments[0], nodes.text(path))


_URL_PARTS = ("host", "path", "query", "ref", "protocol", "authority", "file", "userinfo")


def _parse_url(call: Call) -> exp.Expr:
    call.expect(2, 3)
    part = call.constant(1, "the part").lower()
    if part not in _URL_PARTS:
        refuse(f"parse_url(): '{part}' is no part. Write one of {', '.join(_URL_PARTS).upper()}.", call.node)
    if len(call.arguments) == 3:
        if part != "query":
            refuse("parse_url() takes a key for 'QUERY' only.", call.node)
        return nodes.call("td__hive_url_key", call.arguments[0], call.arguments[2])
    return nodes.call(f"td__hive_url_{part}", call.arguments[0])


def _pattern(call: Call, index: int) -> str:
    """A pattern of Java's as strftime's; letters for zones are refused."""
    pieces = formats.java(call.constant(index, "the format"), f"{call.name}()")
    if any(piece.kind == "zone" for piece in pieces):
        refuse(f"{call.name}(): zones cannot be written here. Use TD_TIME_FORMAT(time, format, zone).", call.node)
    return "".join(piece.text for piece in pieces)


def _from_unixtime(call: Call) -> exp.Expr:
    call.expect(1, 2)
    pattern = "%Y-%m-%d %H:%M:%S" if len(call.arguments) == 1 else _pattern(call, 1)
    return nodes.call("strftime", nodes.call("to_timestamp", call.arguments[0]), nodes.text(pattern))


def _unix_timestamp(call: Call) -> exp.Expr:
    call.expect(0, 2)
    if not call.arguments:
        return nodes.call("td__seconds", nodes.call("now"))
    if len(call.arguments) == 1:
        return nodes.call("td__hive_unix", call.arguments[0])
    parsed = nodes.call("try_strptime", call.arguments[0], nodes.text(_pattern(call, 1).replace("%-", "%")))
    return nodes.call("td__hive_unix", parsed)


def _date_format(call: Call) -> exp.Expr:
    call.expect(2)
    return nodes.call("strftime", nodes.call("td__hive_time", call.arguments[0]), nodes.text(_pattern(call, 1)))


def _part(name: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1)
        return nodes.call(name, nodes.call("td__hive_time", call.arguments[0]))

    return translated


def _moved(sign: type[exp.Binary]) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        day = nodes.call("td__hive_date", call.arguments[0])
        return exp.Paren(this=sign(this=day, expression=nodes.cast(call.arguments[1], "INT")))

    return translated


def _trunc(call: Call) -> exp.Expr:
    call.expect(2)
    unit = {
        "MM": "month",
        "MON": "month",
        "MONTH": "month",
        "YY": "year",
        "YYYY": "year",
        "YEAR": "year",
        "Q": "quarter",
    }
    named = unit.get(call.constant(1, "the unit").upper())
    if named is None:
        refuse("trunc() knows 'MM', 'Q' and 'YY'.", call.node)
    return nodes.cast(
        nodes.call("date_trunc", nodes.text(named), nodes.call("td__hive_date", call.arguments[0])), "DATE"
    )


def _to_zone(first: bool) -> Translation:
    """from_utc_timestamp and to_utc_timestamp."""

    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        zone = nodes.text(zone_named(call.constant(1, "the time zone")).key)
        clock, utc = nodes.call("td__hive_time", call.arguments[0]), nodes.text("UTC")
        if first:
            return nodes.call("timezone", zone, nodes.call("timezone", utc, clock))
        return nodes.call("timezone", utc, nodes.call("td__moment", clock, zone))

    return translated


def _collected(call: Call) -> exp.Expr:
    """The values that are not NULL; a call over a window cannot be wrapped, and is NULL where there are none."""
    call.expect(1)
    value = call.arguments[0]
    inner = value.expressions[0] if isinstance(value, exp.Distinct) else value
    kept = exp.Where(this=exp.Not(this=exp.Is(this=inner.copy(), expression=exp.Null())))
    found = exp.Filter(this=nodes.call("list", value), expression=kept)
    if isinstance(call.node.parent, exp.Window):
        return found
    return nodes.call("coalesce", found, exp.Array(expressions=[]))


def _collect_set(call: Call) -> exp.Expr:
    if isinstance(call.node.parent, exp.Window):
        refuse("collect_set() OVER (…) is not available here. Collect in a subquery with GROUP BY.", call.node)
    return nodes.call("td__array_distinct", _collected(call))


def _size(call: Call) -> exp.Expr:
    call.expect(1)
    return nodes.call("coalesce", nodes.call("td__cardinality", call.arguments[0]), nodes.number(-1))


def _array(call: Call) -> exp.Expr:
    return exp.Array(expressions=call.arguments)


def _map(call: Call) -> exp.Expr:
    if len(call.arguments) % 2:
        refuse("map() takes keys and values in turn.", call.node)
    keys, values = call.arguments[::2], call.arguments[1::2]
    return nodes.call("map", exp.Array(expressions=keys), exp.Array(expressions=values))


def _is(null: bool) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1)
        test = exp.Is(this=exp.Paren(this=call.arguments[0]), expression=exp.Null())
        return exp.Paren(this=test if null else exp.Not(this=test))

    return translated


def _if(call: Call) -> exp.Expr:
    call.expect(3)
    return exp.Case().when(call.arguments[0], call.arguments[1], copy=False).else_(call.arguments[2], copy=False)


def _whole(name: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(1)
        return nodes.cast(nodes.call(name, call.arguments[0]), "BIGINT")

    return translated


def _sha2(call: Call) -> exp.Expr:
    call.expect(2)
    if nodes.constant_whole(call.arguments[1]) not in (0, 256):
        refuse("sha2() knows 256 bits here.", call.node)
    return nodes.call("sha256", call.arguments[0])


def _locate(call: Call) -> exp.Expr:
    call.expect(2)
    return nodes.call("strpos", call.arguments[1], call.arguments[0])


def _pmod(call: Call) -> exp.Expr:
    call.expect(2)
    return nodes.call("td__hive_pmod", *call.arguments)


def _format_number(call: Call) -> exp.Expr:
    call.expect(2)
    decimals = nodes.constant_whole(call.arguments[1])
    if decimals is None or not 0 <= decimals <= 18:
        refuse("format_number() needs a number of decimals up to 18.", call.node)
    rounded = nodes.cast(nodes.call("td__plain", call.arguments[0]), f"DECIMAL(38, {decimals})")
    return nodes.call("td__thousands", nodes.cast(rounded, "VARCHAR"))


def _count(call: Call) -> exp.Expr:
    call.expect(0, 1)
    return nodes.call("count", *(call.arguments or [exp.Star()]))


def _utf8(name: str) -> Translation:
    def translated(call: Call) -> exp.Expr:
        call.expect(2)
        if call.constant(1, "the encoding").lower() not in ("utf-8", "utf8"):
            refuse(f"{call.name}() knows 'UTF-8' here.", call.node)
        return nodes.call(name, call.arguments[0])

    return translated


_SAME = """abs:1 acos:1 asin:1 atan:1 cos:1 degrees:1 exp:1 ln:1 log:2 log10:1 log2:1 pi:0 radians:1 sin:1 sqrt:1 tan:1
round:1-2 sign:1 lower:1 upper:1 trim:1 ltrim:1 rtrim:1 lpad:3 rpad:3 reverse:1 repeat:2 translate:3 ascii:1 replace:3
coalesce:1-200 nullif:2 map_keys:1 map_values:1 sum:1 avg:1 min:1 max:1 stddev_pop:1 stddev_samp:1 var_pop:1 var_samp:1
corr:2 covar_pop:2 covar_samp:2 row_number:0 rank:0 dense_rank:0 percent_rank:0 cume_dist:0 ntile:1 unhex:1 md5:1
sha1:1 grouping:1-30"""
_RENAMED = {
    "lcase": ("lower", 1),
    "ucase": ("upper", 1),
    "length": ("td__length", 1),
    "char_length": ("length", 1),
    "character_length": ("length", 1),
    "nvl": ("coalesce", 2),
    "pow": ("pow", 2),
    "power": ("pow", 2),
    "stddev": ("stddev_pop", 1),
    "std": ("stddev_pop", 1),
    "variance": ("var_pop", 1),
    "instr": ("strpos", 2),
    "split": ("regexp_split_to_array", 2),
    "space": ("td__hive_space", 1),
    "sha": ("sha1", 1),
    "hex": ("hex", 1),
    "base64": ("to_base64", 1),
    "unbase64": ("from_base64", 1),
    "levenshtein": ("levenshtein", 2),
    "to_date": ("td__hive_date", 1),
    "datediff": ("td__hive_datediff", 2),
    "add_months": ("td__hive_add_months", 2),
    "array_contains": ("td__hive_contains", 2),
    "sort_array": ("td__hive_sort", 1),
    "percentile": ("quantile_cont", 2),
    "explode": ("unnest", 1),
    "td_positions": ("td__hive_positions", 1),
    "td_url_decode": ("td__td_url_decode", 1),
    "td_md5": ("md5", 1),
    "td_parse_agent": ("td_parse_agent", 1),
}
_PARTS = {
    "year": "year",
    "month": "month",
    "day": "day",
    "dayofmonth": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "quarter": "quarter",
    "weekofyear": "week",
    "dayofweek": "td__hive_weekday",
    "last_day": "last_day",
}


def _table() -> dict[str, Translation]:
    table: dict[str, Translation] = {}
    for entry in _SAME.split():
        name, _, counts = entry.partition(":")
        least, _, most = counts.partition("-")
        table[name] = renamed(name, int(least), int(most or least))
    table |= {name: renamed(other, count) for name, (other, count) in _RENAMED.items()}
    return table | {name: _part(other) for name, other in _PARTS.items()}


def _substr(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("td__hive_substr" if len(call.arguments) == 2 else "td__hive_substr_of", *call.arguments)


def _rand(call: Call) -> exp.Expr:
    """A seed has no effect: it would give other numbers than Hive's anyway."""
    call.expect(0, 1)
    return nodes.call("random")


def _percentile_approx(call: Call) -> exp.Expr:
    call.expect(2, 3)
    return nodes.call("quantile_cont", *call.arguments[:2])


def _str_to_map(call: Call) -> exp.Expr:
    call.expect(1, 3)
    marks = [*call.arguments[1:], nodes.text(","), nodes.text(":")]
    pair = marks[1] if len(call.arguments) == 3 else nodes.text(":")
    return nodes.call("td__split_to_map", call.arguments[0], marks[0], pair)


FUNCTIONS: dict[str, Translation] = {
    **_table(),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "regexp_extract": _regexp_extract,
    "regexp_replace": trino_functions.FUNCTIONS["regexp_replace"],
    "get_json_object": _get_json_object,
    "rand": _rand,
    "parse_url": _parse_url,
    "from_unixtime": _from_unixtime,
    "unix_timestamp": _unix_timestamp,
    "date_format": _date_format,
    "date_add": _moved(exp.Add),
    "date_sub": _moved(exp.Sub),
    "trunc": _trunc,
    "from_utc_timestamp": _to_zone(first=True),
    "to_utc_timestamp": _to_zone(first=False),
    "collect_list": _collected,
    "collect_set": _collect_set,
    "size": _size,
    "array": _array,
    "map": _map,
    "isnull": _is(null=True),
    "isnotnull": _is(null=False),
    "if": _if,
    "ceil": _whole("ceil"),
    "ceiling": _whole("ceil"),
    "floor": _whole("floor"),
    "sha2": _sha2,
    "locate": _locate,
    "pmod": _pmod,
    "format_number": _format_number,
    "printf": formatted,
    "count": _count,
    "encode": _utf8("encode"),
    "decode": _utf8("decode"),
    "substr": _substr,
    "substring": _substr,
    "str_to_map": _str_to_map,
    "percentile_approx": _percentile_approx,
    "greatest": trino_functions.FUNCTIONS["greatest"],
    "least": trino_functions.FUNCTIONS["least"],
    "td_first": trino_functions.FUNCTIONS["td_first"],
    "td_last": trino_functions.FUNCTIONS["td_last"],
    "td_numeric_range": trino_functions.FUNCTIONS["td_numeric_range"],
}
