"""Schedules as digdag reads them; most examples are those of its documentation and tests."""

from datetime import datetime

import pytest

from workflows.script.schedule import ScheduleError, parse


def _at(text):
    return datetime.fromisoformat(text)


def _slot(text):
    return tuple(map(_at, text.split()))


@pytest.mark.parametrize(
    ("schedule", "session", "run"),
    [
        ({"hourly>": "32:32"}, "2019-02-24T14:00:00", "2019-02-24T14:32:32"),
        ({"daily>": "10:32:32"}, "2019-02-25T00:00:00", "2019-02-25T10:32:32"),
        ({"weekly>": "2,10:32:32"}, "2019-02-26T00:00:00", "2019-02-26T10:32:32"),
        ({"weekly>": "Tue, 10:32:32"}, "2019-02-26T00:00:00", "2019-02-26T10:32:32"),
        ({"monthly>": "2,10:32:32"}, "2019-03-02T00:00:00", "2019-03-02T10:32:32"),
        ({"minutes_interval>": 30}, "2019-02-24T14:30:00", "2019-02-24T14:30:00"),
        ({"cron>": "1 * * * *", "delay": 1200}, "2019-02-24T14:01:00", "2019-02-24T14:21:00"),
        ({"cron>": "42 4 1 * *"}, "2019-03-01T04:42:00", "2019-03-01T04:42:00"),
    ],
)
def test_the_first_session_is_the_first_that_can_still_run(schedule, session, run):
    found = parse(schedule, "Asia/Tokyo").first_from(_at("2019-02-24T14:20:10+09:00"))

    assert found == (_at(f"{session}+09:00"), _at(f"{run}+09:00"))


def test_a_moment_at_which_it_runs_is_the_first_itself_and_next_is_later():
    schedule = parse({"daily>": "07:00:00"}, "UTC")
    slot = _slot("2016-02-03T00:00:00+00:00 2016-02-03T07:00:00+00:00")

    assert schedule.first_from(slot[1]) == slot
    assert schedule.next_after(slot[0]) == _slot("2016-02-04T00:00:00+00:00 2016-02-04T07:00:00+00:00")
    assert schedule.last_before(slot[0]) == _slot("2016-02-02T00:00:00+00:00 2016-02-02T07:00:00+00:00")


def test_start_and_end_bound_the_run_times_and_the_last_day_is_in():
    schedule = parse({"monthly>": "1,12:00:00", "start": "2016-03-01", "end": "2016-04-01"}, "Asia/Tokyo")

    first = _slot("2016-03-01T00:00:00+09:00 2016-03-01T12:00:00+09:00")
    last = _slot("2016-04-01T00:00:00+09:00 2016-04-01T12:00:00+09:00")
    assert schedule.next_after(_at("2016-01-01T00:00:00+09:00")) == first
    assert schedule.next_after(first[0]) == last
    assert schedule.next_after(last[0]) is None
    assert schedule.first_from(_at("2016-04-01T12:00:01+09:00")) is None
    assert schedule.last_before(first[0])[0] == _at("2016-02-01T00:00:00+09:00")
    assert (
        parse({"monthly>": "1,12:00:00", "start": "2016-03-05", "end": "2016-03-09"}, "UTC").next_after(first[0])
        is None
    )


def test_days_follow_the_calendar_through_summer_time_and_short_months():
    schedule = parse({"monthly>": "31,12:00:00"}, "America/Los_Angeles")

    march = _slot("2016-03-31T00:00:00-07:00 2016-03-31T12:00:00-07:00")
    assert schedule.next_after(_at("2016-01-31T00:00:00-08:00")) == march
    assert schedule.last_before(march[0])[0] == _at("2016-01-31T00:00:00-08:00")
    # Midnight is left out on the day on which summer time begins there: the day still has its session.
    beirut = parse({"daily>": "00:00:00"}, "Asia/Beirut").next_after(_at("2026-03-28T00:00:00+02:00"))
    assert beirut[0] == _at("2026-03-29T01:00:00+03:00")


