"""When a schedule runs: its settings, what is wrong with them, and the slot that comes next.

A slot is a time that the cron line names, in UTC; it runs `delay` seconds later.
"""

from dataclasses import asdict, dataclass
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

LONGEST_DELAY = timedelta(days=30)


class ScheduleError(ValueError):
    """The settings cannot be used; `problems`: what is wrong, by the setting's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class Timing:
    """What people set. `cron`: not empty; `time_zone`: an IANA name; `delay`: seconds."""

    cron: str
    time_zone: str = "UTC"
    delay: int = 0
    missed: str = Missed.EACH
    overlap: str = Overlap.QUEUE

    def check(self, *, monthly: bool = False) -> None:
        """Raises ScheduleError with every problem. `monthly`: the preset @monthly is allowed."""
        problems = {
            "cron": _cron_problem(self.cron, monthly),
            "time_zone": _zone_problem(self.time_zone),
            "delay": _delay_problem(self.delay),
            "missed": _choice_problem("Missed slots", self.missed, Missed.values),
            "overlap": _choice_problem("Overlap", self.overlap, Overlap.values),
        }
        if found := {name: text for name, text in problems.items() if text}:
            raise ScheduleError(found)

    def columns(self) -> dict[str, Any]:
        """The settings as a schedule's row holds them."""
        return asdict(self)

    def parsed(self) -> tuple[Cron, ZoneInfo]:
        """Raises ScheduleError."""
        self.check(monthly=True)
        return cron.parse(self.cron, monthly=True), _zone(self.time_zone)

    def run_at(self, slot: datetime) -> datetime:
        return slot + timedelta(seconds=self.delay)

    def next_slots(self, count: int, now: datetime) -> list[datetime]:
        """The next slots after `now`, for a preview. Raises ScheduleError."""
        line, zone = self.parsed()
        return list(islice(line.runs(now, zone), count))


def of(schedule: Schedule) -> Timing:
    return Timing(schedule.cron, schedule.time_zone, schedule.delay, schedule.missed, schedule.overlap)


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


def _choice_problem(name: str, value: str, allowed: list[str]) -> str:
    return "" if value in allowed else f"{name}: {value} is not one of {', '.join(allowed)}."
