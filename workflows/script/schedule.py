"""When a workflow's `schedule:` runs it, as digdag does.

A session has a time, which is what the workflow sees, and a run time, when it starts: hourly, daily, weekly and monthly
schedules have the session time at the start of the hour or day, and run at the time that is written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from workflows.script import cron4j
from workflows.script.cron4j import Cron, CronError
from workflows.script.zones import ZoneError, instant_of, zone_of

SECOND, DAY, INSTANT = timedelta(seconds=1), timedelta(days=1), timedelta(microseconds=1)
OPTIONS = ("start", "end", "skip_on_overtime", "skip_delayed_by")
_LONGEST_LOOK_BACK = timedelta(days=41 * 366)
_YEARS = (1900, 8999)  # beyond them, no time zone can be reckoned with


class ScheduleError(ValueError):
    """`key` of the schedule cannot be used ("" for the whole); the text names it and says what is allowed."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"schedule: {key}: {reason}." if key else f"schedule: {reason}.")
        self.key = key


class Slot(NamedTuple):
    """Both in UTC."""

    session_time: datetime
    run_time: datetime


@dataclass(frozen=True)
class Schedule:
    """`delay` lies between session time and run time; `start` and `end` bound run times, the end itself excluded.

    skip_on_overtime: no session starts while another runs. skip_delayed_by: none that is later than this.
    """

    kind: str
    cron: Cron
    zone: ZoneInfo
    delay: timedelta = timedelta()
    start: datetime | None = None
    end: datetime | None = None
    skip_on_overtime: bool = False
    skip_delayed_by: timedelta | None = None

    def first_from(self, moment: datetime) -> Slot | None:
        """The first session whose run time is `moment` or later; None if there is none."""
        return self.next_after(_whole_seconds_up(moment) - SECOND - self.delay)

    def next_after(self, moment: datetime) -> Slot | None:
        """The first session whose time is later than `moment`; None if there is none."""
        session = self.cron.next_after(moment, self.zone)
        if session and self.start and session + self.delay < self.start:
            session = self.cron.next_after(self.start - SECOND, self.zone)
        if session is None or (self.end and session + self.delay >= self.end):
            return None
        return Slot(session, session + self.delay)

    def last_before(self, moment: datetime) -> Slot:
        """The last session whose time is earlier than `moment`, whether or not start and end let it run."""
        back = timedelta(hours=2)
        while not (session := self._last_between(moment - back, moment)) and back < _LONGEST_LOOK_BACK:
            back *= 2
        if not session:
            raise ValueError(f"no session of {self.cron.text} comes before {moment}")
        return Slot(session, session + self.delay)

    def latest(self, count: int, first: datetime, until: datetime) -> list[Slot]:
        """The last `count` sessions, in their order, that have the session time `first` or a later one, and a run time
        of `until` or an earlier one."""
        found: list[Slot] = []
        moment = until - self.delay + INSTANT
        if self.end:
            moment = min(moment, self.end - self.delay)
        while len(found) < count and moment > first:
            slot = self.last_before(moment)
            moment = slot.session_time
            if moment < first or (self.start and slot.run_time < self.start):
                break
            found.append(slot)
        return found[::-1]

    def _last_between(self, start: datetime, moment: datetime) -> datetime | None:
        found, following = None, self.cron.next_after(start, self.zone)
        while following and following < moment:
            found, following = following, self.cron.next_after(following, self.zone)
        return found


def parse(schedule: Mapping[str, Any], timezone: str) -> Schedule:
    """The value of a workflow's `schedule:`. Raises ScheduleError."""
    kind, command = _operator(schedule)
    key = f"{kind}>"
    try:
        zone = zone_of(timezone)
    except ZoneError as error:
        raise ScheduleError("timezone", str(error)) from None
    try:
        cron, delay = _KINDS[kind](command)
    except CronError as error:
        raise ScheduleError(key, str(error)) from None
    start, end = _day(schedule, "start"), _day(schedule, "end")
    if start and end and end < start:
        raise ScheduleError("end", f"{end} is before the start, {start}")
    return Schedule(
        kind=kind,
        cron=cron,
        zone=zone,
        delay=delay + _delay(schedule),
        start=instant_of(datetime.combine(start, time()), zone) if start else None,
        end=instant_of(datetime.combine(end + DAY, time()), zone) if end else None,
        skip_on_overtime=_flag(schedule, "skip_on_overtime"),
        skip_delayed_by=_duration(schedule, "skip_delayed_by"),
    )


def _operator(schedule: Mapping[str, Any]) -> tuple[str, str]:
    if not isinstance(schedule, Mapping):
        raise ScheduleError("", f"write a kind below it, one of {_kinds()}")
    keys = [key for key in schedule if key.endswith(">")]
    if len(keys) != 1:
        raise ScheduleError("", f"it needs one kind, {'not ' + ' and '.join(keys) if keys else 'one of ' + _kinds()}")
    kind, command = keys[0][:-1], schedule[keys[0]]
    if kind not in _KINDS:
        raise ScheduleError(keys[0], f"there is no such kind. Allowed are {_kinds()}")
    for key in schedule:
        _check_key(key, kind)
    if isinstance(command, bool) or not isinstance(command, str | int):
        raise ScheduleError(keys[0], "write its time behind it, in quotation marks")
    return kind, str(command).strip()


