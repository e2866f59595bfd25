"""How many runs are due in each of the next 24 hours, over all schedules."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count

from exports import job_words
from exports.schedule_models import Schedule
from exports.timing import ScheduleError, Timing

HOURS = 24
SECONDS = 60  # so old may it be: thousands of different cron lines take half a second


@dataclass(frozen=True)
class Hour:
    """From `start`, which for the present hour is now; `text`: in the zone of most schedules, `utc`: "" if the same."""

    start: datetime
    runs: int
    text: str
    utc: str


@dataclass(frozen=True)
class Load:
    hours: list[Hour]
    zone: str

    @property
    def runs(self) -> list[int]:
        return [hour.runs for hour in self.hours]

    @property
    def total(self) -> int:
        return sum(self.runs)

    @property
    def busiest(self) -> Hour:
        return max(self.hours, key=lambda hour: hour.runs)

    @property
    def says(self) -> str:
        """The chart in words."""
        busiest = self.busiest
        return f"Runs due per hour, {self.total:,} in the next 24 hours; most from {busiest.text}: {busiest.runs:,}"


def load(now: datetime) -> Load:
    """At most SECONDS old."""
    found: Load | None = cache.get("schedule-load")
    if found is None:
        found = measure(now)
        cache.set("schedule-load", found, SECONDS)
    return found


def measure(now: datetime) -> Load:
    columns = ("cron", "time_zone", "delay", "starts_at", "ends_at")
    running = Schedule.objects.filter(enabled=True, next_slot__isnull=False)
    groups = list(running.order_by().values(*columns).annotate(n=Count("pk")))
    hour = now.replace(minute=0, second=0, microsecond=0)
    edges = (now, *(hour + timedelta(hours=n) for n in range(1, HOURS + 1)))
    runs = [0] * HOURS
    for group in groups:
        runs = [sum_ + n for sum_, n in zip(runs, _runs(group, edges), strict=True)]
    zones: Counter[str] = Counter()
    for group in groups:
        zones[group["time_zone"]] += group["n"]
    zone = zones.most_common(1)[0][0] if zones else "UTC"
    return Load([_hour(start, n, zone) for start, n in zip(edges[:-1], runs, strict=True)], zone)


def _runs(group: dict[str, Any], edges: tuple[datetime, ...]) -> list[int]:
    """Of all schedules with these times; a line that cannot be read does not run."""
    n, times = group["n"], {name: value for name, value in group.items() if name != "n"}
    try:
        slots = Timing(**times).slots()
    except ScheduleError:
        return [0] * HOURS
    delay = timedelta(seconds=group["delay"])
    return [n * runs for runs in slots.counts(tuple(edge - delay for edge in edges) if delay else edges)]


def _hour(start: datetime, runs: int, zone: str) -> Hour:
    local = start.astimezone(job_words.zone_named(zone))
    utc = "" if zone == "UTC" else f"{start.astimezone(UTC):%H:%M} UTC"
    return Hour(start, runs, f"{local:%a %H:%M} {job_words.zone_name(local)}", utc)
