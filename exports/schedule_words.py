"""A schedule in words: what its button says, when it runs, and its next runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString

from exports import job_words
from exports.cron_words import in_words
from exports.schedule_models import Missed, Overlap
from exports.timing import ScheduleError, Timing

LABELS = {"@daily": "@daily (midnight)", "@hourly": "@hourly (:00)"}
NEXT = 5


@dataclass(frozen=True)
class Upcoming:
    """A run to come, each time in words: its slot, the start of its job, both in UTC ("" where they say the same)."""

    slot: SafeString
    start: str
    utc: str
    away: str


def value(timing: Timing | None) -> str:
    """TD's word for a preset, else the cron line."""
    return LABELS.get(timing.cron, timing.cron) if timing else "None"


def sentence(timing: Timing) -> str:
    """ "Every day at 06:00, Asia/Tokyo time"; of a line that cannot be read, the line."""
    try:
        line = timing.parsed()
    except ScheduleError:
        return timing.cron
    if timing.once:
        return f"Once: {_span(timing)['Starts']}"
    words = f"{in_words(line)}, {timing.time_zone}{'' if timing.time_zone == 'UTC' else ' time'}"
    return ", ".join([words, *span(timing)])


def span(timing: Timing) -> list[str]:
    """ "from Wed 25 Nov 2026, 06:00 JST", "until Mon 30 Nov 2026, 06:00 JST", as far as it has a start and an end."""
    words = {"Starts": "from", "Ends": "until"}
    return [f"{words[name]} {at}" for name, at in _span(timing).items()]


def _span(timing: Timing) -> dict[str, str]:
    zone, ends = job_words.zone_named(timing.time_zone), {"Starts": timing.starts_at, "Ends": timing.ends_at}
    return {name: moment(at, zone) for name, at in ends.items() if at}


def last_slot(timing: Timing) -> str:
    """When the last slot of a schedule with an end is, or was; "" if it cannot be read."""
    try:
        slot = timing.last_slot()
    except ScheduleError:
        return ""
    return moment(slot, job_words.zone_named(timing.time_zone)) if slot else ""


def facts(timing: Timing) -> dict[str, str]:
    """The settings by what people call them."""
    return {
        "Schedule": LABELS.get(timing.cron, timing.cron),
        "Schedule time zone": timing.time_zone,
        "Delay execution": job_words.units(timing.delay),
        "Missed slots": Missed(timing.missed).label,
        "Overlap": Overlap(timing.overlap).label,
        **_span(timing),
    }


def changes(old: Timing | None, new: Timing | None) -> dict[str, dict[str, str]]:
    """What differs, as the audit trail holds it: {setting: {"from": …, "to": …}}."""
    before, after = (facts(each) if each else {} for each in (old, new))
    labels = dict.fromkeys([*before, *after])
    pairs = {label: {"from": before.get(label, ""), "to": after.get(label, "")} for label in labels}
    return {label: pair for label, pair in pairs.items() if pair["from"] != pair["to"]}


def upcoming(timing: Timing, now: datetime, *, since: datetime | None = None) -> list[Upcoming]:
    """The next runs: those of the slots after `since`, or else after now. Raises ScheduleError."""
    zone = ZoneInfo(timing.time_zone)
    return [_upcoming(slot, timing, zone, now) for slot in timing.next_slots(NEXT, since or now)]


def _upcoming(slot: datetime, timing: Timing, zone: tzinfo, now: datetime) -> Upcoming:
    run = timing.run_at(slot)
    return Upcoming(
        slot=job_words.time_tag(slot, moment(slot, zone)),
        start=_short(run, slot, zone) if timing.delay else "",
        utc="" if timing.time_zone == "UTC" else _short(run, slot.astimezone(zone), UTC),
        away=away(run, now),
    )


def moment(at: datetime, zone: tzinfo) -> str:
    """Wed 25 Nov 2026, 06:00 JST."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {job_words.zone_name(local)}"


def _short(at: datetime, beside: datetime, zone: tzinfo) -> str:
    """The time, with its day where that is not the day of what it stands beside, which may be in another zone."""
    local = at.astimezone(zone)
    other = beside.date() if beside.tzinfo != UTC or zone == UTC else beside.astimezone(zone).date()
    day = "" if local.date() == other else f"{local.day} {local:%b}, "
    return f"{day}{local:%H:%M:%S}".removesuffix(":00") + f" {job_words.zone_name(local)}"


def away(at: datetime, now: datetime) -> str:
    """ "in 23 h", or "now" for what is due."""
    left = at - now
    if left < timedelta(seconds=1):
        return "now"
    days = left.days
    if days >= 3:
        return f"in {days} days"
    return f"in {job_words.roughly(left.total_seconds())}" if left < timedelta(hours=1) else f"in {hours(left)} h"


def hours(left: timedelta) -> int:
    return round(left.total_seconds() / 3600)