def _check_key(key: str, kind: str) -> None:
    allowed = (f"{kind}>", *OPTIONS, *(("delay",) if kind in _DELAYED else ()))
    if key in allowed:
        return
    if key == "delay":
        raise ScheduleError(key, f"{kind}> has its delay in its own time; delay is for {' and '.join(_DELAYED)}")
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ScheduleError(key, f"there is no such option.{hint} Allowed are {', '.join(allowed[1:])}")


def _kinds() -> str:
    return ", ".join(f"{kind}>" for kind in _KINDS)


def _clock(text: str, form: str) -> timedelta:
    """`text` in the form HH:MM:SS or MM:SS. The first part may be more than a day or an hour has, as in digdag."""
    parts = text.strip().split(":")
    count = len(form.split(":"))
    if len(parts) != count or not all(re.fullmatch("[0-9]{1,4}", part) for part in parts):
        raise CronError(f"“{text[:40]}” is not in the form {form}")
    first, *rest = map(int, parts)
    if any(part > 59 for part in rest):
        raise CronError(f"“{text[:40]}”: minutes and seconds go to 59; the form is {form}")
    hours, minutes, seconds = (first, *rest) if count == 3 else (0, first, *rest)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _hourly(text: str) -> tuple[Cron, timedelta]:
    return cron4j.parse("0 * * * *"), _clock(text, "MM:SS")


def _daily(text: str) -> tuple[Cron, timedelta]:
    return cron4j.parse("0 0 * * *"), _clock(text, "HH:MM:SS")


def _weekly(text: str) -> tuple[Cron, timedelta]:
    day, clock = _day_and_clock(text, "DDD,HH:MM:SS, with DDD such as Sun or 0")
    return cron4j.parse(f"0 0 * * {day}"), clock


def _monthly(text: str) -> tuple[Cron, timedelta]:
    form = "D,HH:MM:SS, with D from 1 to 31"
    day, clock = _day_and_clock(text, form)
    if not (re.fullmatch("[0-9]{1,2}", day) and 1 <= int(day) <= 31):
        raise CronError(f"“{text[:40]}” is not in the form {form}")
    return cron4j.parse(f"0 0 {day} * *"), clock


def _day_and_clock(text: str, form: str) -> tuple[str, timedelta]:
    day, comma, clock = text.partition(",")
    day = day.strip()
    if not comma or not day or " " in day:
        raise CronError(f"“{text[:40]}” is not in the form {form}")
    return day, _clock(clock, "HH:MM:SS")


def _minutes_interval(text: str) -> tuple[Cron, timedelta]:
    if not (re.fullmatch("[0-9]{1,4}", text) and 1 <= int(text) <= 60):
        raise CronError(f"“{text[:40]}” is no number of minutes from 1 to 60; each hour starts anew at minute 0")
    return cron4j.parse(f"*/{text} * * * *"), timedelta()


def _cron(text: str) -> tuple[Cron, timedelta]:
    return cron4j.parse(text), timedelta()


_KINDS: Mapping[str, Callable[[str], tuple[Cron, timedelta]]] = {
    "hourly": _hourly,
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
    "minutes_interval": _minutes_interval,
    "cron": _cron,
}
_DELAYED = ("minutes_interval", "cron")


def _delay(schedule: Mapping[str, Any]) -> timedelta:
    value = schedule.get("delay", 0)
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,8}", str(value)):
        raise ScheduleError("delay", f"“{str(value)[:40]}” is no whole number of seconds, 0 or more")
    return timedelta(seconds=int(value))


def _day(schedule: Mapping[str, Any], key: str) -> date | None:
    if (value := schedule.get(key)) is None:
        return None
    try:
        found = date.fromisoformat(str(value)) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)) else None
    except ValueError:
        found = None
    if found is None:
        raise ScheduleError(key, f"“{str(value)[:40]}” is no day; the form is YYYY-MM-DD")
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise ScheduleError(key, f"{found} is not in the years from {_YEARS[0]} to {_YEARS[1]}")
    return found


def _flag(schedule: Mapping[str, Any], key: str) -> bool:
    value = schedule.get(key, False)
    if value in (True, False):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise ScheduleError(key, f"“{str(value)[:40]}” is neither true nor false")


def _duration(schedule: Mapping[str, Any], key: str) -> timedelta | None:
    if (value := schedule.get(key)) is None:
        return None
    units = r"\s*(?:([0-9]{1,6})\s*d)?\s*(?:([0-9]{1,6})\s*h)?\s*(?:([0-9]{1,6})\s*m)?\s*(?:([0-9]{1,6})\s*s)?\s*"
    match = re.fullmatch(units, str(value), re.IGNORECASE)
    if not match or not any(match.groups()):
        raise ScheduleError(key, f"“{str(value)[:40]}” is no duration; write it as 3m, 1h 30m or 1d")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _whole_seconds_up(moment: datetime) -> datetime:
    cut = moment.astimezone(UTC).replace(microsecond=0)
    return cut if cut == moment else cut + SECOND
