"""A job in words: its status, its times in the query's time zone, and the ends of its rows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exports.models import Job, JobState, Mode, Priority, RowsFrom
from integrations.catalog import connector


@dataclass(frozen=True)
class Status:
    """`key`: in the `status` tag's table; `word` stands in place of the table's."""

    key: str
    word: str = ""


@dataclass(frozen=True)
class End:
    """How many rows ended one way. `says`: what that means; `tone`: the class of its colour; `share`: percent."""

    key: str
    word: str
    says: str
    rows: int
    share: float
    tone: str


def status(job: Job, now: datetime) -> Status:
    """What the job is doing, or how it ended."""
    if job.finished:
        return Status(job.outcome)
    if job.kill_requested:
        return Status("stopping")
    if job.state == JobState.QUEUED:
        return Status("queued")
    if job.state == JobState.RETRY_WAIT:
        return Status("retry_wait", f"Waiting to retry (until {clock_text(job.next_attempt_at, zone(job))})")
    if job.lease_until and job.lease_until < now:
        return Status("stalled")
    return Status(job.phase or "running")


def ends(job: Job) -> list[End]:
    """The five ends of the job's rows, in the order of a row's way; they add up to the rows read."""
    who = service(job)
    as_test = " as tests: shown, not counted" if job.mode == Mode.TEST else ""
    kinds = (
        ("invalid", "Invalid", "stopped by our checks", "f-warn"),
        ("accepted", "Accepted", f"received by {who}{as_test}", "f-ok"),
        ("refused", "Refused", f"by {who}; our checks had passed it", "f-err"),
        ("unknown", "Unknown", "sent, no answer that settles it", "f-run"),
        ("not_attempted", *_not_attempted(job)),
    )
    rows = ((key, word, says, tone, getattr(job, key)) for key, word, says, tone in kinds)
    return [End(key, word, says, n, share(n, job.rows), tone) for key, word, says, tone, n in rows]


def _not_attempted(job: Job) -> tuple[str, str, str]:
    """(word, what it means, class of its colour)"""
    if job.mode != Mode.VALIDATE:
        return "Not attempted", "no request took it in" if job.finished else "not yet", "f-mute"
    if job.state == JobState.SUCCESS:
        return "Valid", "passed every check; not sent", "f-ok"
    return "Not checked", "the validation did not finish" if job.finished else "not yet", "f-mute"


def possible_ends(job: Job) -> list[End]:
    """The ends that rows of such a job can have: a validation sends nothing, so it knows only two."""
    found = ends(job)
    return [found[0], found[4]] if job.mode == Mode.VALIDATE else found


def outcome_text(job: Job) -> str:
    """Like "9,800 accepted, 200 invalid"; what was not attempted is told when the job is over."""
    order = {"accepted": 0, "invalid": 1, "not_attempted": 0 if job.mode == Mode.VALIDATE else 2}
    told = [e for e in ends(job) if e.rows and (job.finished or e.key != "not_attempted")]
    told.sort(key=lambda end: order.get(end.key, 2))
    return ", ".join(f"{end.rows:,} {end.word.lower()}" for end in told)


def sum_text(job: Job) -> str:
    """The possible ends as a sum: "100 rows read = 2 invalid + 98 accepted + …"."""
    return f"{job.rows:,} rows read = " + " + ".join(f"{e.rows:,} {e.word.lower()}" for e in possible_ends(job))


def mode(job: Job) -> str:
    """What stands beside the status of a job that does not simply send."""
    return {Mode.VALIDATE: "Validation", Mode.TEST: "Test"}.get(Mode(job.mode), "") if job.exports else ""


def options(job: Job) -> list[str]:
    """Those that are not the default: "Priority: High", "Retry limit: 3"."""
    told = [f"Priority: {Priority(job.priority).label}"] if job.priority else []
    return [*told, f"Retry limit: {job.retry_limit}"] if job.retry_limit else told


def queued(job: Job) -> str:
    """The first line of the job's log."""
    return f"{_queued(job)} {_rows_of(job)}".strip()


def _rows_of(job: Job) -> str:
    return {
        RowsFrom.REJECTS: f"It takes the rows that job {job.parent_id} did not get through.",
        RowsFrom.RESULT: f"It takes the rows that job {job.parent_id} found valid.",
        RowsFrom.KEPT: f"It takes the rows that job {job.parent_id} kept.",
    }.get(RowsFrom(job.rows_from), "")


