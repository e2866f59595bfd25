"""CAST and TRY_CAST as Trino does them, which rounds, prints and refuses where DuckDB does otherwise."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.refused import refuse
from warehouse.sql.zoned import UNKNOWN, at_clock, clock, zone_of

_WHOLE = {
    exp.DType.TINYINT: "TINYINT",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.INT: "INTEGER",
    exp.DType.BIGINT: "BIGINT",
}
_TEXT = (exp.DType.VARCHAR, exp.DType.TEXT)
_PLAIN = {
    exp.DType.DOUBLE,
    exp.DType.FLOAT,
    exp.DType.BOOLEAN,
    exp.DType.DATE,
    exp.DType.TIME,
    exp.DType.UUID,
    exp.DType.TIMESTAMP,
    exp.DType.TIMESTAMPTZ,
    exp.DType.VARBINARY,
    exp.DType.DECIMAL,
    exp.DType.ARRAY,
    exp.DType.MAP,
    exp.DType.STRUCT,
}


def cast(node: exp.Cast) -> exp.Expr:
    """A CAST or TRY_CAST in DuckDB's words."""
    kind, value = node.to.this, node.this
    if nodes.is_null(value):
        return _plain(node)
    if kind in _TEXT:
        return _to_text(node)
    if kind in _WHOLE:
        return _to_whole(node, _WHOLE[kind])
    if kind == exp.DType.JSON:
        return nodes.call("to_json", value)
    if kind in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ) and (literal := nodes.constant_text(value)) is not None:
        return _time_constant(node, literal)
    if kind == exp.DType.DECIMAL and not node.to.expressions and nodes.constant_text(value) is not None:
        return _decimal_constant(node)
    if kind not in _PLAIN:
        refuse(f"The type {node.to.sql('trino')} is not available here.", node)
    return _plain(node)


def _plain(node: exp.Cast) -> exp.Expr:
    value, kind = node.this, node.to.this
    if kind == exp.DType.TIMESTAMPTZ and zone_of(value):
        moment: exp.Expr = value
        return moment
    if kind in (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIME):
        value = clock(value)
    elif zone_of(value):
        refuse("A time with a zone cannot be cast to this type.", node)
    return type(node)(this=value, to=plain_type(node.to))


def plain_type(kind: exp.DataType, decimal: str = "38, 0") -> exp.DataType:
    """The same type without the precisions that DuckDB does not have; DECIMAL alone has those of `decimal`."""
    kind = kind.copy()
    for one in kind.find_all(exp.DataType):
        if one.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME, *_TEXT):
            one.set("expressions", [])
        elif one.this == exp.DType.DECIMAL and not one.expressions:
            size = [exp.DataTypeParam(this=exp.Literal.number(part)) for part in decimal.split(", ")]
            one.set("expressions", size)
    return kind


def _to_whole(node: exp.Cast, name: str) -> exp.Expr:
    if (whole := nodes.constant_whole(node.this)) is not None and name in ("INTEGER", "BIGINT"):
        return nodes.cast(nodes.number(whole), name)
    prepared = nodes.call("td__whole", node.this)
    return type(node)(this=prepared, to=exp.DataType.build(name, dialect="duckdb"))


def _to_text(node: exp.Cast) -> exp.Expr:
    text: exp.Expr = as_text(node.this)
    if not node.to.expressions:
        return text
    return nodes.call("left", text, exp.Literal.number(str(node.to.expressions[0].name)))


def as_text(value: exp.Expr) -> exp.Expr:
    """A value as Trino's CAST(… AS varchar) prints it."""
    if nodes.constant_text(value) is not None:
        return value
    zone = zone_of(value)
    if zone == UNKNOWN:
        refuse("A time whose zone is only known row by row cannot be cast to varchar. Put it AT TIME ZONE one.", value)
    if zone is not None:
        return nodes.joined(
            [nodes.call("strftime", clock(value), nodes.text("%Y-%m-%d %H:%M:%S.%g")), nodes.text(f" {zone}")]
        )
    digits = value.meta.get("digits")
    if digits == 0:
        return nodes.call("strftime", value, nodes.text("%Y-%m-%d %H:%M:%S"))
    if digits == 6:
        return nodes.call("strftime", value, nodes.text("%Y-%m-%d %H:%M:%S.%f"))
    return nodes.call("td__varchar", value)


def _time_constant(node: exp.Cast, literal: str) -> exp.Expr:
    """TIMESTAMP '2025-01-31 09:30:00 Asia/Tokyo': with a zone it is a moment, without one a clock's time."""
    moment, zone = _split_zone(literal.strip())
    if zone is not None:
        local = nodes.cast(nodes.text(moment), "TIMESTAMP")
        return at_clock(local, zone)
    made = type(node)(this=nodes.text(literal), to=plain_type(node.to))
    if node.to.expressions:
        made.meta["digits"] = int(node.to.expressions[0].name)
    return made


def _split_zone(literal: str) -> tuple[str, str | None]:
    if literal.endswith("Z") and literal[-2:-1].isdigit():
        return literal[:-1].replace("T", " "), "UTC"
    date, space, rest = literal.partition(" ")
    clock_text, second, zone = rest.partition(" ")
    if second and zone:
        return f"{date} {clock_text}", zone.strip()
    if space and clock_text and not clock_text[0].isdigit():
        return f"{date} 00:00:00", clock_text
    for sign in "+-":
        before, found, after = clock_text.partition(sign)
        if found:
            return f"{date} {before}", found + after
    return literal, None


def _decimal_constant(node: exp.Cast) -> exp.Expr:
    text = (nodes.constant_text(node.this) or "").strip()
    digits = text.lstrip("+-")
    if not digits.replace(".", "", 1).isdigit():
        refuse(f"'{text}' is no decimal number.", node)
    number = exp.Literal.number(digits)
    return exp.Neg(this=number) if text.startswith("-") else number
