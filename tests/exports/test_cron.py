"""Cron lines by Treasure Data's rules: what they take, what they refuse, and when they run, wherever clocks change."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.cron import MONTHS, WEEKDAYS, CronError, parse

TOKYO = "Asia/Tokyo"
MINUTE = timedelta(minutes=1)


def runs(line, zone, first, last):
    """Local times of the runs from the day `first` to the end of the day `last`."""
    where = ZoneInfo(zone)
    start = datetime.combine(first, datetime.min.time(), where)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), where) - MINUTE
    return [run.astimezone(where) for run in parse(line).between(start, end, where)]


def november(line, zone=TOKYO):
    return [(run.day, f"{run:%H:%M}") for run in runs(line, zone, date(2026, 11, 1), date(2026, 11, 30))]


def days(line):
    found = november(line)
    assert {at for _, at in found} == {"00:00"}
    return [day for day, _ in found]


def test_of_a_day_of_month_and_a_day_of_week_the_more_frequent_is_followed():
    assert days("0 0 1 * 1") == [2, 9, 16, 23, 30]
    assert days("0 0 */2 * 1") == list(range(2, 31, 2))
    assert days("0 0 13 * fri") == [6, 13, 20, 27]


def test_a_step_or_range_over_all_days_is_a_restriction():
    assert days("0 0 */1 * 1") == list(range(1, 31))
    assert days("0 0 1-31 * 1") == list(range(1, 31))
    assert days("0 0 1 * 0-6") == list(range(1, 31))


def test_a_step_takes_the_values_that_it_divides():
    assert days("0 0 */5 * *") == [5, 10, 15, 20, 25, 30]
    assert days("0 0 5,*/10,25 * *") == [5, 10, 20, 25, 30]
    assert sorted(parse("0 0 1 */5 *").months) == [5, 10]
    assert sorted(parse("*/40 */23 * * */3").minutes) == [0, 40]


def test_a_line_for_one_day_of_the_month_runs_on_it():
    assert november("30 */2 1 * *") == [(1, f"{hour:02}:30") for hour in range(0, 24, 2)]


def test_names_stand_for_months_and_weekdays():
    found = november("15 9 * nov mon-fri")
    assert len(found) == 21
    assert {at for _, at in found} == {"09:15"}


def test_a_leap_day_is_waited_for():
    line = parse("0 0 29 2 *")
    assert line.next_after(datetime(2026, 11, 24, tzinfo=UTC), UTC) == datetime(2028, 2, 29, tzinfo=UTC)
    assert line.next_after(datetime(2096, 3, 1, tzinfo=UTC), UTC) == datetime(2104, 2, 29, tzinfo=UTC)


def test_a_local_time_that_does_not_exist_is_left_out():
    found = runs("0 2 * * *", "America/Los_Angeles", date(2026, 3, 7), date(2026, 3, 9))
    assert [run.day for run in found] == [7, 9]


def test_a_local_time_that_exists_twice_runs_twice():
    found = runs("0 1 * * *", "America/Los_Angeles", date(2026, 11, 1), date(2026, 11, 1))
    assert [f"{run:%H:%M %Z}" for run in found] == ["01:00 PDT", "01:00 PST"]


def test_an_hour_that_comes_twice_over_midnight_runs_twice():
    """St John's put its clocks back at 00:01, so a minute of the next day came before the last hour of this one."""
    found = runs("0,30 0,23 * * *", "America/St_Johns", date(2010, 11, 6), date(2010, 11, 7))
    assert [f"{run:%d %H:%M %Z}" for run in found] == [
        *("06 00:00 NDT", "06 00:30 NDT", "06 23:00 NDT", "06 23:30 NDT", "07 00:00 NDT"),
        *("06 23:30 NST", "07 00:00 NST", "07 00:30 NST", "07 23:00 NST", "07 23:30 NST"),
    ]


def test_a_day_that_a_country_left_out_has_no_run():
    found = runs("0 12 * * *", "Pacific/Apia", date(2011, 12, 29), date(2011, 12, 31))
    assert [run.day for run in found] == [29, 31]


def test_the_presets_stand_for_their_lines():
    assert parse("@hourly").times == parse("0 * * * *").times
    assert parse("@daily").times == (0,)
    assert parse("@monthly", monthly=True).days == {1}


def test_the_next_run_is_later_than_the_moment():
    at = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)
    line = parse("15 9 * * *")
    assert line.next_after(at - timedelta(microseconds=1), UTC) == at
    assert line.next_after(at, UTC) == at + timedelta(days=1)


