"""Treasure Data's functions of time. A zone is always a text in quotes, so what is constant becomes a constant.

https://api-docs.treasuredata.com/en/tools/presto/api
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from warehouse.sql import formats, intervals, nodes
from warehouse.sql.calls import Call, Translation
from warehouse.sql.refused import Refused, refuse
from warehouse.sql.zones import abbreviations, steady, zone_named

UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_SECONDS_OF = {"second": 1, "minute": 60, "hour": 3600}
_SHORT_UNIT = {"second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w", "month": "M"}
_SHORT_UNIT |= {"quarter": "q", "year": "y"}
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WITH_BANG = {
    "y": "yyyy",
    "q": "yyyy-MM",
    "M": "yyyy-MM",
    "w": "yyyy-MM-dd",
    "d": "yyyy-MM-dd",
    "h": "yyyy-MM-dd HH",
    "m": "yyyy-MM-dd HH:mm",
    "s": "yyyy-MM-dd HH:mm:ss",
}


def _zone(call: Call, index: int) -> ZoneInfo:
    if call.argument(index) is None:
        return ZoneInfo("UTC")
    return zone_named(call.constant(index, "the time zone"))


def moment_of(value: exp.Expr, zone: ZoneInfo, call: Call) -> exp.Expr:
    """Unix seconds of an argument that is a number, a text or a timestamp; a constant where that is one."""
    whole = nodes.constant_whole(value)
    if whole is not None:
        return nodes.number(whole)
    written = nodes.constant_text(value)
    if written is None:
        return nodes.call("td__epoch", value, nodes.text(zone.key))
    seconds = intervals.moment(written, zone)
    if seconds is None:
        refuse(f"{call.name}(): '{written}' is no time. Write one such as '2025-01-31' or '2025-01-31 09:30:00'.")
    return nodes.number(seconds)


def _between(value: exp.Expr, start: exp.Expr | None, end: exp.Expr | None) -> exp.Expr:
    """start <= value < end, as plain comparisons, which let DuckDB skip the parts of a file that are outside."""
    ends: list[exp.Expr] = []
    if start is not None:
        ends.append(exp.GTE(this=_operand(value), expression=start))
    if end is not None:
        ends.append(exp.LT(this=_operand(value), expression=end))
    return exp.Paren(this=exp.and_(*ends, copy=False)) if ends else exp.true()


def _operand(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value.copy()) if isinstance(value, exp.Binary) else value.copy()


def _time_range(call: Call) -> exp.Expr:
    call.expect(2, 4)
    zone, (start, end) = _zone(call, 3), (call.argument(1), call.argument(2))
    return _between(
        call.arguments[0],
        None if start is None else moment_of(start, zone, call),
        None if end is None else moment_of(end, zone, call),
    )


def _window(call: Call, index: int) -> tuple[int, int]:
    """The window of an interval, its zone and its `now`, which follow each other from `index`."""
    now = call.scheduled_time
    if (given := call.argument(index + 2)) is not None:
        whole = nodes.constant_whole(given)
        now = now if whole is None else whole
        if whole is None:
            refuse(f"{call.name}(): the time that the interval is seen from must be a number.", call.node)
    return intervals.window(call.constant(index, "the interval"), _zone(call, index + 1), now)


def _interval(call: Call) -> exp.Expr:
    call.expect(2, 4)
    start, end = _window(call, 1)
    return _between(call.arguments[0], nodes.number(start), nodes.number(end))


def _interval_range(call: Call) -> exp.Expr:
    call.expect(1, 3)
    return exp.Array(expressions=[nodes.number(seconds) for seconds in _window(call, 0)])


def _scheduled_time(call: Call) -> exp.Expr:
    call.expect(0)
    return nodes.number(call.scheduled_time)


def _parse(call: Call) -> exp.Expr:
    call.expect(1, 2)
    return moment_of(call.arguments[0], _zone(call, 1), call)


def _add(call: Call) -> exp.Expr:
    call.expect(2, 3)
    moment = moment_of(call.arguments[0], _zone(call, 2), call)
    written = nodes.constant_text(call.arguments[1])
    if written is None:
        moved = nodes.call("td__duration", call.arguments[1])
        return exp.Paren(this=exp.Add(this=moment, expression=moved))
    seconds = duration(written)
    if (whole := nodes.constant_whole(moment)) is not None:
        return nodes.number(whole + seconds)
    return exp.Paren(this=exp.Add(this=moment, expression=nodes.number(seconds)))


def duration(text: str) -> int:
    """Seconds of '1d', '-7d', '1h30m'. A minus before several units says not which it is for, so that is refused."""
    parts = re.findall(r"([+-]?)(\d{1,9})([smhdw])", text)
    if not parts or "".join(map("".join, parts)) != text.strip():
        refuse(f"TD_TIME_ADD(): '{text}' is no duration. Write a number and s, m, h, d or w, such as '-1d'.")
    if len(parts) > 1 and parts[0][0] == "-" and any(not sign for sign, _, _ in parts):
        refuse(f"TD_TIME_ADD(): '{text}' can be read in two ways. Put a sign before each number.")
    return sum(int(sign + count) * _DURATION_UNITS[unit] for sign, count, unit in parts)


def _format(call: Call) -> exp.Expr:
    call.expect(2, 3)
    pieces = formats.java(call.constant(1, "the format"), f"{call.name}()")
    return _written(call.arguments[0], pieces, _zone(call, 2))


def _written(value: exp.Expr, pieces: list[formats.Piece], zone: ZoneInfo) -> exp.Expr:
    whole = nodes.constant_whole(value)
    if whole is not None:
        constant = formats.written(_at(whole, zone), pieces)
        if constant is not None:
            return nodes.text(constant)
    return nodes.joined([_piece(value, piece, zone) for piece in pieces] or [nodes.text("")])


def _at(seconds: int, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, zone)
    except (OverflowError, ValueError, OSError):
        raise Refused(f"{seconds} is no time in Unix seconds.") from None


def _piece(value: exp.Expr, piece: formats.Piece, zone: ZoneInfo) -> exp.Expr:
    if piece.kind == "clock":
        return nodes.call("strftime", local(value, zone), nodes.text(piece.text))
    if piece.text == "z":
        return _zone_name(value, zone)
    return nodes.call("td__offset", value.copy(), nodes.text(zone.key), nodes.text(piece.text))


def _zone_name(value: exp.Expr, zone: ZoneInfo) -> exp.Expr:
    names = abbreviations(zone)
    if len(names) == 1:
        return nodes.text(next(iter(names.values())))
    offset = nodes.call("td__offset_seconds", value.copy(), nodes.text(zone.key))
    cases = exp.Case(this=offset)
    for seconds, name in sorted(names.items()):
        cases = cases.when(nodes.number(seconds), nodes.text(name), copy=False)
    return cases


def local(value: exp.Expr, zone: ZoneInfo) -> exp.Expr:
    """The wall clock of a zone at a time in Unix seconds."""
    return nodes.call("timezone", nodes.text(zone.key), nodes.call("to_timestamp", value.copy()))


def _string(call: Call) -> exp.Expr:
    call.expect(2, 3)
    code, zone = call.constant(1, "the format"), _zone(call, 2)
    unit = code.removesuffix("!")
    if unit not in _WITH_BANG:
        return _format(call)
    start = _truncated(call.arguments[0], unit, zone)
    pattern = _WITH_BANG[unit] if code.endswith("!") else "yyyy-MM-dd HH:mm:ssZ"
    return _written(start, formats.java(pattern, call.name), zone)


def _date_trunc(call: Call) -> exp.Expr:
    call.expect(2, 3)
    unit, zone = call.constant(0, "the unit").lower(), _zone(call, 2)
    if unit not in UNITS:
        refuse(f"{call.name}(): '{unit}' is no unit. Write one of {', '.join(UNITS)}.", call.node)
    return _truncated(moment_of(call.arguments[1], zone, call), _SHORT_UNIT[unit], zone)


def _truncated(value: exp.Expr, unit: str, zone: ZoneInfo) -> exp.Expr:
    """Unix seconds of the beginning of the unit in the zone."""
    whole = nodes.constant_whole(value)
    if whole is not None:
        return nodes.number(int(intervals.truncated(_at(whole, zone), unit).timestamp()))
    if unit == "s":
        return value
    if unit in ("m", "h"):
        size = nodes.number(_DURATION_UNITS[unit])
        return nodes.call("td__trunc_clock", value.copy(), size, nodes.text(zone.key))
    long_unit = next(name for name, short in _SHORT_UNIT.items() if short == unit)
    macro = "td__trunc_day" if steady(zone.key) else "td__trunc_shifting_day"
    return nodes.call(macro, nodes.text(long_unit), value.copy(), nodes.text(zone.key))


FUNCTIONS: dict[str, Translation] = {
    "td_time_range": _time_range,
    "td_interval": _interval,
    "td_interval_range": _interval_range,
    "td_scheduled_time": _scheduled_time,
    "td_time_parse": _parse,
    "td_time_add": _add,
    "td_time_format": _format,
    "td_time_string": _string,
    "td_date_trunc": _date_trunc,
}
