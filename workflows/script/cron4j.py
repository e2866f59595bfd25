"""What a cron line means to digdag: the rules of its library cron4j 2.2.5, not those of queries' schedules.

- Day of month **and** day of week must both match.
- A step takes every n-th value of its range, the first one included: `3-18/5` is 3, 8, 13, 18, and `5/10` is 5.
- A range may run over the end: `22-2` is 22, 23, 0, 1, 2.
- `L` is the last day of the month; months and days of week have names; Sunday is 0 and 7.
- Several lines may be joined with `|`: any of them will do.
- A local time that the clock leaves out is as much later as the clock was moved; of a time that comes twice, the second
  one is meant. (A line for every minute runs in each of them.)
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workflows.script.zones import instant_of

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONGEST = 200
_LAST = 32
_CALENDAR_YEARS = 41
"""29 February comes on the same day of the week within so many years, also around a year such as 2100."""


class CronError(ValueError):
    """The line cannot be used; the text names the field and says what is allowed, and has no full stop."""


@dataclass(frozen=True)
class _Field:
    """One of the five; `names` stand for its values from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def parse(self, text: str) -> frozenset[int]:
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, text: str) -> list[int]:
        values, slash, step = text.partition("/")
        taken = self._range(values)
        if slash and not (_is_number(step) and int(step) > 0):
            raise self._error(text, "a step is a whole number from 1 on")
        return taken[:: int(step)] if slash else taken

    def _range(self, text: str) -> list[int]:
        if text == "*":
            return list(range(self.low, self.high + 1))
        first, dash, last = text.partition("-")
        start = self._value(first)
        end = self._value(last) if dash else start
        if start > end:
            return [*range(start, self.high + 1), *range(self.low, end + 1)]
        return list(range(start, end + 1))

    def _value(self, text: str) -> int:
        if text.lower() in self.names:
            return self.low + self.names.index(text.lower())
        if self is _DAYS and text.upper() == "L":
            return _LAST
        if not (_is_number(text) and self.low <= int(text) <= self.high):
            raise self._error(text, "")
        return 0 if self is _WEEKDAYS and int(text) == 7 else int(text)

    def _error(self, text: str, why: str) -> CronError:
        names = f", {self.names[0]}…{self.names[-1]}" if self.names else ", L" if self is _DAYS else ""
        allowed = why or f"allowed are {self.low}–{self.high}{names}, *, ranges a-b, steps /n, and lists with commas"
        return CronError(f"{self.name}: “{text[:40]}” cannot be used; {allowed}")


_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MINUTES, _HOURS, _DAYS = _Field("minute", 0, 59), _Field("hour", 0, 23), _Field("day of month", 1, 31)
_MONTHS = _Field("month", 1, 12, _MONTH_NAMES)
_WEEKDAYS = _Field("day of week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
_FIELDS = (_MINUTES, _HOURS, _DAYS, _MONTHS, _WEEKDAYS)


@dataclass(frozen=True)
class _Line:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def matches(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours and self._on(wall.date())

    def next_from(self, wall: datetime) -> datetime | None:
        """The first wall clock time that matches, `wall` included; None if none does."""
        for day in self._days_from(wall.date()):
            earliest = wall.time() if day == wall.date() else time()
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    if (found := time(hour, minute)) >= earliest:
                        return datetime.combine(day, found)
        return None

    def _days_from(self, start: date) -> Iterator[date]:
        day = start
        while day.year <= min(start.year + _CALENDAR_YEARS, 9998):
            if day.month not in self.months:
                day = (day.replace(day=1) + 31 * DAY).replace(day=1)
                continue
            if self._on(day):
                yield day
            day += DAY

    def _on(self, day: date) -> bool:
        last = _LAST in self.days and day.day == monthrange(day.year, day.month)[1]
        return (day.day in self.days or last) and day.month in self.months and day.isoweekday() % 7 in self.weekdays


@dataclass(frozen=True)
class Cron:
    """When any of `lines` matches."""

    text: str
    lines: tuple[_Line, ...]

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first match later than `moment`, in UTC; seconds are cut off before. None behind the year 9998."""
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
        wall = start.astimezone(zone).replace(tzinfo=None, fold=0)
        if any(line.matches(wall) for line in self.lines):
            return start
        walls = [found for line in self.lines if (found := line.next_from(wall))]
        return min((instant_of(found, zone, fold=1) for found in walls), default=None)


def parse(text: str) -> Cron:
    """Raises CronError."""
    if len(text) > LONGEST:
        raise CronError(f"a line has at most {LONGEST} characters")
    cron = Cron(text, tuple(_line(part) for part in text.split("|")))
    if not all(line.next_from(datetime(2000, 1, 1)) for line in cron.lines):
        raise CronError(f"“{text}” never comes: no such day is in these months")
    return cron


def _line(text: str) -> _Line:
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise CronError(f"a line has five fields (minute hour day month weekday), “{text.strip()}” has {len(parts)}")
    return _Line(*(field.parse(part) for field, part in zip(_FIELDS, parts, strict=True)))


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,4}", text) is not None
