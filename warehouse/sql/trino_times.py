"""Trino's functions of dates and times (https://trino.io/docs/current/functions/datetime.html)."""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import formats, nodes
from warehouse.sql.calls import Call, Translation
from warehouse.sql.refused import refuse
from warehouse.sql.zoned import UNKNOWN, at_clock, clock, from_clock, mark, mark_by_row, shared, zone_of

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_CLOCK_UNITS = ("millisecond", "second", "minute", "hour")
_PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "week_of_year": "week",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "millisecond": "td__millisecond",
}


def part(unit: str, value: exp.Expr, where: exp.Expr) -> exp.Expr:
    """What EXTRACT(unit FROM value) means in Trino: weeks begin on Monday, which is day 1."""
    if unit.lower() not in _PARTS:
        refuse(f"{unit} cannot be taken from a time here. Use one of {', '.join(sorted(_PARTS))}.", where)
    return nodes.call(_PARTS[unit.lower()], clock(value))


def _part(call: Call) -> exp.Expr:
    call.expect(1)
    return part(call.name, call.arguments[0], call.node)


def _unit(call: Call) -> str:
    unit = call.constant(0, "the unit").lower()
    if unit not in _UNITS:
        refuse(f"{call.name}(): '{unit}' is no unit. Write one of {', '.join(_UNITS)}.", call.node)
    return unit


def _date_trunc(call: Call) -> exp.Expr:
    call.expect(2)
    unit, value = nodes.text(_unit(call)), call.arguments[1]
    return from_clock(nodes.call("td__date_trunc", unit, clock(value)), value)


def _date_add(call: Call) -> exp.Expr:
    call.expect(3)
    unit, count, value = _unit(call), call.arguments[1], call.arguments[2]
    if unit == "quarter":
        unit, count = "month", exp.Mul(this=exp.Paren(this=count), expression=nodes.number(3))
    length = nodes.call(f"to_{unit}s", count if unit in _CLOCK_UNITS else nodes.cast(count, "INT"))
    return plus(value, length, by_the_clock=unit not in _CLOCK_UNITS)


def plus(value: exp.Expr, length: exp.Expr, *, by_the_clock: bool, sign: type[exp.Binary] = exp.Add) -> exp.Expr:
    """A time moved by an interval, of the same type as before; by days and longer in the value's own zone."""
    zone = zone_of(value)
    if zone is None or not by_the_clock:
        moved = sign(this=value, expression=length)
        same = nodes.call("cast_to_type", moved, value.copy())
        return same if zone is None else mark(same, zone)
    return from_clock(exp.Paren(this=sign(this=clock(value), expression=length)), value)


def _date_diff(call: Call) -> exp.Expr:
    call.expect(3)
    unit, start, end = _unit(call), call.arguments[1], call.arguments[2]
    zone = zone_of(start) or zone_of(end)
    if zone is None or unit in _CLOCK_UNITS:
        return nodes.call("date_sub", nodes.text(unit), start, end)
    shared([start, end], call.name + "()")
    return nodes.call("date_sub", nodes.text(unit), clock(start), clock(end))


def _date_format(call: Call) -> exp.Expr:
    call.expect(2)
    pattern = formats.mysql(call.constant(1, "the format"), f"{call.name}()")
    return nodes.call("strftime", clock(call.arguments[0]), nodes.text(pattern))


def _date_parse(call: Call) -> exp.Expr:
    call.expect(2)
    pattern = formats.mysql(call.constant(1, "the format"), f"{call.name}()")
    return nodes.call("strptime", call.arguments[0], nodes.text(pattern.replace("%-", "%")))


def _format_datetime(call: Call) -> exp.Expr:
    call.expect(2)
    pieces = formats.joda(call.constant(1, "the format"), f"{call.name}()")
    return nodes.joined([_piece(call.arguments[0].copy(), one) for one in pieces] or [nodes.text("")])


