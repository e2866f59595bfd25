"""When a schedule runs: its settings, what is wrong with them, and its slots.

A slot is a time that the cron line names, in UTC, from the start to the end; it runs `delay` seconds later.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import QuerySet
from django.utils import timezone

from exports import cron
from exports.cron import Cron, CronError
from exports.schedule_models import Missed, Overlap, Schedule
from exports.slots import FIRST, INSTANT, LAST, Slots

LONGEST_DELAY = timedelta(days=30)
SPAN = ("starts_at", "ends_at")
BACKWARDS = "The end is before the start. Choose a later end, or an earlier start."
NO_SLOT = "The cron line never runs between the start and the end. Choose others, or another cron line."


class ScheduleError(ValueError):
    """The settings cannot be used; `problems`: what is wrong, by the setting's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class Timing:
    """What people set. `cron`: not empty; `time_zone`: an IANA name; `delay`: seconds. `starts_at`, `ends_at`: aware;
    no slot exists before and after. If both are the one minute that the cron line names, the schedule runs once."""

    cron: str
    time_zone: str = "UTC"
    delay: int = 0
    missed: str = Missed.EACH
    overlap: str = Overlap.QUEUE
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def check(self, *, monthly: bool = False) -> None:
        """Raises ScheduleError with every problem. `monthly`: the preset @monthly is allowed."""
        problems = {
            "cron": _cron_problem(self.cron, monthly),
            "time_zone": _zone_problem(self.time_zone),
            "delay": _delay_problem(self.delay),
            "missed": _choice_problem("Missed slots", self.missed, Missed.values),
            "overlap": _choice_problem("Overlap", self.overlap, Overlap.values),
            "starts_at": _span_problem("start", self.starts_at),
            "ends_at": _span_problem("end", self.ends_at) or self._backwards(),
        }
        found = {name: text for name, text in problems.items() if text}
        if not found and self.ends_at and not self._slots().next_after(FIRST - INSTANT):
            found["ends_at"] = NO_SLOT
        if found:
            raise ScheduleError(found)

    def columns(self) -> dict[str, Any]:
        """The settings as a schedule's row holds them."""
        return asdict(self)

    def data(self) -> dict[str, Any]:
        """The settings for JSON, which `read` understands: a start and an end in ISO's notation, if there are any."""
        columns = self.columns()
        span = {name: at.isoformat() for name in SPAN if (at := columns.pop(name))}
        return columns | span

    def endless(self) -> "Timing":
        """The same without start and end."""
        return replace(self, starts_at=None, ends_at=None)

    @property
    def once(self) -> bool:
        """Whether it has one slot only."""
        return self.starts_at is not None and self.starts_at == self.ends_at

    def parsed(self) -> Cron:
        """The cron line. Raises ScheduleError."""
        self.check(monthly=True)
        return cron.parse(self.cron, monthly=True)

    def slots(self) -> Slots:
        """Raises ScheduleError."""
        self.check(monthly=True)
        return self._slots()

    def _slots(self) -> Slots:
        line, zone = cron.parse(self.cron, monthly=True), _zone(self.time_zone)
        return Slots(line, zone, self.starts_at or FIRST, self.ends_at or LAST)

    def _backwards(self) -> str:
        return BACKWARDS if self.starts_at and self.ends_at and self.ends_at < self.starts_at else ""

    def run_at(self, slot: datetime) -> datetime:
        return slot + timedelta(seconds=self.delay)

    def next_slots(self, count: int, now: datetime) -> list[datetime]:
        """The next slots after `now`, for a preview. Raises ScheduleError."""
        return list(islice(self.slots().runs(now), count))

    def last_slot(self) -> datetime | None:
        """None: there is no end. Raises ScheduleError."""
        return self.slots().latest(1)[0] if self.ends_at else None


def of(schedule: Schedule) -> Timing:
    return Timing(**{setting.name: getattr(schedule, setting.name) for setting in fields(Timing)})


def read(data: Mapping[str, Any]) -> Timing:
    """What `Timing.data` wrote; settings that are missing are those that one begins with."""
    span = {name: datetime.fromisoformat(data[name]) for name in SPAN if data.get(name)}
    return Timing(**{"cron": "", **data, **span})


def switch_off(schedules: QuerySet[Schedule], why: str) -> bool:
    """Disable those of the schedules that are enabled. → whether there were any."""
    changes = {"enabled": False, "next_slot": None, "next_run_at": None, "problem": ""}
    enabled = schedules.filter(enabled=True)
    return bool(enabled.update(disabled_at=timezone.now(), disabled_why=why, **changes))


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """UTC and the names of places; old abbreviations such as EST are left out."""
    return frozenset({"UTC", *(name for name in available_timezones() if "/" in name)})


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _zone_problem(name: str) -> str:
    return "" if name in zone_names() else f"There is no time zone “{name}”. Write a name such as Asia/Tokyo, or UTC."


def _cron_problem(text: str, monthly: bool) -> str:
    try:
        cron.parse(text, monthly=monthly)
    except CronError as error:
        return str(error)
    return ""


def _delay_problem(seconds: int) -> str:
    most = int(LONGEST_DELAY.total_seconds())
    return "" if 0 <= seconds <= most else f"The delay must be 0 to {most:,} seconds ({LONGEST_DELAY.days} days)."


def _span_problem(name: str, at: datetime | None) -> str:
    if at is None or FIRST <= at <= LAST:
        return ""
    return f"The {name} must be in the years {FIRST.year} to {LAST.year - 1}."


def _choice_problem(name: str, value: str, allowed: list[str]) -> str:
    return "" if value in allowed else f"{name}: {value} is not one of {', '.join(allowed)}."