def test_the_last_session_may_be_years_ago():
    leap = parse({"cron>": "0 0 29 2 *"}, "UTC")

    assert leap.last_before(_at("2027-06-01T00:00:00+00:00"))[0] == _at("2024-02-29T00:00:00+00:00")


def test_options_are_read_and_default_to_running_always():
    read = parse({"cron>": "0 * * * *", "skip_on_overtime": True, "skip_delayed_by": "1h 30m"}, "UTC")
    plain = parse({"cron>": "0 * * * *"}, "UTC")

    assert (read.skip_on_overtime, read.skip_delayed_by.total_seconds()) == (True, 5400)
    assert (plain.skip_on_overtime, plain.skip_delayed_by, plain.start, plain.end) == (False, None, None, None)


@pytest.mark.parametrize(
    ("schedule", "key", "words"),
    [
        ("daily", "", "write a kind below it, one of hourly>, daily>"),
        ({}, "", "it needs one kind, one of hourly>"),
        ({"daily>": "07:00:00", "cron>": "0 * * * *"}, "", "it needs one kind, not daily> and cron>"),
        ({"yearly>": 1}, "yearly>", "no such kind. Allowed are hourly>"),
        ({"daily>": None}, "daily>", "write its time behind it"),
        ({"daily>": "07:00"}, "daily>", "“07:00” is not in the form HH:MM:SS"),
        ({"daily>": 25200}, "daily>", "HH:MM:SS"),
        ({"daily>": "07:60:00"}, "daily>", "minutes and seconds go to 59"),
        ({"hourly>": "07:00:00"}, "hourly>", "MM:SS"),
        ({"weekly>": "Someday,09:00:00"}, "weekly>", "day of week: “Someday” cannot be used; allowed are 0–7, sun…sat"),
        ({"weekly>": "-1,09:00:00"}, "weekly>", "day of week"),
        ({"monthly>": "32,09:00:00"}, "monthly>", "D from 1 to 31"),
        ({"monthly>": "09:00:00"}, "monthly>", "D,HH:MM:SS"),
        ({"minutes_interval>": 90}, "minutes_interval>", "1 to 60"),
        ({"cron>": "99 * * * *"}, "cron>", "minute: “99”"),
        ({"daily>": "07:00:00", "delay": 5}, "delay", "daily> has its delay in its own time"),
        ({"cron>": "0 * * * *", "delay": "5m"}, "delay", "no whole number of seconds"),
        ({"daily>": "07:00:00", "skip_overtime": True}, "skip_overtime", "Did you mean skip_on_overtime?"),
        ({"daily>": "07:00:00", "skip_on_overtime": "yes"}, "skip_on_overtime", "neither true nor false"),
        ({"daily>": "07:00:00", "skip_delayed_by": 30}, "skip_delayed_by", "write it as 3m, 1h 30m"),
        ({"daily>": "07:00:00", "start": "2026-02-30"}, "start", "“2026-02-30” is no day; the form is YYYY-MM-DD"),
        ({"daily>": "07:00:00", "start": "0001-01-01"}, "start", "0001-01-01 is not in the years from 1900 to 8999"),
        ({"daily>": "07:00:00", "end": "9999-12-31"}, "end", "9999-12-31 is not in the years from 1900 to 8999"),
        ({"daily>": "07:00:00", "start": "2026-03-02", "end": "2026-03-01"}, "end", "before the start"),
    ],
)
def test_an_error_says_which_key_what_is_wrong_and_what_is_allowed(schedule, key, words):
    with pytest.raises(ScheduleError) as caught:
        parse(schedule, "Asia/Tokyo")

    assert caught.value.key == key
    assert words in str(caught.value)


def test_a_time_zone_that_does_not_exist_is_named():
    with pytest.raises(ScheduleError, match="timezone: Asia/Toyko is no time zone"):
        parse({"daily>": "07:00:00"}, "Asia/Toyko")
