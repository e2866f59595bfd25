"""UNNEST of several lists, of maps and WITH ORDINALITY, which DuckDB can do in a SELECT only."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.refused import refuse

_MAPS = ("map", "map_agg", "td__map_agg", "td__multimap_agg", "map_from_entries", "map_concat", "td__split_to_map")
_ROWS = ("map_entries", "list_zip")


def joined(node: exp.Join) -> exp.Expr:
    """A join, with UNNEST put as a subquery that sees the tables before it."""
    if node.method.upper() == "NATURAL":
        refuse("NATURAL JOIN cannot be used here. Write JOIN … USING (column).", node)
    if isinstance(node.this, exp.Unnest):
        node.set("this", _unnested(node.this))
        if node.kind.upper() != "CROSS" and not node.side and not node.args.get("on"):
            node.set("kind", "CROSS")
    return node


def read_from(node: exp.From) -> exp.Expr:
    """FROM, whose first table may be an UNNEST."""
    if isinstance(node.this, exp.Unnest):
        node.set("this", _unnested(node.this))
    return node


def _unnested(node: exp.Unnest) -> exp.Expr:
    alias = node.args.get("alias")
    names: list[exp.Identifier] = list(alias.columns) if alias else []
    ordinal = node.args.get("offset")
    if isinstance(ordinal, exp.Identifier):
        names.append(ordinal)
    if not alias or not names:
        refuse("Name what UNNEST gives: UNNEST(x) AS t (a).", node)
    width = len(names) - (1 if ordinal else 0)
    columns = _columns(node.expressions, width, node)
    if ordinal:
        columns.append(nodes.call("unnest", nodes.call("td__ordinals", exp.Array(expressions=_lengths(node)))))
    inner = exp.Select(expressions=columns)
    named = exp.TableAlias(this=alias.this, columns=[name.copy() for name in names])
    return exp.Lateral(this=exp.Subquery(this=inner), alias=named)


def _columns(values: list[exp.Expr], width: int, node: exp.Unnest) -> list[exp.Expr]:
    if len(values) == width:
        return [nodes.call("unnest", value.copy()) for value in values]
    if len(values) > 1:
        refuse(f"UNNEST has {len(values)} lists here and {width} names. Unnest a map or a list of rows alone.", node)
    value = values[0]
    if _is_rows(value):
        spread = exp.PropertyEQ(this=exp.to_identifier("max_depth"), expression=nodes.number(2))
        return [nodes.call("unnest", value.copy(), spread)]
    if width != 2:
        refuse(f"UNNEST of one list gives one column, not {width}. Cast it to array(row(…)) if it holds rows.", node)
    return [
        nodes.call("unnest", nodes.call("map_keys", value.copy())),
        nodes.call("unnest", nodes.call("map_values", value.copy())),
    ]


def _is_rows(value: exp.Expr) -> bool:
    """Whether the value is plainly a list of rows; what cannot be seen is taken for a map."""
    if isinstance(value, exp.Cast):
        kind = value.to
        inner = kind.expressions[0].this if kind.expressions else None
        return bool(kind.this == exp.DType.ARRAY and inner == exp.DType.STRUCT)
    if isinstance(value, exp.Array):
        return any(_is_row(one) for one in value.expressions)
    return isinstance(value, exp.Anonymous) and value.name in _ROWS


def _is_row(value: exp.Expr) -> bool:
    if isinstance(value, exp.Cast):
        return bool(value.to.this == exp.DType.STRUCT)
    return isinstance(value, exp.Tuple) or (isinstance(value, exp.Anonymous) and value.name == "row")


def _lengths(node: exp.Unnest) -> list[exp.Expr]:
    return [nodes.call("td__cardinality", value.copy()) for value in node.expressions]
