"""Java's Formatter (Trino's format, Hive's printf) for a pattern that is constant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.calls import Call
from warehouse.sql.casts import as_text
from warehouse.sql.refused import refuse

_FORMAT = re.compile(r"%(?:(?P<flags>[-0,+]*)(?P<width>\d*)(?:\.(?P<digits>\d+))?(?P<letter>[sdfxXn])|(?P<percent>%))")


def formatted(call: Call) -> exp.Expr:
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


def _formatted(shape: re.Match[str], values: Iterator[exp.Expr], call: Call) -> exp.Expr:
    if shape["percent"] or shape["letter"] == "n":
        return nodes.text("%" if shape["percent"] else "\n")
    value = next(values, None)
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
