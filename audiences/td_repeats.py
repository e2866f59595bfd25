"""When an activation runs, in the words of Treasure Data's API: repeatUnit, repeatFrequency, repeatSubFrequency,
startAt, endOn and timezone."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from audiences import repeats
from audiences.repeats import CRON, DAY, HOUR, MINUTE, MONTH, NONE, WEEK, Repeat, RepeatError

ONCE = "once"
UNITS = (NONE, ONCE, MINUTE, HOUR, DAY, WEEK, MONTH)


def to_td(one: Repeat) -> dict[str, Any]:
    """Raises RepeatError for a cron line, which Treasure Data has no words for."""
    if one.unit == CRON:
        raise RepeatError({"repeatUnit": "A custom cron line has no form in Treasure Data's API."})
    return {
        "repeatUnit": ONCE if one.unit == NONE and one.start else one.unit,
        "repeatFrequency": None if one.unit == NONE else one.every,
        "repeatSubFrequency": list(one.days) if one.unit == WEEK else [],
        "startAt": one.start.isoformat(timespec="seconds") if one.start else None,
        "endOn": one.end.isoformat() if one.end and one.unit != NONE else None,
        "timezone": one.time_zone,
    }


def from_td(data: Mapping[str, Any]) -> Repeat:
    """Raises RepeatError, with what is wrong by the name that Treasure Data has for it."""
    unit, every = data.get("repeatUnit") or NONE, _frequency(data)
    if unit not in UNITS:
        raise RepeatError({"repeatUnit": f"“{unit}” is not one of {', '.join(UNITS)}."})
    if unit in (DAY, WEEK, MONTH) and every != 1:
        raise RepeatError({"repeatFrequency": f"Every {every} {unit}s cannot be kept: only every {unit}."})
    if unit in repeats.WHOLE and every not in repeats.divisors(repeats.WHOLE[unit]):
        some = ", ".join(map(str, repeats.divisors(repeats.WHOLE[unit])))
        raise RepeatError({"repeatFrequency": f"Every {every} {unit}s cannot be kept: only every {some}."})
    start = None if unit == NONE else _start(data)
    if unit == ONCE and not start:
        raise RepeatError({"startAt": "What runs once needs a startAt."})
    return Repeat(
        unit=NONE if unit == ONCE else unit,
        every=every if unit in repeats.WHOLE else 1,
        days=_days(data) if unit == WEEK else (),
        start=start,
        end=None if unit in (NONE, ONCE) else _end(data),
        time_zone=str(data.get("timezone") or "UTC"),
    )


def _frequency(data: Mapping[str, Any]) -> int:
    every = data.get("repeatFrequency")
    every = 1 if every is None else every
    if not isinstance(every, int) or isinstance(every, bool) or every < 1:
        raise RepeatError({"repeatFrequency": "repeatFrequency must be a whole number from 1 on."})
    return every


def _days(data: Mapping[str, Any]) -> tuple[int, ...]:
    days = data.get("repeatSubFrequency")
    if not isinstance(days, list) or not days or not all(type(day) is int and 1 <= day <= 7 for day in days):
        raise RepeatError({"repeatSubFrequency": "repeatSubFrequency must list days of the week, 1 (Monday) to 7."})
    return tuple(sorted(set(days)))


def _start(data: Mapping[str, Any]) -> datetime | None:
    try:
        start = datetime.fromisoformat(data["startAt"]) if data.get("startAt") else None
    except (TypeError, ValueError):
        start = None
    if data.get("startAt") and (start is None or start.tzinfo):
        raise RepeatError({"startAt": "startAt is written like 2026-12-01T06:00:00, by the clock of the timezone."})
    if start and (start.second or start.microsecond):
        raise RepeatError({"startAt": "A schedule starts at a full minute: its seconds must be 00."})
    return start


def _end(data: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(data["endOn"])[:10]) if data.get("endOn") else None
    except ValueError:
        raise RepeatError({"endOn": "endOn is written like 2026-12-31."}) from None
