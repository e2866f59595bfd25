"""TD's functions of time, against what TD documents and against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.sql.conftest import Ask, answer, value
from warehouse.engines.base import QueryRejected
from warehouse.sql.intervals import moment, window
from warehouse.sql.translate import translate

ZONES = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Europe/Paris", "Australia/Sydney", "Asia/Kolkata"]
SUNDAY = int(datetime(2016, 6, 26, 8, 23, 45, tzinfo=UTC).timestamp())  # 01:23:45 at -07:00

# The examples of Airframe's TimeWindow, which TD_INTERVAL is made with, seen from 2016-06-26 01:23:45-0700.
WINDOWS = [
    ("0d", "2016-06-26 00:00:00", "2016-06-26 00:00:00"),
    ("1h", "2016-06-26 01:00:00", "2016-06-26 02:00:00"),
    ("1d", "2016-06-26 00:00:00", "2016-06-27 00:00:00"),
    ("1M", "2016-06-01 00:00:00", "2016-07-01 00:00:00"),
    ("-7d", "2016-06-19 00:00:00", "2016-06-26 00:00:00"),
    ("-7d/now", "2016-06-19 00:00:00", "2016-06-26 01:23:45"),
    ("+7d", "2016-06-26 00:00:00", "2016-07-03 00:00:00"),
    ("+7d/now", "2016-06-26 01:23:45", "2016-07-03 00:00:00"),
    ("-1h", "2016-06-26 00:00:00", "2016-06-26 01:00:00"),
    ("-1h/0m", "2016-06-26 00:00:00", "2016-06-26 01:23:00"),
    ("-12h/now", "2016-06-25 13:00:00", "2016-06-26 01:23:45"),
    ("-3d/2017-04-07", "2017-04-04 00:00:00", "2017-04-07 00:00:00"),
    ("-1M/0M", "2016-05-01 00:00:00", "2016-06-01 00:00:00"),
    ("-1M/-1M", "2016-04-01 00:00:00", "2016-05-01 00:00:00"),
    ("-1M/lastMonth", "2016-04-01 00:00:00", "2016-05-01 00:00:00"),
    ("-1M/2018-09-02", "2018-08-01 00:00:00", "2018-09-01 00:00:00"),
    ("-1h/2017-01-23 01:23:45", "2017-01-23 00:00:00", "2017-01-23 01:00:00"),
    ("-60m/2017-01-23 01:23:45", "2017-01-23 00:23:00", "2017-01-23 01:23:00"),
    ("0M/2018-09-02)", "2018-09-01 00:00:00", "2018-09-02 00:00:00"),
    ("-1M/2018-09-02 12:34:56)", "2018-08-01 00:00:00", "2018-09-02 12:34:56"),
    ("-1M/0d", "2016-05-01 00:00:00", "2016-06-26 00:00:00"),
    ("-1q", "2016-01-01 00:00:00", "2016-04-01 00:00:00"),
    ("-2q", "2015-10-01 00:00:00", "2016-04-01 00:00:00"),
    ("-1q/-1y/0y", "2014-10-01 00:00:00", "2015-01-01 00:00:00"),
    ("-20s/-10s/now", "2016-06-26 01:23:15", "2016-06-26 01:23:35"),
    ("+1M/-2M/-1y/2016-10-01", "2015-08-01 00:00:00", "2015-09-01 00:00:00"),
    ("thisWeek", "2016-06-20 00:00:00", "2016-06-27 00:00:00"),
    ("yesterday/now", "2016-06-25 00:00:00", "2016-06-26 01:23:45"),
    ("nextMonth", "2016-07-01 00:00:00", "2016-08-01 00:00:00"),
    ("2016-06-26", "2016-06-26 00:00:00", "2016-06-27 00:00:00"),
    ("2016-06-26/now", "2016-06-26 00:00:00", "2016-06-26 01:23:45"),
    ("2018-08-01/2018-09-02 01:12:13", "2018-08-01 00:00:00", "2018-09-02 01:12:13"),
    ("2016-05-15 01:23:15/0M", "2016-05-15 01:23:15", "2016-06-01 00:00:00"),
]


@pytest.mark.parametrize(("text", "start", "end"), WINDOWS, ids=[text for text, _, _ in WINDOWS])
def test_an_interval_is_what_airframe_documents(text: str, start: str, end: str) -> None:
    zone = ZoneInfo("Etc/GMT+7")

    assert window(text, zone, SUNDAY) == (moment(start, zone), moment(end, zone))


def test_a_month_back_from_its_last_day_ends_with_the_shorter_month() -> None:
    march_31 = int(datetime(2023, 3, 31, 12, tzinfo=UTC).timestamp())

    assert window("-1d/-1M/now", ZoneInfo("UTC"), march_31)[1] == int(datetime(2023, 2, 28, 12, tzinfo=UTC).timestamp())


def test_a_day_of_23_hours_is_a_day() -> None:
    after = int(datetime(2024, 3, 11, 12, tzinfo=UTC).timestamp())
    start, end = window("-1d", ZoneInfo("America/Los_Angeles"), after)

    assert end - start == 23 * 3600


TEXTS: list[tuple[str, Any]] = [
    ("TD_TIME_PARSE('2020-01-01')", 1577836800),
    ("TD_TIME_PARSE('2020-01-01', 'JST')", 1577804400),
    ("TD_TIME_PARSE('2020-01-01 00:00:00 PDT', 'JST')", 1577862000),
    ("TD_TIME_PARSE('2020-01-01T00:00:00+0900')", 1577804400),
    ("TD_TIME_PARSE('2020-01-01T00:00:00Z', 'JST')", 1577836800),
    ("td_time_parse(x, 'JST') FROM (VALUES '2020-01-01') t (x)", 1577804400),
    ("TD_TIME_PARSE(x, 'JST') FROM (VALUES '2020-01-01 00:00:00 PDT') t (x)", 1577862000),
    ("TD_TIME_PARSE(x, 'JST') FROM (VALUES '2020-01-01T00:00:00Z') t (x)", 1577836800),
    ("TD_TIME_PARSE(x, 'JST') FROM (VALUES '2020-01-01 00:00:00 +0900') t (x)", 1577804400),
    ("TD_TIME_PARSE(x) FROM (VALUES 'nothing') t (x)", None),
    ("TD_TIME_PARSE(x, 'America/Los_Angeles') FROM (VALUES '2021-11-07 01:30:00') t (x)", 1636273800),
    ("TD_TIME_PARSE('2021-11-07 01:30:00', 'America/Los_Angeles')", 1636273800),
    ("TD_TIME_ADD('2013-01-01', '1d', 'JST')", 1357052400),
    ("TD_TIME_ADD(1357052400, '-1h')", 1357048800),
    ("TD_TIME_ADD(x, '1h30m') FROM (VALUES 0) t (x)", 5400),
    ("TD_TIME_ADD(x, CAST(y AS varchar) || 'd') FROM (VALUES (0, 2)) t (x, y)", 172800),
    ("TD_TIME_ADD(TD_SCHEDULED_TIME(), '-1d')", 1699913600),
    ("TD_TIME_FORMAT(1325376000, 'yyyy-MM-dd HH:mm:ss z')", "2012-01-01 00:00:00 UTC"),
    ("TD_TIME_FORMAT(1325376000, 'yyyy-MM-dd HH:mm:ss z', 'PST')", "2011-12-31 16:00:00 PST"),
    ("TD_TIME_FORMAT(1341100800, 'HH:mm z Z XXX X', 'PST')", "17:00 PDT -0700 -07:00 -07"),
    ("TD_TIME_FORMAT(0, 'XXX')", "Z"),
    ("TD_TIME_FORMAT(x, 'yyyyMMdd''T''HHmmss''%''', 'JST') FROM (VALUES 0) t (x)", "19700101T090000%"),
    ("TD_TIME_FORMAT(0, 'E d MMM yy h a')", "Thu 1 Jan 70 12 AM"),
    ("TD_TIME_FORMAT(0, 'yyyy-MM-dd', NULL)", "1970-01-01"),
    ("TD_TIME_FORMAT(x, 'dd', 'Asia/Tokyo') FROM (VALUES CAST(NULL AS bigint)) t (x)", None),
    ("TD_TIME_STRING(1641008135, 'y!', 'JST')", "2022"),
    ("TD_TIME_STRING(1641008135, 'M!', 'JST')", "2022-01"),
    ("TD_TIME_STRING(1641008135, 'd!', 'JST')", "2022-01-01"),
    ("TD_TIME_STRING(1641008135, 'h!', 'jst')", "2022-01-01 12"),
    ("TD_TIME_STRING(1641008135, 's!', 'JST')", "2022-01-01 12:35:35"),
    ("TD_TIME_STRING(x, 'd', 'JST') FROM (VALUES 1641008135) t (x)", "2022-01-01 00:00:00+0900"),
    ("TD_TIME_STRING(x, 's') FROM (VALUES 1641008135) t (x)", "2022-01-01 03:35:35+0000"),
    ("TD_TIME_STRING(1641008135, 'w!', 'JST')", "2021-12-27"),
    ("TD_TIME_STRING(1641008135, 'yyyy-MM-dd HH:00:00', 'JST')", "2022-01-01 12:00:00"),
    ("TD_DATE_TRUNC('day', 1416787667)", 1416787200),
    ("TD_DATE_TRUNC('day', x, 'PST') FROM (VALUES 1416787667) t (x)", 1416729600),
    ("TD_DATE_TRUNC('hour', x, 'Asia/Kolkata') FROM (VALUES 1416787667) t (x)", 1416785400),
    ("TD_DATE_TRUNC('day', MIN(x), 'PST') FROM (VALUES 1416787667, 1416787668) t (x)", 1416729600),
    ("TD_TIME_ADD(MAX(x) OVER (), '1h') FROM (VALUES 1416787667) t (x)", 1416791267),
    ("TD_TIME_PARSE((SELECT MAX(x) FROM (VALUES '2020-01-01 00:00:00 PDT') t (x)), 'JST')", 1577862000),
    ("TD_INTERVAL_RANGE('-1d', 'JST')", [1699887600, 1699974000]),
    ("TD_SCHEDULED_TIME()", 1700000000),
]


@pytest.mark.parametrize(("expression", "expected"), TEXTS, ids=[expression for expression, _ in TEXTS])
def test_a_function_of_time_gives_what_td_documents(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def _comparisons(condition: str) -> str:
    text = translate(f"SELECT 1 FROM t WHERE {condition}", dialect="trino", scheduled_time=1_700_000_000).sql
    return " ".join(text.split("WHERE")[1].replace("(", " ").replace(")", " ").split())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("TD_TIME_RANGE(time, '2021-01-01', '2021-01-02', 'JST')", "time >= 1609426800 AND time < 1609513200"),
        ("TD_TIME_RANGE(time, '2021-01-01 JST')", "time >= 1609426800"),
        ("TD_TIME_RANGE(time, NULL, '2021-01-01', 'JST')", "time < 1609426800"),
        ("TD_TIME_RANGE(t.time, '2021-01-01', NULL)", "t.time >= 1609459200"),
        ("TD_TIME_RANGE(time, 1609426800, 1617116400, 'JST')", "time >= 1609426800 AND time < 1617116400"),
        (
            "TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-1d'), TD_SCHEDULED_TIME())",
            "time >= 1699913600 AND time < 1700000000",
        ),
        (
            "TD_TIME_RANGE(time, TD_DATE_TRUNC('day', TD_SCHEDULED_TIME() - 86400, 'JST'), '2024-01-0' || '1')",
            "time >= 1699887600 AND time < 1704067200",
        ),
        ("TD_TIME_RANGE(time, TD_TIME_FORMAT(0, 'yyyy-MM-dd', 'JST'))", "time >= 0"),
        ("TD_INTERVAL(time, '-1d', 'JST')", "time >= 1699887600 AND time < 1699974000"),
        ("td_interval(time, '-7d/now')", "time >= 1699315200 AND time < 1700000000"),
        ("TD_INTERVAL(time, '-1d', 'UTC', TD_TIME_PARSE('2020-01-02'))", "time >= 1577836800 AND time < 1577923200"),
    ],
)
def test_a_range_of_constants_becomes_plain_comparisons(condition: str, expected: str) -> None:
    assert _comparisons(condition) == expected


def test_a_range_whose_end_is_computed_still_holds(ask: Ask) -> None:
    tables = ["CREATE TABLE t AS SELECT 1577804400 + i * 3600 AS time FROM range(48) r(i)"]
    condition = "TD_TIME_RANGE(time, lower('2020-01-01'), date_add('day', 1, DATE '2020-01-01'), 'JST')"
    sql = f"SELECT count(*) FROM t WHERE {condition}"

    assert ask(sql, tables=tables) == [(24,)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("TD_TIME_RANGE(time, 'soon')", "'soon' is no time"),
        ("TD_INTERVAL(time, '-1x')", "TD_INTERVAL cannot read '-1x'"),
        ("TD_INTERVAL(time, concat('-', x, 'd'))", "the interval must be a text in quotes"),
        ("TD_TIME_ADD(time, '1 month')", "is no duration"),
        ("TD_TIME_ADD(time, '-1d2h')", "can be read in two ways"),
        ("TD_TIME_FORMAT(time, 'YYYY')", "Write yyyy for the year"),
        ("TD_TIME_FORMAT(time, 'z', 'Asia/Dubai')", "Write Z"),
        ("TD_TIME_FORMAT(time, fmt)", "the format must be a text in quotes"),
        ("TD_TIME_PARSE('2020-01-01', 'Mars')", 'There is no time zone "Mars"'),
        ("TD_DATE_TRUNC('decade', time)", "Write one of second, minute"),
        ("TD_SCHEDULED_TIME(1)", "takes 0 arguments"),
    ],
)
def test_what_is_wrong_is_said(expression: str, message: str) -> None:
    with pytest.raises(QueryRejected, match=message.replace("(", r"\(").replace("'", ".")) as error:
        translate(f"SELECT\n  {expression}\nFROM t", dialect="trino", scheduled_time=0)

    assert error.value.line in (2, None)


times = st.integers(0, 2_500_000_000)
zones = st.sampled_from(ZONES)


@settings(max_examples=15, deadline=None)
@given(st.lists(times, min_size=1, max_size=20), zones)
def test_a_time_is_written_by_the_zones_own_clock(moments: list[int], zone: str) -> None:
    rows = ", ".join(f"({one})" for one in moments)
    sql = f"SELECT time, TD_TIME_FORMAT(time, 'yyyy-MM-dd HH:mm:ss Z', '{zone}') FROM (VALUES {rows}) t (time)"

    for time, text in answer(sql):
        assert text == datetime.fromtimestamp(time, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %z")


@settings(max_examples=15, deadline=None)
@given(st.lists(times, min_size=1, max_size=20), zones, st.sampled_from(["hour", "day", "week", "month", "year"]))
def test_a_unit_begins_when_the_zones_clock_says(moments: list[int], zone: str, unit: str) -> None:
    rows = ", ".join(f"({one})" for one in moments)
    sql = f"SELECT time, TD_DATE_TRUNC('{unit}', time, '{zone}') FROM (VALUES {rows}) t (time)"

    for time, start in answer(sql):
        assert start == _start(datetime.fromtimestamp(time, ZoneInfo(zone)), unit)


def _start(local: datetime, unit: str) -> int:
    if unit == "hour":
        return int(local.timestamp() - local.minute * 60 - local.second)
    day = local.replace(hour=0, minute=0, second=0, fold=0)
    first = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
    return int(first.get(unit, day.replace(month=1, day=1)).timestamp())


@settings(max_examples=15, deadline=None)
@given(st.lists(times, min_size=1, max_size=20), zones)
def test_a_text_is_read_by_the_zones_own_clock(moments: list[int], zone: str) -> None:
    clocks = [datetime.fromtimestamp(one, ZoneInfo(zone)).replace(fold=0) for one in moments]
    rows = ", ".join(f"('{clock:%Y-%m-%d %H:%M:%S}', {int(clock.timestamp())})" for clock in clocks)
    sql = f"SELECT TD_TIME_PARSE(x, '{zone}'), y, x FROM (VALUES {rows}) t (x, y)"

    for found, expected, text in answer(sql):
        assert found == expected == moment(text, ZoneInfo(zone))


@settings(max_examples=15, deadline=None)
@given(times, zones, st.integers(1, 400), st.sampled_from("hdwMqy"))
def test_a_window_back_and_the_one_forward_meet_at_the_grid(now: int, zone: str, count: int, unit: str) -> None:
    count = count if unit in "hd" else count % 20 + 1
    start, end = window(f"-{count}{unit}", ZoneInfo(zone), now)
    here, later = window(f"{count}{unit}", ZoneInfo(zone), now)

    assert start < end == here <= now < later


@settings(max_examples=15, deadline=None)
@given(times, st.lists(st.tuples(st.integers(0, 9999), st.sampled_from("smhdw")), min_size=1, max_size=4))
def test_durations_add_up(time: int, parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in parts)
    seconds = sum(timedelta(**{NAMES[unit]: count}).total_seconds() for count, unit in parts)

    assert value(f"TD_TIME_ADD({time}, '{text}')") == time + seconds


NAMES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
