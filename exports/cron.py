"""What a cron line means, by Treasure Data's rules, which are neither those of Unix nor of a library.

A step `*/n` takes the values that n divides. Of a day of month and a day of week that are both restricted, the one that
runs more often is followed and the other is ignored. A local time that does not exist is left out; one that exists
twice runs twice.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache
from itertools import pairwise, product, takewhile

PRESETS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *"}
MONTHLY = {"@monthly": "0 0 1 * *"}  # the API has it too
LONGEST = 200
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
CALENDAR = range(2000, 2400)  # 400 years, after which it repeats


class CronError(ValueError):
    """The line cannot be used; the text names the field and says what is allowed."""


@dataclass(frozen=True)
class Field:
    """One of the five; `names` stand for its values from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def every(self) -> frozenset[int]:
        return frozenset(range(self.low, self.high + 1))

    def parse(self, text: str) -> frozenset[int]:
        """The values that the field's text takes. Raises CronError."""
        if text == "*":
            return self.every
        return frozenset().union(*map(self._part, text.split(",")))

    def _part(self, text: str) -> frozenset[int]:
        if not text:
            raise self._error("a value is missing beside a comma")
        if text == "*":
            raise self._error("* cannot stand in a list. Write * alone, or the values")
        if "/" in text:
            return self._step(text)
        first, dash, last = text.partition("-")
        if not (dash and first and last):
            return frozenset([self._value(text)])
        start, end = self._value(first), self._value(last)
        if start > end:
            raise self._error(f"the range {_short(text)} runs backwards. Write the smaller value first")
        return frozenset(range(start, end + 1))

    def _step(self, text: str) -> frozenset[int]:
        step = re.fullmatch(r"\*/([0-9]+)", text)
        if not step:
            raise self._error(f"“{_short(text)}” is not possible. A step is written */n, such as */5")
        n = int(step[1])
        if not 1 <= n <= self.high:
            raise self._error(f"the step {n} is not within 1–{self.high}")
        return frozenset(value for value in self.every if value % n == 0)

    def _value(self, text: str) -> int:
        if text in self.names:
            return self.low + self.names.index(text)
        if not re.fullmatch("[0-9]+", text):
            raise self._no_value(text)
        value = int(text)
        if value not in self.every:
            sunday = "; Sunday is 0" if "sun" in self.names and value == 7 else ""
            raise self._error(f"{_short(text)} is not within {self.low}–{self.high}{sunday}")
        return value

    def _no_value(self, text: str) -> CronError:
        if text.lower() in self.names:
            return self._error(f"write {text.lower()}, in lower-case letters, not {text}")
        names = f", {self.names[0]}…{self.names[-1]}" if self.names else ""
        allowed = f"{self.low}–{self.high}{names}, ranges a-b, steps */n, and lists of these with commas"
        return self._error(f"“{_short(text)}” is not a value. Allowed are * and {allowed}")

    def _error(self, text: str) -> CronError:
        return CronError(f"{self.name}: {text}.")


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MINUTES_FIELD, HOURS_FIELD = Field("minute", 0, 59), Field("hour", 0, 23)
DAYS_FIELD, MONTHS_FIELD = Field("day of month", 1, 31), Field("month", 1, 12, MONTHS)
WEEKDAYS_FIELD = Field("day of week", 0, 6, WEEKDAYS)
FIELDS = (MINUTES_FIELD, HOURS_FIELD, DAYS_FIELD, MONTHS_FIELD, WEEKDAYS_FIELD)