def _queued(job: Job) -> str:
    who = _queued_by(job)
    if job.rows_from == RowsFrom.PARTS:
        return f"Bulk import queued by {who}."
    if not job.exports:
        into = f" Its result goes into table {job.into['database']}.{job.into['table']}." if job.into else ""
        return f"Query queued by {who}.{into}"
    if job.mode == Mode.VALIDATE:
        return f"Validation for {job.destination} queued by {who}. Every row is checked, nothing is sent."
    if job.mode == Mode.TEST:
        return f"Test for {job.destination} queued by {who}. {service(job)} shows test events, but does not count them."
    return f"Export to {job.destination} queued by {who}."


def _queued_by(job: Job) -> str:
    if job.schedule_id and job.scheduled_for:
        local = job.scheduled_for.astimezone(zone(job))
        return f"its schedule for {local:%Y-%m-%d %H:%M} {zone_name(local)}"
    return str(job.created_by or "the console")


def share(part: float, whole: float) -> float:
    """Percent, with one decimal."""
    return round(100 * part / whole, 1) if whole else 0.0


def percent(rows: int, share: float) -> str:
    """A share in words: some rows are never 0%."""
    return f"{share}%" if share else "<0.1%" if rows else "0%"


def service(job: Job) -> str:
    """The destination's short name: the first word of its connector's."""
    return connector(job.connector_key).name.split()[0] if job.exports else ""


def scheduled(job: Job) -> str:
    """ "Scheduled for 2026-11-24 00:00 JST", in its schedule's zone if it has one; "" for a job that no slot stands
    behind. With the delay, unless the schedule was changed since."""
    if not job.scheduled_for:
        return ""
    schedule = job.schedule
    local = job.scheduled_for.astimezone(zone_named(schedule.time_zone) if schedule else zone(job))
    as_then = schedule and schedule.delay and schedule.changed_at <= job.created_at
    delay = f", delay {units(schedule.delay)}" if schedule and as_then else ""
    return f"Scheduled for {local:%Y-%m-%d %H:%M} {zone_name(local)}{delay}"


def by_whom(job: Job) -> str:
    if job.schedule_id:
        return "schedule"
    return job.created_by.display_name if job.created_by else "the console"


# --- times --------------------------------------------------------------------------------------------------------


def zone(job: Job) -> tzinfo:
    """The time zone of the job's query; UTC if there is none of that name."""
    return zone_named(job.time_zone)


@lru_cache(maxsize=600)
def zone_named(name: str) -> tzinfo:
    """UTC if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def zone_name(at: datetime) -> str:
    """JST, or the IANA name where the zone has no letters of its own."""
    name = at.tzname() or ""
    return str(at.tzinfo) if name[:1] in "+-" else name


def clock_text(at: datetime, where: tzinfo) -> str:
    return f"{at.astimezone(where):%H:%M:%S}"


def time_tag(at: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), text)


def clock(at: datetime, where: tzinfo, now: datetime, *, named: bool = True) -> SafeString:
    """06:00:12 JST, with its day unless that is today; the zone's name only if `named`."""
    local, today = at.astimezone(where), now.astimezone(where).date()
    day = "" if local.date() == today else f"{_day(local, today)} "
    return time_tag(local, f"{day}{local:%H:%M:%S}{f' {zone_name(local)}' if named else ''}")


def when(at: datetime, where: tzinfo, now: datetime) -> SafeString:
    """Today 06:00 JST, Yesterday 18:41 JST, 3 Nov 06:00 JST; a day of another year has its year."""
    local, today = at.astimezone(where), now.astimezone(where).date()
    days = {today: "Today", today - timedelta(days=1): "Yesterday"}
    day = days.get(local.date()) or _day(local, today)
    return time_tag(local, f"{day} {local:%H:%M} {zone_name(local)}")


def _day(local: datetime, today: date) -> str:
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def duration(seconds: float) -> str:
    """9 s, 4 min 38 s, 1 h 02 min, 3 d 04 h."""
    if 0 < seconds < 1:
        return "under 1 s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600:02} h"


def units(seconds: int) -> str:
    """ "1 h 30 min": exactly, without the units that are 0."""
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "none"


def roughly(seconds: float) -> str:
    """The duration in its largest unit: 9 s, 4 min, 1 h, 3 d."""
    return " ".join(duration(max(1, seconds)).split()[:2])


def took(job: Job, now: datetime) -> str:
    """How long the job ran, or has been running; empty if it never began."""
    if not job.started_at:
        return ""
    return duration(((job.finished_at or now) - job.started_at).total_seconds())
