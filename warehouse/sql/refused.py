"""What the translation refuses, by name, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn

from sqlglot import exp


class Refused(Exception):
    """The text cannot be translated; `node` is the place, where there is one."""

    def __init__(self, message: str, node: exp.Expr | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.node = node


def refuse(message: str, node: exp.Expr | None = None) -> NoReturn:
    """Raise `Refused`; reads better than a raise in an expression."""
    raise Refused(message, node)


_OWN_IP_DATABASE = (
    "{name} needs Treasure Data's own IP database, which this engine does not have. "
    "Join a table that has the answer for each address instead."
)
_SKETCH = "{name} makes a sketch that only Trino can read. Write approx_distinct(x) or approx_percentile(x, p) instead."
_SPATIAL = "{name} works on geometries, which this engine does not have."
_ML = "{name} trains or applies a model, which this engine does not do."

_BY_NAME = {
    "td_lat_long_to_country": "{name} needs Treasure Data's own map, which this engine does not have. "
    "Join a table with the country of each place instead.",
    "td_currency_conv": "{name} needs Treasure Data's exchange rates, which this engine does not have. "
    "Join a table with the rates instead.",
    "td_parse_user_agent": "{name} follows another list of browsers, which this engine does not have. "
    "Write TD_PARSE_AGENT(user_agent)['os'] instead.",
    "checksum": "checksum() is Trino's own; this engine has no equal. "
    "Write to_hex(md5(to_utf8(array_join(array_agg(x ORDER BY x), ',')))) instead.",
    "word_stem": "word_stem() is not available here. Compare lower(x) instead.",
    "json_query": "JSON_QUERY is not available here. Write json_extract(x, '$.path') instead.",
    "json_value": "JSON_VALUE is not available here. Write json_extract_scalar(x, '$.path') instead.",
    "json_exists": "JSON_EXISTS is not available here. Write json_extract(x, '$.path') IS NOT NULL instead.",
    "json_table": "JSON_TABLE is not available here. "
    "Write CROSS JOIN UNNEST(CAST(json_extract(x, '$.path') AS array(json))) instead.",
    "json_object": "JSON_OBJECT is not available here. Write CAST(map(ARRAY['key'], ARRAY[value]) AS json) instead.",
    "json_array": "JSON_ARRAY is not available here. Write CAST(ARRAY[a, b] AS json) instead.",
    "soundex": "soundex() is not available here. Compare levenshtein_distance(a, b) instead.",
    "current_user": "current_user is not available here.",
    "tdigest_agg": _SKETCH,
    "qdigest_agg": _SKETCH,
    "approx_set": _SKETCH,
    "merge": _SKETCH,
    "numeric_histogram": "numeric_histogram() is approximate in Trino's own way. "
    "Write width_bucket(x, min, max, n) with GROUP BY instead.",
    "td_x_rank": "TD_X_RANK counts in the order rows arrive, which this engine does not keep. "
    "Write rank() OVER (PARTITION BY key ORDER BY x) instead.",
}
_BY_PREFIX = (
    ("td_ip_to_", _OWN_IP_DATABASE),
    ("st_", _SPATIAL),
    ("learn_", _ML),
    ("bing_tile", _SPATIAL),
)


def ordered_by_chance(window: exp.Expr) -> None:
    """Raise `Refused` for a window whose order is rewritten as random(), which DuckDB does not sort by."""
    order = window.args.get("order")
    if order and any(call.name.startswith(("random", "td__random_")) for call in order.find_all(exp.Anonymous)):
        refuse(
            "A window cannot be ordered by rand() here. Let an inner SELECT make it a column: "
            "rank() OVER (ORDER BY r) FROM (SELECT *, rand() AS r FROM t).",
            window,
        )


def reason(name: str) -> str | None:
    """Why a function is refused although its name is known; None where it is not on the list."""
    low = name.lower()
    if low in _BY_NAME:
        return _BY_NAME[low].format(name=name.upper())
    for prefix, message in _BY_PREFIX:
        if low.startswith(prefix):
            return message.format(name=name.upper())
    return None


def unknown(name: str, known: Iterable[str]) -> str:
    """The message for a function that nobody knows, with the names that are near."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    if name.lower().startswith("td_"):
        names = [other for other in names if other.startswith("td_")]
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.4) or names
        near = [other.upper() for other in near]
    message = f"There is no function {name}() here."
    return f"{message} Did you mean {' or '.join(near)}?" if near else message
