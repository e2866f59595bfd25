"""Cells of every Arrow type that an engine may return, as text and as seconds."""

import datetime as dt
import math
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from exports.exporter.cells import LocalTime, type_problem, utc_seconds
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.rows import NOW, both_agree, codes_of, column, plan_of, sent

TOKYO = ZoneInfo("Asia/Tokyo")
MOMENT = dt.datetime.fromtimestamp(NOW, dt.UTC)


@pytest.mark.parametrize("type_", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_text_is_text(type_):
    assert sent("title", ["題", None, '"', ""], type_) == ["題", None, '"', None]
    assert codes_of("phone", ["+818012345678", None, "080", ""], type_) == [None, None, "phone", None]
    assert codes_of("event_timestamp", [str(NOW), "x", ""], type_) == [None, "not_an_integer", "required"]


def test_text_of_an_extension_type_is_text():
    array = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}']))
    assert sent("title", array) == ['{"a":1}']


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("sign", ["int", "uint"])
def test_a_whole_number_as_text_is_its_digits(bits, sign):
    type_ = getattr(pa, f"{sign}{bits}")()
    largest = 2 ** (bits - (sign == "int")) - 1
    assert sent("external_id", [0, 7, None, largest], type_) == ["0", "7", None, str(largest)]


def test_whole_floats_and_decimals_as_text_are_digits_and_others_are_refused():
    assert sent("external_id", [12.0, None, -0.0, 2.0**53 - 1], pa.float64()) == ["12", None, "0", "9007199254740991"]
    assert codes_of("external_id", [1.5, math.nan, math.inf, -math.inf, 2.0**53], pa.float64()) == ["not_text"] * 5
    assert sent("external_id", [Decimal("12.00"), Decimal("7")], pa.decimal128(20, 2)) == ["12", "7"]
    assert codes_of("external_id", [Decimal("12.50"), None], pa.decimal128(20, 2)) == ["not_text", None]
    assert sent("external_id", [Decimal(10) ** 37], pa.decimal128(38, 0)) == ["1" + "0" * 37]


@pytest.mark.parametrize("type_", [pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal256(60, 2)])
def test_decimals_of_every_width(type_):
    assert sent("external_id", [Decimal("12.00"), None], type_) == ["12", None]


def test_truth_values_are_neither_text_nor_time():
    assert codes_of("title", [True, None, False]) == ["not_text", None, "not_text"]
    assert codes_of("email", [True, None]) == ["not_text", None]
    assert codes_of("event_timestamp", [True, None]) == ["not_an_integer", "required"]


def test_a_column_of_nulls_is_no_value():
    assert sent("title", pa.nulls(2)) == [None, None]
    assert codes_of("event_timestamp", pa.nulls(2)) == ["required", "required"]


@pytest.mark.parametrize("type_", [pa.float32(), pa.float64()])
def test_float_seconds_must_be_whole(type_):
    exact = float(np.float32(NOW))
    values = [exact, 0.5, math.nan, math.inf, -math.inf, 1e30, -0.0, None]
    bad = ["not_an_integer"] * 5 + ["not_positive", "required"]
    assert codes_of("event_timestamp", values, type_) == [None, *bad]


def test_decimal_seconds_must_be_whole_and_fit():
    values = [Decimal(NOW), Decimal(NOW) + Decimal("0.5"), Decimal(2**63), None]
    codes = codes_of("event_timestamp", values, pa.decimal128(38, 1))
    assert codes == [None, "not_an_integer", "not_an_integer", "required"]


def test_digits_are_seconds():
    values = [str(NOW), "00" + str(NOW), "1.5", "9" * 18, "9" * 30, f" {NOW}", f"{NOW}\n", "１２３", "-5", ""]
    bad = ["milliseconds", "not_an_integer", "not_an_integer", "not_an_integer", "not_an_integer", "not_positive"]
    assert codes_of("event_timestamp", values) == [None, None, "not_an_integer", *bad, "required"]


def test_unsigned_numbers_beyond_int64_are_refused():
    assert codes_of("event_timestamp", [NOW, 2**64 - 1], pa.uint64()) == [None, "not_an_integer"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_with_zone_is_seconds_without_its_fraction(unit):
    array = pa.array([NOW, -1, None]).cast(pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, "Asia/Tokyo"))
    assert codes_of("event_timestamp", array) == [None, "not_positive", "required"]
    assert sent("event_timestamp", array) == [NOW]


def test_a_fraction_of_a_second_is_dropped():
    assert sent("event_timestamp", [NOW * 1000 + 999], pa.timestamp("ms", "UTC")) == [NOW]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_a_time_without_zone_is_read_in_the_plans_zone(unit):
    shown = MOMENT.astimezone(TOKYO).replace(tzinfo=None)
    array = pa.array([shown]).cast(pa.timestamp(unit))
    assert sent("event_timestamp", array) == [NOW]


def test_a_date_is_its_midnight_in_the_plans_zone():
    day = dt.date(2026, 11, 18)
    midnight = int(dt.datetime(2026, 11, 18, tzinfo=TOKYO).timestamp())
    assert sent("event_timestamp", [day], pa.date32()) == [midnight]
    assert sent("event_timestamp", [day], pa.date64()) == [midnight]


def test_infinite_times_are_refused():
    ends = [2**63 - 1, -(2**63) + 1]
    for zone in (None, "UTC"):
        assert None not in codes_of("event_timestamp", ends, pa.timestamp("us", zone))


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_time_is_read_as_python_reads_it(name):
    zone = ZoneInfo(name)
    readings = np.arange(NOW - 91 * 86400, NOW + 86400, 877)
    expected = [utc_seconds(zone, int(reading)) for reading in readings]
    assert LocalTime(zone, NOW - 90 * 86400, NOW + 86400).utc(readings).tolist() == expected


def test_the_hour_that_comes_twice_is_the_first_and_the_skipped_one_goes_on():
    readings = [dt.datetime(2026, 10, 25, 2, 30), dt.datetime(2026, 3, 29, 2, 30)]
    utc = [dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)]
    for reading, moment in zip(readings, utc, strict=True):
        batch = column("event_timestamp", pa.array([reading]))
        plan = plan_of(batch, now=int(moment.timestamp()) + 60, time_zone="Europe/Berlin")
        events, _ = both_agree(plan, batch)
        assert events[0]["event"]["event_timestamp"] == moment.timestamp()


OTHERS = [pa.struct([("a", pa.string())]), pa.binary(), pa.time64("us"), pa.uuid(), pa.duration("s")]


@pytest.mark.parametrize("type_", [*OTHERS, *map(pa.list_, OTHERS), pa.map_(pa.string(), pa.string())])
def test_some_types_can_be_no_field(type_):
    for field in CONNECTOR.fields:
        assert "convert it in the query" in type_problem(field, type_)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("title", "text is needed"),
        ("value", "a number is needed"),
        ("quantity", "a whole number is needed"),
        ("test_flag", "true or false is needed"),
        ("item_ids", "a list of strings, or text is needed"),
    ],
)
def test_a_time_is_no_field_but_a_time(name, wanted):
    assert wanted in type_problem(CONNECTOR.field(name), pa.timestamp("us"))
    assert type_problem(CONNECTOR.field("event_timestamp"), pa.timestamp("us")) is None


def test_a_list_is_a_list_field_and_no_other():
    lists = [f.name for f in CONNECTOR.fields if type_problem(f, pa.list_(pa.string())) is None]
    assert lists == ["item_ids", "keywords"]
    assert "is of type list<item: string>; text is needed" in type_problem(
        CONNECTOR.field("title"), pa.list_(pa.string())
    )