def test_the_latest_runs_of_a_long_time_are_found_from_its_end():
    start, end = datetime(1996, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert parse("* * * * *").latest(3, start, end, UTC) == [end - 2 * MINUTE, end - MINUTE, end]
    assert [run.year for run in parse("0 0 29 2 *").latest(2, start, end, UTC)] == [2020, 2024]


def test_the_latest_runs_are_all_where_there_are_fewer():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse("0 * * * *").latest(10, start, start + timedelta(hours=1), UTC) == [start, start + timedelta(hours=1)]


def test_ten_thousand_next_runs_take_no_time_to_speak_of():
    zone = ZoneInfo("America/Los_Angeles")
    for line in ("* * * * *", "15 9 * nov mon-fri", "0 0 29 2 *"):
        assert len(list(islice(parse(line).runs(datetime(2026, 10, 30, tzinfo=UTC), zone), 1000))) == 1000


ONE_SPACE = "Write exactly one space between the fields, and none around them."
FIELDS = "A cron line has 5 fields (minute, hour, day of month, month, day of week)."
ALLOWED = "ranges a-b, steps */n, and lists of these with commas."


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "The cron line is empty."),
        ("@weekly", "There is no preset @weekly. Presets are @hourly and @daily."),
        ("@monthly", "There is no preset @monthly. Presets are @hourly and @daily."),
        ("* * * *", f"{FIELDS} This one has 4."),
        ("0 * * * * *", f"{FIELDS} This one has 6. Seconds are not possible."),
        ("*  * * * *", ONE_SPACE),
        (" * * * * *", ONE_SPACE),
        ("* * * * *\n", ONE_SPACE),
        ("*\t* * * *", ONE_SPACE),
        ("60 * * * *", "minute: 60 is not within 0–59."),
        ("* 24 * * *", "hour: 24 is not within 0–23."),
        ("* * 32 * *", "day of month: 32 is not within 1–31."),
        ("* * 0 * *", "day of month: 0 is not within 1–31."),
        ("* * * 13 *", "month: 13 is not within 1–12."),
        ("* * * * 7", "day of week: 7 is not within 0–6; Sunday is 0."),
        ("* * * JAN *", "month: write jan, in lower-case letters, not JAN."),
        ("* * * * Mon-fri", "day of week: write mon, in lower-case letters, not Mon."),
        ("* * * * monday", f"day of week: “monday” is not a value. Allowed are * and 0–6, sun…sat, {ALLOWED}"),
        ("* * L * *", f"day of month: “L” is not a value. Allowed are * and 1–31, {ALLOWED}"),
        ("* * 15W * *", f"day of month: “15W” is not a value. Allowed are * and 1–31, {ALLOWED}"),
        ("* * ? * *", f"day of month: “?” is not a value. Allowed are * and 1–31, {ALLOWED}"),
        ("* * * * 1#2", f"day of week: “1#2” is not a value. Allowed are * and 0–6, sun…sat, {ALLOWED}"),
        ("-1 * * * *", f"minute: “-1” is not a value. Allowed are * and 0–59, {ALLOWED}"),
        ("1- * * * *", f"minute: “1-” is not a value. Allowed are * and 0–59, {ALLOWED}"),
        ("٣ * * * *", f"minute: “٣” is not a value. Allowed are * and 0–59, {ALLOWED}"),
        ("1-9/2 * * * *", "minute: “1-9/2” is not possible. A step is written */n, such as */5."),
        ("*/ * * * *", "minute: “*/” is not possible. A step is written */n, such as */5."),
        ("*/0 * * * *", "minute: the step 0 is not within 1–59."),
        ("* */24 * * *", "hour: the step 24 is not within 1–23."),
        ("9-5 * * * *", "minute: the range 9-5 runs backwards. Write the smaller value first."),
        ("* * * * fri-mon", "day of week: the range fri-mon runs backwards. Write the smaller value first."),
        ("1,,2 * * * *", "minute: a value is missing beside a comma."),
        ("1,*,2 * * * *", "minute: * cannot stand in a list. Write * alone, or the values."),
        ("0 0 31 2 *", "This never runs: day of month 31 does not exist in month 2."),
        ("0 0 31 feb,4,jun *", "This never runs: day of month 31 does not exist in month feb,4,jun."),
        (f"{'1,' * 100}1 * * * *", "A cron line has at most 200 characters."),
    ],
)
def test_a_line_is_refused_with_what_is_allowed(line, says):
    with pytest.raises(CronError) as refused:
        parse(line)
    assert str(refused.value) == says


