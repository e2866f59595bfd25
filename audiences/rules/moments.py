"""Dates and times in rules: as people give them, and as SQL in the ways in which a column may hold a time."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from sqlglot import exp

from audiences.rules.model import Duration, Scalar

FIRST_YEAR, LAST_YEAR = 1000, 9998
LONGEST_YEARS = 100
SECONDS = {"hour": 3600, "minute": 60, "second": 1}  # units of one length; the others follow the calendar of a zone
CALENDAR = {
    "year": (12, "MONTH"),
    "quarter": (3, "MONTH"),
    "month": (1, "MONTH"),
    "week": (7, "DAY"),
    "day": (1, "DAY"),
}
MOST = {
    "year": LONGEST_YEARS,
    "quarter": LONGEST_YEARS * 4,
    "month": LONGEST_YEARS * 12,
    "week": LONGEST_YEARS * 52,
    "day": LONGEST_YEARS * 365,
} | {unit: LONGEST_YEARS * 365 * 86400 // seconds for unit, seconds in SECONDS.items()}
EXPECTED = 'a date such as "2026-01-31", a time such as "2026-01-31 09:30:00" or UNIX seconds'


class Holding(Enum):
    """How a column holds times: UNIX seconds, instants, what a clock on the wall shows, or days."""

    UNIX = "unix"
    INSTANT = "instant"
    WALL = "wall"
    DAY = "day"


def holding(duckdb_type: str) -> Holding:
    """A TIMESTAMP without zone is what a clock in the schema's time zone shows."""
    name = duckdb_type.upper()
    if name == "DATE":
        return Holding.DAY
    if name.startswith("TIMESTAMP"):
        return Holding.INSTANT if "ZONE" in name or name == "TIMESTAMPTZ" else Holding.WALL
    return Holding.UNIX


@dataclass(frozen=True)
class Moment:
    """A point in time as SQL, from its instant (TIMESTAMPTZ) and the clock on the wall then (TIMESTAMP)."""

    instant: exp.Expr
    wall: exp.Expr
    unix: exp.Expr

    def held(self, how: Holding) -> exp.Expr:
        """As a column that holds it so can be compared with. A new tree each time."""
        if how is Holding.DAY:
            return exp.cast(self.wall.copy(), "date")
        return {Holding.UNIX: self.unix, Holding.INSTANT: self.instant, Holding.WALL: self.wall}[how].copy()


@dataclass(frozen=True)
class Span:
    """All that someone names by a date (the day) or a time (the second): from `first` up to but without `after`.

    `last` is its last second: with `first` it tells its first and last day.
    """

    first: Moment
    after: Moment
    last: Moment


def read(value: Scalar, zone: str) -> tuple[datetime, datetime] | None:
    """The first instant of what is named and the first one after it, in that zone; None if it names no date or time."""
    if isinstance(value, str):
        return _read_text(value.strip(), ZoneInfo(zone))
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    lowest = datetime(FIRST_YEAR, 1, 2, tzinfo=UTC).timestamp()
    highest = datetime(LAST_YEAR, 12, 30, tzinfo=UTC).timestamp()
    return _second(datetime.fromtimestamp(value, ZoneInfo(zone))) if lowest <= value <= highest else None


def _read_text(text: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if re.fullmatch(r"-?[0-9]{1,12}", text):
        return read(int(text), zone.key)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?", text, re.ASCII):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    if len(text) > len("2026-01-31"):
        return _second(found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone))
    return midnight(found.date(), zone), midnight(found.date() + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _second(start: datetime) -> tuple[datetime, datetime]:
    return start, (start.astimezone(UTC) + timedelta(seconds=1)).astimezone(start.tzinfo)


def span(value: Scalar, zone: str) -> Span:
    """Of what `read` can read."""
    bounds = read(value, zone)
    if bounds is None:
        raise ValueError(f"{value!r} is not {EXPECTED}.")
    first, after = bounds
    last = (after.astimezone(UTC) - timedelta(seconds=1)).astimezone(after.tzinfo)
    return Span(_constant(first), _constant(after), _constant(last))


def _constant(when: datetime) -> Moment:
    offset = when.utcoffset() or timedelta()
    shown = when if offset % timedelta(minutes=1) == timedelta() else when.astimezone(UTC)
    instant = exp.cast(exp.Literal.string(shown.isoformat(sep=" ")), "timestamptz")
    wall = exp.cast(exp.Literal.string(when.replace(tzinfo=None).isoformat(sep=" ")), "timestamp")
    return Moment(instant, wall, _unix(instant))


def today(zone: str) -> Span:
    midnight_now = exp.func("DATE_TRUNC", exp.Literal.string("day"), _wall(_now(), zone))
    first, after = _at_wall(midnight_now, zone), _at_wall(_moved(midnight_now, 1, "DAY", exp.Add), zone)
    return Span(first, after, first)


def now(zone: str) -> Moment:
    return _at_instant(_now(), exp.Anonymous(this="td_scheduled_time"), zone)


def past(duration: Duration, zone: str) -> Moment:
    """So long ago: seconds, minutes and hours as they pass, longer units by the calendar of the zone."""
    return _away(duration, zone, exp.Sub)


def coming(duration: Duration, zone: str) -> Moment:
    """As `past`, from now on."""
    return _away(duration, zone, exp.Add)


def _away(duration: Duration, zone: str, way: type[exp.Binary]) -> Moment:
    if duration.unit in CALENDAR:
        times, unit = CALENDAR[duration.unit]
        return _at_wall(_moved(_wall(_now(), zone), duration.value * times, unit, way), zone)
    seconds = exp.Literal.number(duration.value * SECONDS[duration.unit])
    unix = way(this=exp.Anonymous(this="td_scheduled_time"), expression=seconds)
    return _at_instant(exp.Anonymous(this="to_timestamp", expressions=[unix]), unix, zone)


def _now() -> exp.Expr:
    """When the query was due, so that what runs late or again means the same customers."""
    return exp.Anonymous(this="to_timestamp", expressions=[exp.Anonymous(this="td_scheduled_time")])


def _moved(wall: exp.Expr, by: int, unit: str, way: type[exp.Binary]) -> exp.Expr:
    return way(this=wall.copy(), expression=exp.Interval(this=exp.Literal.number(by), unit=exp.var(unit)))


def _at_wall(wall: exp.Expr, zone: str) -> Moment:
    instant = _wall(wall.copy(), zone)  # the same function the other way, by the type of what it is given
    return Moment(instant, wall, _unix(instant))


def _at_instant(instant: exp.Expr, unix: exp.Expr, zone: str) -> Moment:
    return Moment(instant, _wall(instant.copy(), zone), unix)


def _wall(instant: exp.Expr, zone: str) -> exp.Expr:
    return exp.Anonymous(this="timezone", expressions=[exp.Literal.string(zone), instant])


def _unix(instant: exp.Expr) -> exp.Expr:
    return exp.cast(exp.Anonymous(this="epoch", expressions=[instant.copy()]), "bigint")
