"""When an activation runs: what people choose, as the timing of a schedule and back, and in Treasure Data's words.

All times of a choice are those of the clock in its time zone. The times of day, and the day of the month, are those
of its start.
"""

from calendar import day_abbr, monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from exports import cron
from exports.schedule_models import Missed
from exports.slots import FIRST, LAST
from exports.timing import ScheduleError, Timing, zone_names

NONE, MINUTE, HOUR, DAY, WEEK, MONTH, CRON = "none", "minute", "hour", "day", "week", "month", "cron"
UNITS = (NONE, MINUTE, HOUR, DAY, WEEK, MONTH, CRON)
WHOLE = {MINUTE: 60, HOUR: 24}  # every so many of them: what the next larger unit has to be a multiple of
MONTHS_AHEAD = 6
TO_SAVE = timedelta(seconds=10)  # until it is stored: a run whose time has passed by then would not come
YEARS = range(FIRST.year + 1, LAST.year)
LAST_MINUTE = time(23, 59, fold=1)


class RepeatError(ValueError):
    """The choice cannot be used; `problems`: what is wrong, by the name of Repeat's field."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class Repeat:
    """`unit`: of UNITS; `every`: so many minutes or hours; `days`: of a week, Monday is 1; `cron`: of the unit CRON.

    `start`: a full minute; None: at once. `end`: the last day, None: no end. NONE runs once, at its start.
    """

    unit: str = NONE
    every: int = 1
    days: tuple[int, ...] = ()
    cron: str = ""
    start: datetime | None = None
    end: date | None = None
    time_zone: str = "UTC"

    @property
    def at_once(self) -> bool:
        """Whether it runs once, as soon as it is made, and never by itself after that."""
        return self.unit == NONE and self.start is None

    def begun(self, now: datetime) -> "Repeat":
        """With a full minute that comes soon as its start, where it begins at once and its times follow from that."""
        if self.start or self.unit in (NONE, CRON):
            return self
        soon = (now + TO_SAVE).astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None, fold=0)
        return replace(self, start=soon.replace(second=0, microsecond=0) + timedelta(minutes=1))

    def timing(self) -> Timing | None:
        """The schedule that means the same; None: none. Needs a start, but for CRON and NONE."""
        if self.at_once:
            return None
        starts_at = self._instant(self.start) if self.start else None
        ends_at = self._instant(datetime.combine(self.end, LAST_MINUTE)) if self.end else None
        ends_at = starts_at if self.unit == NONE else ends_at
        return Timing(self.line, self.time_zone, missed=Missed.LATEST, starts_at=starts_at, ends_at=ends_at)

    @property
    def line(self) -> str:
        """The cron line; "" for one without a start."""
        if self.unit == CRON or not self.start:
            return self.cron
        at = self.start
        return {
            NONE: f"{at.minute} {at.hour} {at.day} {at.month} *",
            MINUTE: f"{_every(at.minute, self.every, 60)} * * * *",
            HOUR: f"{at.minute} {_every(at.hour, self.every, 24)} * * *",
            DAY: f"{at.minute} {at.hour} * * *",
            WEEK: f"{at.minute} {at.hour} * * {','.join(str(day % 7) for day in sorted(self.days))}",
            MONTH: f"{at.minute} {at.hour} {at.day} * *",
        }[self.unit]

    def _instant(self, local: datetime) -> datetime:
        return local.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    @property
    def note(self) -> str:
        """What is not as one may think; "" if nothing is."""
        notes = []
        if self.unit == MONTH and self.start and self.start.day > 28:
            notes.append(f"Months without day {self.start.day} are left out.")
        if self.unit in (DAY, WEEK, MONTH) and self.start and _unsteady(self.start.time(), self.time_zone):
            at = f"{self.start:%H:%M}"
            notes.append(
                f"When the clocks are changed in {self.time_zone}, {at} comes twice or not at all: so it runs twice or "
                "not at all on these days. Another time of day avoids that."
            )
        return " ".join(notes)

    @property
    def words(self) -> str:
        """How often: "Every 15 minutes", "Every Mon, Thu", "Does not repeat"."""
        if self.unit in WHOLE and self.every > 1:
            return f"Every {self.every} {self.unit}s"
        if self.unit == WEEK:
            return f"Every {', '.join(day_abbr[day - 1] for day in self.days)}"
        return {NONE: "Does not repeat", CRON: f"Cron {self.cron}"}.get(self.unit, f"Every {self.unit}")

    def check(self, now: datetime, *, before: "Repeat | None" = None) -> None:
        """Raises RepeatError with every problem. `before`: what was chosen until now, whose times may have passed."""
        problems = dict(_problems(self)) or dict(_passed(self, now, before or Repeat()))
        if not problems and (timing := self.begun(now).timing()):
            problems = _as_schedule(timing, now)
            if not problems and self != before and not timing.next_slots(1, now):
                problems = {"end": "No run is left before this end. Choose a later one, or none."}
        if problems:
            raise RepeatError(problems)

    def to_json(self) -> dict[str, Any]:
        start, end = self.start and self.start.isoformat(), self.end and self.end.isoformat()
        chosen = {"unit": self.unit, "every": self.every, "days": list(self.days), "cron": self.cron}
        return {**chosen, "start": start, "end": end, "time_zone": self.time_zone}


def from_json(data: dict[str, Any]) -> Repeat:
    """What `Repeat.to_json` wrote; {} is Repeat()."""
    start, end = data.get("start"), data.get("end")
    times = {"start": datetime.fromisoformat(start) if start else None, "end": date.fromisoformat(end) if end else None}
    return Repeat(**{**data, **times, "days": tuple(data.get("days", ()))})


def of(timing: Timing | None) -> Repeat:
    """What one would have to choose for this schedule; a cron line where no other choice means it.

    An end within a day becomes the end of that day.
    """
    if timing is None:
        return Repeat()
    zone = ZoneInfo(timing.time_zone)
    start = timing.starts_at.astimezone(zone).replace(tzinfo=None) if timing.starts_at else None
    end = timing.ends_at.astimezone(zone).date() if timing.ends_at else None
    chosen = Repeat(start=start, end=end, time_zone=timing.time_zone)
    if timing.once:
        return replace(chosen, end=None)
    wanted = cron.parse(timing.cron, monthly=True)
    days = tuple(sorted(day or 7 for day in wanted.weekdays))
    for one in _candidates(chosen, days) if start else ():
        found = cron.parse(one.line)
        if replace(found, text="") == replace(wanted, text=""):
            return one
    return replace(chosen, unit=CRON, cron=timing.cron)


def _candidates(chosen: Repeat, days: tuple[int, ...]) -> Iterator[Repeat]:
    for unit in (DAY, MONTH):
        yield replace(chosen, unit=unit)
    yield replace(chosen, unit=WEEK, days=days)
    for unit, whole in WHOLE.items():
        yield from (replace(chosen, unit=unit, every=n) for n in divisors(whole))


@lru_cache(maxsize=1000)
def _unsteady(at: time, zone: str) -> bool:
    """Whether it comes twice, or not at all, on some day of a year."""
    days = (datetime.combine(date(2026, 1, 1), at, ZoneInfo(zone)) + timedelta(days=n) for n in range(366))
    return any(day.utcoffset() != day.replace(fold=1).utcoffset() for day in days)


def divisors(whole: int) -> list[int]:
    return [n for n in range(1, whole) if whole % n == 0]


def _every(first: int, step: int, whole: int) -> str:
    """The part of a cron line for every `step` of `whole`, so that `first` is one of them."""
    if first % step == 0:
        return f"*/{step}" if step > 1 else "*"
    return ",".join(str(n) for n in range(first % step, whole, step))


# --- what is wrong ------------------------------------------------------------------------------------------------


def _problems(one: Repeat) -> Iterator[tuple[str, str]]:
    if one.unit not in UNITS:
        yield "unit", f"Choose one of {', '.join(UNITS)}."
    if one.unit in WHOLE and one.every not in divisors(WHOLE[one.unit]):
        some = ", ".join(map(str, divisors(WHOLE[one.unit])))
        yield "every", f"Every {one.every} {one.unit}s is not possible: only every {some}."
    if one.unit == WEEK and not (one.days and set(one.days) <= set(range(1, 8))):
        yield "days", "Pick at least one day of the week."
    if one.time_zone not in zone_names():
        yield "time_zone", f"There is no time zone “{one.time_zone}”. Write a name such as Asia/Tokyo, or UTC."
    elif far := [name for name, at in (("start", one.start), ("end", one.end)) if at and at.year not in YEARS]:
        yield from ((name, f"The {name} must be in the years {YEARS[0]} to {YEARS[-1]}.") for name in far)
    elif one.start and one._instant(one.start).astimezone(ZoneInfo(one.time_zone)).replace(tzinfo=None) != one.start:
        yield "start", f"{one.start:%H:%M} does not exist on that day in {one.time_zone}: the clocks are put forward."
    if one.start and one.start.replace(second=0, microsecond=0) != one.start:
        yield "start", "A schedule starts at a full minute, without seconds."
    if one.start and one.end and one.unit != NONE and one.end < one.start.date():
        yield "end", "The end is before the start. Choose a later end, or an earlier start."


def _passed(one: Repeat, now: datetime, before: Repeat) -> Iterator[tuple[str, str]]:
    local = now.astimezone(ZoneInfo(one.time_zone)).replace(tzinfo=None)
    latest = months_later(local, MONTHS_AHEAD)
    if one.start and one.start > latest:
        yield "start", f"The start is more than {MONTHS_AHEAD} months ahead: {latest:%Y-%m-%d} at the latest."
    changed = (one.unit, one.start, one.time_zone) != (before.unit, before.start, before.time_zone)
    if one.unit == NONE and one.start and one.start <= local and changed:
        yield "start", "This time has passed. Choose a later one, or leave it empty to run at once."
    if one.unit != NONE and one.end and one.end < local.date() and one.end != before.end:
        yield "end", "This day has passed. Choose a later one, or none."


def _as_schedule(timing: Timing, now: datetime) -> dict[str, str]:
    """What a schedule without a start could have done before now does not count."""
    names = {"cron": "cron", "starts_at": "start", "ends_at": "end", "time_zone": "time_zone"}
    if not timing.starts_at and timing.ends_at and timing.ends_at > now:
        timing = replace(timing, starts_at=now)
    try:
        timing.check(monthly=True)
    except ScheduleError as error:
        return {names.get(name, "unit"): text for name, text in error.problems.items()}
    return {}


def months_later(at: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the last day of that month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
