"""TD_INTERVAL's language: '-1d', '-7d/now', '-1M/-1M', '-3d/2017-04-07'; and points in time written as text.

The language is that of Airframe's TimeWindow (https://wvlet.org/airframe/docs/airframe-metrics), which TD uses.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from warehouse.sql.refused import Refused, refuse
from warehouse.sql.zones import zone_named

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"M": 1, "q": 3, "y": 12}
_LENGTH = re.compile(r"(\+|-|last|next)?(\d{1,9})([smhdwMqy])")
_WORDS = {"Hour": "h", "Week": "w", "Month": "M", "Year": "y"}
_MOMENT = re.compile(
    r"(?P<date>\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?)"
    r"(?:[ T](?P<time>\d{1,2}(?::\d{1,2}(?::\d{1,2}(?:[.,]\d{1,9})?)?)?))?"
    r"\s*(?P<zone>Z|[+-]\d{1,2}:?\d\d|[A-Za-z]+(?:[/_+-][A-Za-z0-9_+-]+)*)?"
)


@dataclass(frozen=True)
class _Length:
    """`count` units; the window begins `skip` units after the one that the point in time lies in."""

    count: int
    skip: int
    unit: str


def window(text: str, zone: ZoneInfo, now: int) -> tuple[int, int]:
    """Start (inclusive) and end (exclusive) in Unix seconds of a TD_INTERVAL, seen from `now`."""
    here = datetime.fromtimestamp(now, zone)
    first, slash, rest = text.strip().partition("/")
    begin = _moment(first, zone)
    if begin is not None:
        return _from_date(begin, len(first.strip()) <= 10, rest if slash else None, here)
    length = _length(first, text)
    point = _point(rest, length.unit, here, text) if slash else truncated(here, length.unit)
    start, end = _around(length, point)
    return _seconds(start), _seconds(end)


def _from_date(begin: datetime, is_day: bool, rest: str | None, here: datetime) -> tuple[int, int]:
    """A window that begins at a date that is written out: that day or second, or until what follows the slash."""
    if rest is None:
        end = added(truncated(begin, "d" if is_day else "s"), 1, "d" if is_day else "s")
    else:
        end = _point(rest, "s", here, rest)
    if begin > end:
        refuse("TD_INTERVAL: the interval ends before it begins.")
    return _seconds(begin), _seconds(end)


def _point(text: str, unit: str, here: datetime, whole: str) -> datetime:
    """The point that a window is measured from: what stands after the slash."""
    *steps, last = [part.strip() for part in text.split("/")]
    lengths = [_length(step, whole) for step in steps]
    moment = _moment(last.removesuffix(")"), here.tzinfo)
    if moment is not None:
        moved = _moved(moment, lengths)
        return moved if last.endswith(")") else truncated(moved, unit)
    point = _moved(here, lengths)
    if last == "now":
        return point
    length = _length(last, whole)
    start, end = _around(length, point)
    return end if length.count > 0 else start


def _moved(point: datetime, lengths: list[_Length]) -> datetime:
    for length in reversed(lengths):
        point = added(point, length.count, length.unit)
    return point


def _around(length: _Length, point: datetime) -> tuple[datetime, datetime]:
    """The window of `length` at `point`: whole units, and the part of a unit that the point stands in."""
    grid = truncated(point, length.unit)
    near = added(grid, length.skip, length.unit)
    far = added(near, length.count, length.unit)
    start = near if grid == point else point
    return (start, far) if start <= far else (far, start)


def _length(text: str, whole: str) -> _Length:
    word = text.strip()
    named = {"today": _Length(-1, 1, "d"), "yesterday": _Length(-1, 0, "d"), "tomorrow": _Length(1, 1, "d")}
    for name, unit in _WORDS.items():
        named |= {f"this{name}": _Length(-1, 1, unit)}
        named |= {f"last{name}": _Length(-1, 0, unit), f"next{name}": _Length(1, 1, unit)}
    if word in named:
        return named[word]
    found = _LENGTH.fullmatch(word)
    if not found:
        refuse(
            f"TD_INTERVAL cannot read '{whole}'. Write a number and s, m, h, d, w, M, q or y, such as '-1d', "
            "and where needed what it is measured from, such as '-7d/now' or '-1M/2025-01-01'."
        )
    count = int(found[2]) * (-1 if found[1] in ("-", "last") else 1)
    return _Length(count, 0, found[3])


def truncated(moment: datetime, unit: str) -> datetime:
    """The beginning of the unit (s, m, h, d, w from Monday, M, q, y) that the moment lies in, by its own clock."""
    if unit in _SECONDS:
        # By the moment itself, not by the wall clock, which shows some hours twice.
        past = (moment.replace(tzinfo=None) - datetime.min) % timedelta(seconds=_SECONDS[unit])
        return (moment.astimezone(UTC) - past).astimezone(moment.tzinfo)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "d":
        return day
    if unit == "w":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return day.replace(day=1, month=(day.month - 1) // months * months + 1)


def added(moment: datetime, count: int, unit: str) -> datetime:
    """The moment moved by `count` units: days and longer by the calendar, a month's end stays one."""
    try:
        if unit in _SECONDS:
            return (moment.astimezone(UTC) + timedelta(seconds=count * _SECONDS[unit])).astimezone(moment.tzinfo)
        if unit in _DAYS:
            return moment + timedelta(days=count * _DAYS[unit])
        return _months_later(moment, count * _MONTHS[unit])
    except (OverflowError, ValueError):
        raise Refused("The time is beyond the years 1 to 9999.") from None


def _months_later(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def moment(text: str, zone: ZoneInfo) -> int | None:
    """Unix seconds of a date or time as TD reads it ('2025-01-31', '2025-01-31 09:30:00 JST'); None if it is none."""
    if re.fullmatch(r"-?\d{9,11}", text.strip()):
        return int(text)
    found = _moment(text, zone)
    return None if found is None else _seconds(found)


def _moment(text: str, zone: tzinfo | None) -> datetime | None:
    found = _MOMENT.fullmatch(text.strip())
    if not found or (found["zone"] and len(found["date"]) == 4):
        return None
    year, month, day = ([int(part) for part in found["date"].split("-")] + [1, 1])[:3]
    hour, minute, second, fraction = _clock(found["time"] or "0")
    own = zone_named(found["zone"]) if found["zone"] else zone
    try:
        return datetime(year, month, day, hour, minute, second, fraction, tzinfo=own)
    except ValueError:
        return None


def _clock(text: str) -> tuple[int, int, int, int]:
    """Hour, minute, second and microsecond of 9, 9:30, 9:30:15 or 9:30:15.5."""
    hour, minute, seconds = ([*text.replace(",", ".").split(":"), "0", "0"])[:3]
    second, _, fraction = seconds.partition(".")
    return int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0") or 0)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1)
