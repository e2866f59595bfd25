"""What people choose of a schedule: its words and its slots say the same, there and back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences import repeats, td_repeats
from audiences.repeats import Repeat, RepeatError

NOW = datetime(2026, 11, 30, 9, 15, 30, tzinfo=UTC)
ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe"]
minutes = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))
units = st.one_of(
    st.tuples(st.just("minute"), st.sampled_from(repeats.divisors(60)), st.just(())),
    st.tuples(st.just("hour"), st.sampled_from(repeats.divisors(24)), st.just(())),
    st.tuples(st.sampled_from(["none", "day", "month"]), st.just(1), st.just(())),
    st.tuples(
        st.just("week"), st.just(1), st.sets(st.integers(1, 7), min_size=1, max_size=6).map(lambda d: tuple(sorted(d)))
    ),
)


@st.composite
def chosen(draw):
    (unit, every, days), zone = draw(units), draw(st.sampled_from(ZONES))
    start = draw(minutes)
    there = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    end = (
        None if unit == "none" else draw(st.none() | st.integers(31, 400).map(lambda n: (there + timedelta(n)).date()))
    )
    return Repeat(unit, every, days, "", there.replace(fold=0), end, zone)


@given(chosen())
def test_what_was_chosen_is_read_back_from_its_schedule_and_from_the_api(one):
    assert repeats.of(one.timing()) == one
    assert td_repeats.from_td(td_repeats.to_td(one)) == one
    assert repeats.from_json(one.to_json()) == one


@given(chosen())
def test_its_slots_are_what_the_words_say(one):
    zone, start = ZoneInfo(one.time_zone), one._instant(one.start)
    slots = one.timing().next_slots(40, start - timedelta(minutes=1))
    local = [slot.astimezone(zone).replace(tzinfo=None, fold=0) for slot in slots]
    assert all(slot >= start for slot in slots)
    if one.end:
        assert all(at.date() <= one.end for at in local)
    if one.unit == "none":
        assert local == [one.start]
    elif one.unit in ("day", "week", "month"):
        assert all(at.time() == one.start.time() for at in local)
    if one.unit == "week":
        assert {at.isoweekday() for at in local} <= set(one.days)
    if one.unit == "month":
        assert {at.day for at in local} == {one.start.day}
    if one.unit in ("minute", "hour") and one.time_zone == "UTC":
        step = timedelta(**{f"{one.unit}s": one.every})
        assert slots[0] == start and {b - a for a, b in pairwise(slots)} <= {step}


def test_without_a_start_it_begins_with_the_next_minute_by_its_own_clock():
    begun = Repeat("day", time_zone="Asia/Tokyo").begun(NOW)
    assert begun.start == datetime(2026, 11, 30, 18, 16)
    assert begun.timing().next_slots(1, NOW) == [datetime(2026, 11, 30, 9, 16, tzinfo=UTC)]
    assert Repeat().begun(NOW).timing() is None
    assert Repeat("cron", cron="*/5 * * * *").begun(NOW).start is None


def test_a_day_that_some_months_lack_is_left_out_there():
    one = Repeat("month", start=datetime(2026, 12, 31, 6), time_zone="UTC")
    assert one.note == "Months without day 31 are left out."
    assert [slot.month for slot in one.timing().next_slots(4, NOW)] == [12, 1, 3, 5]


SKIPPED = {"unit": "day", "start": datetime(2027, 3, 14, 2, 30), "time_zone": "America/New_York"}


def problems(**choice):
    with pytest.raises(RepeatError) as refused:
        Repeat(**choice).check(NOW, before=Repeat())
    return refused.value.problems


@pytest.mark.parametrize(
    ("choice", "field", "says"),
    [
        ({"unit": "week"}, "days", "at least one day"),
        ({"unit": "hour", "every": 5}, "every", "only every 1, 2, 3, 4, 6, 8, 12"),
        ({"start": datetime(2026, 11, 30, 9, 15)}, "start", "has passed"),
        ({"unit": "day", "start": datetime(2027, 6, 1)}, "start", "6 months ahead: 2027-05-30"),
        ({"unit": "day", "end": date(2026, 11, 29)}, "end", "has passed"),
        ({"unit": "day", "start": datetime(2026, 12, 5), "end": date(2026, 12, 4)}, "end", "before the start"),
        ({"unit": "cron", "cron": "61 * * * *"}, "cron", "61 is not within"),
        ({"unit": "cron", "cron": ""}, "cron", "empty"),
        ({"unit": "cron", "cron": "0 0 29 2 *", "end": date(2026, 12, 31)}, "end", "never runs between"),
        ({"unit": "day", "time_zone": "Mars/Olympus"}, "time_zone", "no time zone “Mars/Olympus”"),
        (SKIPPED, "start", "02:30 does not exist"),
        ({"unit": "day", "start": datetime(1, 1, 1), "time_zone": "Asia/Tokyo"}, "start", "the years 1971 to 8999"),
        ({"unit": "day", "end": date(9999, 12, 31), "time_zone": "America/New_York"}, "end", "the years 1971 to 8999"),
        ({"unit": "day", "start": datetime(2026, 11, 1, 6), "end": date(2026, 11, 30)}, "end", "No run is left"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_beside_its_field(choice, field, says):
    assert says in problems(**choice)[field]


def test_a_time_of_day_that_clocks_leave_out_or_repeat_is_warned_of():
    daily = Repeat("day", start=datetime(2026, 12, 1, 2, 30), time_zone="Europe/Berlin")
    assert "it runs twice or not at all" in daily.note
    assert not replace(daily, start=datetime(2026, 12, 1, 6)).note
    assert not replace(daily, time_zone="Asia/Tokyo").note


def test_what_begins_at_once_begins_when_it_is_stored_for_sure():
    late = datetime(2026, 11, 30, 9, 15, 58, tzinfo=UTC)
    assert Repeat("day").begun(late).start == datetime(2026, 11, 30, 9, 17)


def test_times_that_passed_since_they_were_chosen_stay_as_they_are():
    once = Repeat(start=datetime(2026, 11, 1, 6))
    daily = Repeat("day", start=datetime(2026, 11, 1, 6), end=date(2026, 11, 20))
    for one in (once, daily):
        one.check(NOW, before=one)


@pytest.mark.parametrize(
    ("data", "field", "says"),
    [
        (
            {"repeatUnit": "day", "repeatFrequency": 2},
            "repeatFrequency",
            "Every 2 days cannot be kept: only every day.",
        ),
        ({"repeatUnit": "minute", "repeatFrequency": 45}, "repeatFrequency", "Every 45 minutes cannot be kept"),
        ({"repeatUnit": "year"}, "repeatUnit", "“year” is not one of"),
        ({"repeatUnit": "once"}, "startAt", "needs a startAt"),
        ({"repeatUnit": "day", "startAt": "2026-12-01T06:00:30"}, "startAt", "must be 00"),
        ({"repeatUnit": "week", "repeatSubFrequency": [0]}, "repeatSubFrequency", "1 (Monday) to 7"),
    ],
)
def test_what_cannot_be_kept_of_the_api_is_refused_with_a_word(data, field, says):
    with pytest.raises(RepeatError) as refused:
        td_repeats.from_td(data)
    assert says in refused.value.problems[field]


def test_a_cron_line_has_no_form_in_the_api():
    with pytest.raises(RepeatError):
        td_repeats.to_td(Repeat("cron", cron="*/5 * * * *"))