def _piece(value: exp.Expr, piece: formats.Piece) -> exp.Expr:
    if piece.kind == "clock":
        return nodes.call("strftime", clock(value), nodes.text(piece.text))
    if piece.text == "ZZZ":
        zone = zone_of(value)
        if zone == UNKNOWN:
            refuse("ZZZ cannot be written for a zone that is only known row by row.", value)
        return nodes.call("td__session_zone") if zone is None else nodes.text(zone)
    return nodes.call("td__clock_offset", clock(value), value.copy(), nodes.text(piece.text))


def _parse_datetime(call: Call) -> exp.Expr:
    call.expect(2)
    pieces = formats.joda(call.constant(1, "the format"), f"{call.name}()")
    pattern = "".join(piece.text if piece.kind == "clock" else "%z" for piece in pieces).replace("%-", "%")
    parsed = nodes.cast(nodes.call("strptime", call.arguments[0], nodes.text(pattern)), "TIMESTAMPTZ")
    return mark(parsed, UNKNOWN) if any(piece.kind == "zone" for piece in pieces) else parsed


def _from_unixtime(call: Call) -> exp.Expr:
    call.expect(1, 3)
    moment = nodes.call("to_timestamp", call.arguments[0])
    if len(call.arguments) == 1:
        return moment
    if len(call.arguments) == 2:
        return mark(moment, call.constant(1, "the time zone"))
    hours, minutes = nodes.constant_whole(call.arguments[1]), nodes.constant_whole(call.arguments[2])
    if hours is None or minutes is None:
        refuse(f"{call.name}(): hours and minutes must be numbers.", call.node)
    return mark(moment, f"{hours:+03}:{abs(minutes):02}")


def _at_timezone(call: Call) -> exp.Expr:
    call.expect(2)
    return at_zone(call.arguments[0], call.constant(1, "the time zone"))


def at_zone(value: exp.Expr, name: str) -> exp.Expr:
    """The moment seen from a zone; a time without a zone is one by the session's clock."""
    return mark(nodes.cast(value, "TIMESTAMPTZ"), name)


def _with_timezone(call: Call) -> exp.Expr:
    call.expect(2)
    return at_clock(nodes.cast(call.arguments[0], "TIMESTAMP"), call.constant(1, "the time zone"))


def _date(call: Call) -> exp.Expr:
    call.expect(1)
    return nodes.cast(clock(call.arguments[0]), "DATE")


def _last_day(call: Call) -> exp.Expr:
    call.expect(1)
    return nodes.call("last_day", clock(call.arguments[0]))


def _to_iso8601(call: Call) -> exp.Expr:
    call.expect(1)
    value = call.arguments[0]
    if zone_of(value) is None:
        return nodes.call("td__iso8601", value)
    seconds = nodes.call("strftime", clock(value), nodes.text("%Y-%m-%dT%H:%M:%S.%g"))
    return nodes.joined([seconds, nodes.call("td__clock_offset", clock(value.copy()), value.copy(), nodes.text("XXX"))])


def _from_iso8601(call: Call) -> exp.Expr:
    call.expect(1)
    text = call.arguments[0]
    return mark_by_row(nodes.call("td__from_iso8601", text), nodes.call("td__iso8601_clock", text.copy()))


def _now(call: Call) -> exp.Expr:
    call.expect(0)
    return nodes.call("now")


def _refused_duration(call: Call) -> exp.Expr:
    refuse(f"{call.name}() is not available here. Calculate with seconds instead.", call.node)


FUNCTIONS: dict[str, Translation] = {
    **dict.fromkeys(_PARTS, _part),
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _parse_datetime,
    "from_unixtime": _from_unixtime,
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
    "date": _date,
    "last_day_of_month": _last_day,
    "to_iso8601": _to_iso8601,
    "from_iso8601_timestamp": _from_iso8601,
    "now": _now,
    "human_readable_seconds": _refused_duration,
    "parse_duration": _refused_duration,
    "to_milliseconds": _refused_duration,
}
"""All of these look after zones themselves."""
