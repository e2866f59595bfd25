"""The time of an export as a text or a number: what a Timestamp of the string builder writes.

A format is UNIX, or a pattern of Java's SimpleDateFormat, as in Treasure Data's API.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlglot import exp

from exports.timing import zone_names
from warehouse.sql import formats, nodes
from warehouse.sql.formats import Piece
from warehouse.sql.refused import Refused
from warehouse.sql.zones import abbreviations

UNIX = "unix"  # no pattern: Java has no such letters
ISO = "yyyy-MM-dd'T'HH:mm:ssXXX"
LABELS = {UNIX: "UNIX seconds", ISO: "ISO 8601"}
LONGEST = 100


def problem(pattern: str, zone: str) -> dict[str, str]:
    """What is wrong, by "format" and "timezone"; {} if nothing is."""
    if zone not in zone_names():
        return {"timezone": f"There is no time zone “{zone}”. Write a name such as Asia/Tokyo, or UTC."}
    if not pattern.strip():
        return {"format": "Write a pattern such as yyyy-MM-dd HH:mm:ss."}
    if not pattern.isprintable():
        return {"format": "The pattern has characters that cannot be seen. Remove them."}
    if len(pattern) > LONGEST:
        return {"format": f"A pattern has at most {LONGEST} characters."}
    try:
        expression(pattern, zone)
    except Refused as error:
        return {"format": error.message}
    return {}


def expression(pattern: str, zone: str) -> exp.Expr:
    """The time at which the query runs, the same in all its rows: BIGINT for UNIX, else VARCHAR. Raises Refused."""
    if pattern == UNIX:
        return nodes.cast(nodes.call("floor", nodes.call("epoch", _now())), "BIGINT")
    pieces = formats.java(pattern, "A timestamp")
    return nodes.joined([_piece(piece, ZoneInfo(zone)) for piece in pieces])


def _now() -> exp.Expr:
    return nodes.call("now")


def _clock(zone: str) -> exp.Expr:
    return nodes.call("timezone", nodes.text(zone), _now())


def _piece(piece: Piece, zone: ZoneInfo) -> exp.Expr:
    if piece.kind == "clock":
        return nodes.call("strftime", _clock(zone.key), nodes.text(piece.text))
    names = abbreviations(zone) if piece.text == "z" else {at: _offset(at, piece.text) for at in _offsets(zone.key)}
    if len(names) == 1:
        return nodes.text(next(iter(names.values())))
    ahead = exp.Sub(this=nodes.call("epoch", _clock(zone.key)), expression=nodes.call("epoch", _clock("UTC")))
    cases = exp.Case(this=nodes.cast(exp.Paren(this=ahead), "BIGINT"))
    for seconds, name in sorted(names.items()):
        cases = cases.when(nodes.number(seconds), nodes.text(name), copy=False)
    return cases


@lru_cache(maxsize=600)
def _offsets(zone: str) -> tuple[int, ...]:
    """The zone's offsets from UTC in seconds, since 2020."""
    start, place = datetime(2020, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    seen = ((start + timedelta(days=day)).astimezone(place).utcoffset() or timedelta() for day in range(0, 18_000, 5))
    return tuple(sorted({int(offset.total_seconds()) for offset in seen}))


def _offset(seconds: int, letters: str) -> str:
    """An offset as Java's letters Z, X, XX and XXX write it."""
    if not seconds and letters.startswith("X"):
        return "Z"
    sign, hours, minutes = "-" if seconds < 0 else "+", abs(seconds) // 3600, abs(seconds) // 60 % 60
    if letters == "X" and not minutes:
        return f"{sign}{hours:02}"
    return f"{sign}{hours:02}{':' if letters == 'XXX' else ''}{minutes:02}"
