"""Paths into JSON."""

from __future__ import annotations

import re

from sqlglot import exp

from warehouse.sql.refused import refuse

_STEP = re.compile(r"""\.([^.\[\]"'*]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]""")


def json_path(path: str, node: exp.Expr) -> str:
    """Trino's JSON path ($.a["b c"][0]) in DuckDB's words ($."a"."b c"[0])."""
    if not path.startswith("$") or _STEP.sub("", path[1:]):
        refuse(f"The JSON path '{path}' is not available here. Write it with $, .name, [\"name\"] and [0].", node)
    written = "$"
    for name, index, double, single in _STEP.findall(path[1:]):
        if index:
            written += f"[{index}]"
        elif '"' in (name or double or single):
            refuse(f"The JSON path '{path}' has a name with a quote in it.", node)
        else:
            written += f'."{name or double or single}"'
    return written