@dataclass(frozen=True)
class Cron:
    """When a line runs: on the days that are in all of `days`, `months` and `weekdays` (Sunday is 0).

    Of days and weekdays one at most is restricted: of the one that the line's rules ignore, all are in.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first run later than `moment`, in UTC. Raises OverflowError behind the year 9998."""
        # Where a clock was put back over midnight, times of the day before come once more.
        for day in self._dates(moment.astimezone(zone).date() - DAY):
            found = self._next_of_day(day, moment, zone)
            if found:
                return found
        raise OverflowError("The calendar ends.")

    def runs(self, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
        """All runs later than `moment`, in UTC."""
        while True:
            moment = self.next_after(moment, zone)
            yield moment

    def between(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The runs from `first` to `last`, both included."""
        for run in self.runs(first - timedelta(microseconds=1), zone):
            if run > last:
                return
            yield run

    def latest(self, count: int, first: datetime, last: datetime, zone: tzinfo) -> list[datetime]:
        """The last `count` of the runs from `first` to `last`; not all of them are gone through."""
        span = timedelta(hours=1)
        while True:
            since = max(first, last - span)
            found = deque(self.between(since, last, zone), maxlen=count)
            if len(found) == count or since == first:
                return list(found)
            span *= 8

    def counts(self, edges: tuple[datetime, ...], zone: tzinfo) -> list[int]:
        """How many runs lie from each edge to the next, which is not included; the runs are not gone through."""
        passed = [0] * len(edges)
        last = edges[-1].astimezone(zone).date() + DAY
        for day in takewhile(lambda day: day <= last, self._dates(edges[0].astimezone(zone).date() - DAY)):
            passed = [n + before for n, before in zip(passed, self._passed(day, edges, zone), strict=True)]
        return [after - before for before, after in pairwise(passed)]

    def _passed(self, day: date, edges: tuple[datetime, ...], zone: tzinfo) -> list[int]:
        """How many of the day's runs lie before each edge."""
        minutes = _minutes(day, edges, zone)
        if minutes is None:
            return [bisect_left(_instants(self, day, zone), edge) for edge in edges]
        return [bisect_left(self.times, minute) for minute in minutes]

    @cached_property
    def times(self) -> tuple[int, ...]:
        """The minutes of a day on which it runs, counted from midnight."""
        return tuple(60 * hour + minute for hour in sorted(self.hours) for minute in sorted(self.minutes))

    @property
    def runs_at_all(self) -> bool:
        return any(min(self.days) <= LONGEST_MONTH[month] for month in self.months)

    def _dates(self, start: date) -> Iterator[date]:
        months, days = sorted(self.months), sorted(self.days)
        for year in range(start.year, MAXYEAR):
            for month in months:
                if (year, month) >= (start.year, start.month):
                    yield from self._dates_of(year, month, days, start)

    def _dates_of(self, year: int, month: int, days: list[int], start: date) -> Iterator[date]:
        first, length = monthrange(year, month)
        for day in days:
            # `first` counts from Monday as 0
            if day <= length and (first + day) % 7 in self.weekdays and (found := date(year, month, day)) >= start:
                yield found

    def _next_of_day(self, day: date, moment: datetime, zone: tzinfo) -> datetime | None:
        offset = _steady_offset(day, zone)
        if offset is None:
            found = [run for near in (day, day + DAY) for run in _instants(self, near, zone) if run > moment]
            return min(found, default=None)
        midnight = datetime.combine(day, time(), UTC) - offset
        at = bisect_left(self.times, (moment - midnight) // MINUTE + 1)
        return midnight + self.times[at] * MINUTE if at < len(self.times) else None

    def _runs_on(self, day: date) -> bool:
        return day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays


@lru_cache(maxsize=4096)
def _steady_offset(day: date, zone: tzinfo) -> timedelta | None:
    """The zone's offset from UTC all that day; None if its clocks are changed then."""
    start = datetime.combine(day, time(), zone).utcoffset()
    end = datetime.combine(day + DAY, time(fold=1), zone).utcoffset()
    return start if start == end else None


@lru_cache(maxsize=1024)
def _minutes(day: date, edges: tuple[datetime, ...], zone: tzinfo) -> tuple[int, ...] | None:
    """The edges in minutes from that day's midnight, rounded up; None if its clocks are changed."""
    offset = _steady_offset(day, zone)
    if offset is None:
        return None
    midnight = datetime.combine(day, time(), UTC) - offset
    return tuple(-((midnight - edge) // MINUTE) for edge in edges)


@lru_cache(maxsize=256)
def _instants(cron: Cron, day: date, zone: tzinfo) -> tuple[datetime, ...]:
    """The runs of a day whose clocks are changed: each local time as often as it exists."""
    if not cron._runs_on(day):
        return ()
    found = set()
    for at, fold in product(cron.times, (0, 1)):
        local = datetime.combine(day, time(at // 60, at % 60, fold=fold), zone)
        run = local.astimezone(UTC)
        if run.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            found.add(run)
    return tuple(sorted(found))


def parse(text: str, *, monthly: bool = False) -> Cron:
    """What the line says. `monthly`: @monthly is allowed too. Raises CronError."""
    return _parse(text, monthly)


@lru_cache(maxsize=4096)
def _parse(text: str, monthly: bool) -> Cron:
    parts = _split(_spelled_out(text, monthly))
    minutes, hours, days, months, weekdays = (field.parse(part) for field, part in zip(FIELDS, parts, strict=True))
    cron = Cron(text, minutes, hours, days, months, weekdays)
    if parts[2] != "*" and parts[4] != "*":
        cron = _follow_one(cron)
    if not cron.runs_at_all:
        raise CronError(f"This never runs: day of month {parts[2]} does not exist in month {parts[3]}.")
    return cron


def _spelled_out(text: str, monthly: bool) -> str:
    presets = PRESETS | (MONTHLY if monthly else {})
    if not text:
        raise CronError("The cron line is empty.")
    if text.startswith("@") and text not in presets:
        raise CronError(f"There is no preset {_short(text)}. Presets are {' and '.join(presets)}.")
    return presets.get(text, text)


def _split(text: str) -> list[str]:
    if len(text) > LONGEST:
        raise CronError(f"A cron line has at most {LONGEST} characters.")
    parts = text.split(" ")
    if "" in parts or re.search(r"[^\S ]", text):
        raise CronError("Write exactly one space between the fields, and none around them.")
    if len(parts) != len(FIELDS):
        seconds = " Seconds are not possible." if len(parts) == len(FIELDS) + 1 else ""
        names = ", ".join(field.name for field in FIELDS)
        raise CronError(f"A cron line has 5 fields ({names}). This one has {len(parts)}.{seconds}")
    return parts


def _follow_one(cron: Cron) -> Cron:
    """Both kinds of day are restricted: the one with more days in the months allowed counts, or else the weekdays."""
    by_day = sum(_dates_of_day()[month, day] for month in cron.months for day in cron.days)
    by_weekday = sum(_dates_of_weekday()[month, weekday] for month in cron.months for weekday in cron.weekdays)
    if by_day > by_weekday:
        return replace(cron, weekdays=WEEKDAYS_FIELD.every)
    return replace(cron, days=DAYS_FIELD.every)


@lru_cache(maxsize=1)
def _dates_of_day() -> dict[tuple[int, int], int]:
    """How often each (month, day of month) comes in the calendar."""
    lengths = {(year, month): monthrange(year, month)[1] for year in CALENDAR for month in MONTHS_FIELD.every}
    return {
        (month, day): sum(lengths[year, month] >= day for year in CALENDAR)
        for month in MONTHS_FIELD.every
        for day in DAYS_FIELD.every
    }


@lru_cache(maxsize=1)
def _dates_of_weekday() -> dict[tuple[int, int], int]:
    """How often each (month, day of week) comes in the calendar."""
    found = {(month, weekday): 0 for month in MONTHS_FIELD.every for weekday in WEEKDAYS_FIELD.every}
    for year in CALENDAR:
        for month in MONTHS_FIELD.every:
            first, length = monthrange(year, month)
            for weekday in WEEKDAYS_FIELD.every:
                missing = (weekday - first - 1) % 7  # days before the first of them
                found[month, weekday] += (length - missing + 6) // 7
    return found


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"
