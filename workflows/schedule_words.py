"""A workflow's schedule in words."""

from collections.abc import Mapping
from typing import Any

from exports import cron_words
from exports.cron import DAYS_FIELD, WEEKDAYS_FIELD
from exports.cron import Cron as Line
from workflows.models import WorkflowSchedule
from workflows.script import cron4j, schedule
from workflows.script.schedule import ScheduleError

PERIODS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
DAY = 24 * 60 * 60


def sentence(kept: WorkflowSchedule) -> str:
    """ "Every day at 07:00, Asia/Tokyo time"; a cron line that words would not make clearer, as it is written."""
    return in_words(kept.definition, kept.timezone)


def in_words(definition: Mapping[str, Any], timezone: str) -> str:
    """What `schedule:` in a workflow's file says."""
    try:
        parsed = schedule.parse(definition, timezone)
    except ScheduleError:
        return "A schedule that cannot be read"
    words = _times(parsed)
    zone = timezone if timezone == "UTC" else f"{timezone} time"
    days = {"start": "from", "end": "until"}
    return ", ".join([words, zone, *(f"{days[key]} {definition[key]}" for key in days if key in definition)])


def _times(parsed: schedule.Schedule) -> str:
    """The delay of hourly to monthly schedules is the time at which they run."""
    seconds = int(parsed.delay.total_seconds())
    line = _line(parsed.cron)
    if parsed.kind not in PERIODS:
        told = cron_words.in_words(line) if line else f"By cron {parsed.cron.text}"
        return f"{told}, {seconds:,} s later" if seconds else told
    within = 60 * 60 if parsed.kind == "hourly" else DAY
    if line is None or seconds >= within or seconds % 60:
        return f"Every {PERIODS[parsed.kind]}, {_length(seconds)} after its beginning"
    minutes = seconds // 60
    hours = line.hours if parsed.kind == "hourly" else frozenset([minutes // 60])
    at = Line(line.text, frozenset([minutes % 60]), hours, line.days, line.months, line.weekdays)
    return cron_words.in_words(at)


def _length(seconds: int) -> str:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if n) or "0 s"


def _line(cron: cron4j.Cron) -> Line | None:
    """The line in the words of queries' schedules; None for what those do not have."""
    first, *more = cron.lines
    weekdays = frozenset(day % 7 for day in first.weekdays)  # Sunday is 0 and 7
    both = first.days != DAYS_FIELD.every and weekdays != WEEKDAYS_FIELD.every
    if more or both or not first.days <= DAYS_FIELD.every:
        return None
    return Line(cron.text, first.minutes, first.hours, first.days, first.months, weekdays)