# --- any line, against the rules read minute by minute --------------------------------------------------------------

DATES = Counter(
    (each.month, each.day, each.isoweekday() % 7)
    for each in (date(2000, 1, 1) + timedelta(days=n) for n in range(146_097))
)
AROUND = [  # clocks are changed here, or a day is left out
    ("America/Los_Angeles", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 10, 24, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 11, 7, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2028, 2, 28, tzinfo=UTC)),
]


def field(low, high, names=()):
    value = st.integers(low, high)
    number = st.one_of(value.map(str), value.map(lambda n: names[n - low])) if names else value.map(str)
    span = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    part = st.one_of(number, span, st.integers(1, high).map("*/{}".format))
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


LINES = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12, MONTHS), field(0, 6, WEEKDAYS)).map(" ".join)


def takes(text, value, names=(), low=0):
    """Whether a field's text takes the value, read on its own."""

    def number(word):
        return low + names.index(word) if word in names else int(word)

    for part in text.split(","):
        if part == "*" or (part.startswith("*/") and value % int(part[2:]) == 0):
            return True
        if not part.startswith("*"):
            first, _, last = part.partition("-")
            if number(first) <= value <= number(last or first):
                return True
    return False


def days_taken(line):
    """The (month, day of month, day of week) on which the line runs, counted over the calendar of 400 years."""
    _, _, days, months, weekdays = line.split(" ")
    dates = {which for which in DATES if takes(months, which[0], MONTHS, 1)}
    by_day = {which for which in dates if takes(days, which[1])}
    by_weekday = {which for which in dates if takes(weekdays, which[2], WEEKDAYS)}
    if "*" in (days, weekdays):
        return by_day & by_weekday
    often, often_too = (sum(DATES[which] for which in some) for some in (by_day, by_weekday))
    return by_day if often > often_too else by_weekday


def by_the_minute(line, zone, start, minutes):
    minute_text, hour_text, *_ = line.split(" ")
    at_minutes = {minute for minute in range(60) if takes(minute_text, minute)}
    at_hours, dates, found = {hour for hour in range(24) if takes(hour_text, hour)}, days_taken(line), []
    for moment in (start + n * MINUTE for n in range(minutes)):
        local = moment.astimezone(zone)
        on_date = (local.month, local.day, local.isoweekday() % 7) in dates
        if on_date and local.hour in at_hours and local.minute in at_minutes:
            found.append(moment)
    return found


@given(line=LINES, around=st.sampled_from(AROUND), hours=st.integers(-40, 20))
@settings(max_examples=50, deadline=None)
def test_runs_are_those_found_minute_by_minute(line, around, hours):
    name, at = around
    zone, start = ZoneInfo(name), at + timedelta(hours=hours)
    try:
        cron = parse(line)
    except CronError as error:
        assert "never runs" in str(error)
        assert not days_taken(line)
        return
    end = start + 3000 * MINUTE - MINUTE
    assert list(cron.between(start, end, zone)) == by_the_minute(line, zone, start, 3000)


@given(line=LINES, days=st.integers(0, 146_097))
@settings(max_examples=50, deadline=None)
def test_a_line_either_runs_within_eight_years_or_is_refused(line, days):
    at = datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
    try:
        found = parse(line).next_after(at, UTC)
    except CronError:
        assert not days_taken(line)
    else:
        assert at < found < at + timedelta(days=8 * 366)


@given(line=LINES, zone=st.sampled_from(AROUND), count=st.integers(1, 12), hours=st.integers(0, 400))
@settings(max_examples=30, deadline=None)
def test_the_latest_runs_are_the_end_of_all(line, zone, count, hours):
    name, at = zone
    try:
        cron = parse(line)
    except CronError:
        return
    first, last = at - timedelta(hours=hours), at + timedelta(hours=20)
    every = list(cron.between(first, last, ZoneInfo(name)))
    assert cron.latest(count, first, last, ZoneInfo(name)) == every[-count:]


@given(line=LINES, zone=st.sampled_from(AROUND), minutes=st.lists(st.integers(0, 3000), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_the_counts_between_edges_are_those_of_the_runs(line, zone, minutes):
    name, at = zone
    try:
        cron = parse(line)
    except CronError:
        return
    edges = tuple(at + timedelta(seconds=7) + MINUTE * (n - 1500) for n in sorted(minutes))
    runs = list(cron.between(edges[0], edges[-1], ZoneInfo(name)))
    counted = [sum(start <= run < end for run in runs) for start, end in pairwise(edges)]
    assert cron.counts(edges, ZoneInfo(name)) == counted
