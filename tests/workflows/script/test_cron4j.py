"""Cron lines by cron4j's rules, held against a clock that is looked at minute by minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.script import cron4j
from workflows.script.cron4j import CronError

MINUTE = timedelta(minutes=1)
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
CHANGES = [
    ("America/Los_Angeles", "2026-03-08T10:00:00Z"),
    ("America/Los_Angeles", "2026-11-01T09:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("Asia/Beirut", "2026-10-24T21:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Asia/Tokyo", "2026-02-28T15:00:00Z"),
]
"""Clocks are put forward or back by an hour or half of one; in Tokyo only the month changes."""
RANGES = [range(60), range(24), range(1, 32), range(1, 13), range(8)]


@st.composite
def _part(draw, values):
    """(text, the values it takes), by the words of cron4j's documentation."""
    step = draw(st.sampled_from([1, 1, 2, 3, 5, 7, 20]))
    suffix = f"/{step}" if step > 1 else ""
    if draw(st.booleans()):
        return f"*{suffix}", list(values)[::step]
    some = st.sampled_from([*values, *list(values)[:4] * 9])  # clocks are changed in the first hours of a day
    first, last = draw(some), draw(some)
    if draw(st.booleans()):
        return str(first), [first]
    if values == RANGES[4]:
        first, last = first % 7, last % 7
    taken = [*range(first, last + 1)] if first <= last else [*range(first, values.stop), *range(values.start, last + 1)]
    return f"{first}-{last}{suffix}", taken[::step]


@st.composite
def _lines(draw):
    texts, sets = [], []
    for number, values in enumerate(RANGES):
        restricted = draw(st.integers(0, 3)) > (0 if number < 2 else 2)
        parts = draw(st.lists(_part(values), min_size=1, max_size=2)) if restricted else [("*", list(values))]
        texts.append(",".join(text for text, _ in parts))
        sets.append({value for _, taken in parts for value in taken})
    return " ".join(texts), sets


def _matches(wall, sets):
    weekday = wall.isoweekday() % 7
    values = (wall.minute, wall.hour, wall.day, wall.month, weekday)
    return all(value in taken for value, taken in zip(values, sets, strict=True))


def _naive(sets, moment, zone, minutes):
    """Minute by minute: the next minute if it matches, else the first later time on the wall, wherever the clock is."""
    start = moment.replace(second=0, microsecond=0) + MINUTE
    wall = start.astimezone(zone).replace(tzinfo=None, fold=0)
    if _matches(wall, sets):
        return start
    for _ in range(minutes):
        if _matches(wall, sets):
            shown = [
                t
                for half in range(-24, 25)
                if (t := wall.replace(tzinfo=UTC) + timedelta(minutes=30) * half).astimezone(zone).replace(tzinfo=None)
                == wall
            ]
            before = (wall - timedelta(hours=3)).replace(tzinfo=zone).astimezone(UTC)
            return max(shown) if shown else before + timedelta(hours=3)
        wall += MINUTE
    return None


@given(
    _lines(),
    st.sampled_from(CHANGES),
    st.integers(-4 * 3600, 2 * 3600),
)
def test_the_next_time_is_that_of_a_clock_looked_at_minute_by_minute(line, change, seconds):
    text, sets = line
    zone, moment = ZoneInfo(change[0]), datetime.fromisoformat(change[1]) + timedelta(seconds=seconds)
    try:
        cron = cron4j.parse(text)
    except CronError as error:
        assert "never comes" in str(error)  # such as 31 in months of 30 days
        return

    expected = _naive(sets, moment, zone, 2 * 24 * 60)
    found = cron.next_after(moment, zone)
    assert found == expected or (expected is None and found > moment + timedelta(days=1, hours=20))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 13 * fri", "2026-02-13"),  # both must match
        ("0 0 L * *", "2026-01-31"),
        ("0 0 L feb *", "2026-02-28"),
        ("0 0 29 2 1", "2044-02-29"),
        ("0 0 1 * 7", "2026-02-01"),
        ("0 0 5/10 * *", "2026-01-05"),
        ("0 0 30-2/2 6 *", "2026-06-01"),
        ("0 0 3 3 *|0 0 2 2 *", "2026-02-02"),
    ],
)
def test_days_are_taken_by_cron4js_rules(text, expected):
    assert cron4j.parse(text).next_after(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) == datetime.fromisoformat(
        f"{expected}T00:00:00+00:00"
    )


def test_what_summer_time_leaves_out_is_later_and_what_comes_twice_is_the_second():
    before_spring = datetime(2026, 3, 8, 8, tzinfo=UTC)
    before_autumn = datetime(2026, 11, 1, 7, tzinfo=UTC)

    spring = cron4j.parse("30 2 * * *").next_after(before_spring, LOS_ANGELES)
    autumn = cron4j.parse("30 1 * * *").next_after(before_autumn, LOS_ANGELES)
    assert spring.astimezone(LOS_ANGELES).isoformat() == "2026-03-08T03:30:00-07:00"
    assert autumn.astimezone(LOS_ANGELES).isoformat() == "2026-11-01T01:30:00-08:00"
    first_half_past_one = before_autumn + timedelta(minutes=90)
    assert cron4j.parse("* * * * *").next_after(first_half_past_one, LOS_ANGELES) == first_half_past_one + MINUTE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0 * *", "five fields"),
        ("60 * * * *", "minute: “60” cannot be used; allowed are 0–59"),
        ("0 0 0 * *", "day of month: .* 1–31, L"),
        ("0 0 * foo *", "month: .* 1–12, jan…dec"),
        ("0 0 * * 8", "day of week: .* 0–7, sun…sat"),
        ("*/0 * * * *", "a step is a whole number from 1 on"),
        ("1,,2 * * * *", "minute: “” cannot be used"),
        ("-5 * * * *", "minute"),
        ("0 0 31 2 *", "never comes"),
        ("0 " * 200, "at most 200"),
    ],
)
def test_an_error_names_the_field_and_what_is_allowed(text, words):
    with pytest.raises(CronError, match=words):
        cron4j.parse(text)
