"""What PostgreSQL's types become in Arrow."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from warehouse.engines.base import Limits, QueryFailed, QueryRejected
from warehouse.engines.postgresql import PostgreSQLEngine


@pytest.fixture
def table(postgresql, tmp_path):
    """table("1::int AS v, …") → the Arrow table of a SELECT of these columns."""

    def run(columns, **options):
        engine, limits = PostgreSQLEngine(postgresql.settings()), Limits(seconds=30)
        with engine.run(
            f"SELECT {columns}", tables={}, database="", limits=limits, workdir=tmp_path, **options
        ) as result:
            return pa.Table.from_batches(result, result.schema)

    return run


@pytest.fixture
def value(table):
    """value("1::int") → (its Arrow type, its value in Python)."""

    def run(expression, **options):
        column = table(f"{expression} AS v", **options).column("v")
        return column.type, column.to_pylist()[0]

    return run


UUID = "6f1c1b5e-5c3b-4a3e-9a7c-0a0b0c0d0e0f"


TYPES = [  # an expression, its type in Arrow and in Python
    ("true", pa.bool_(), True),
    ("1::smallint", pa.int16(), 1),
    ("9007199254740993::bigint", pa.int64(), 9007199254740993),
    ("4294967295::oid", pa.int64(), 4294967295),
    ("2.5::real", pa.float32(), 2.5),
    ("'NaN'::float8::text", pa.string(), "NaN"),
    ("1.5::numeric(10, 2)", pa.decimal128(10, 2), Decimal("1.50")),
    ("(-7)::numeric(38, 0)", pa.decimal128(38, 0), Decimal(-7)),
    ("1.25::numeric", pa.string(), "1.25"),
    ("sum(1.5)", pa.string(), "1.5"),
    ("1::numeric(50, 2)", pa.string(), "1.00"),
    ("'日本'::varchar(9)", pa.string(), "日本"),
    ("'a'::char(3)", pa.string(), "a  "),
    ("NULL", pa.string(), None),
    ("'\\x00ff'::bytea", pa.binary(), b"\x00\xff"),
    (f"'{UUID}'::uuid", pa.string(), UUID),
    ("'{\"a\": [1]}'::jsonb", pa.string(), '{"a": [1]}'),
    ("'{ }'::json", pa.string(), "{ }"),
    ("'10.0.0.1'::inet", pa.string(), "10.0.0.1"),
    ("'sad'::mood", pa.string(), "sad"),
    ("interval '1 day 2 hours'", pa.string(), "1 day 02:00:00"),
    ("ROW(1, 'b')", pa.string(), "(1,b)"),
    ("int4range(1, 5)", pa.string(), "[1,5)"),
    ("ARRAY['a', NULL]", pa.list_(pa.string()), ["a", None]),
    ("ARRAY[1, 2]::bigint[]", pa.list_(pa.int64()), [1, 2]),
    ("ARRAY[1.50]", pa.list_(pa.string()), ["1.50"]),
    ("ARRAY['sad']::mood[]", pa.list_(pa.string()), ["sad"]),
    ("date '2024-02-29'", pa.date32(), datetime.date(2024, 2, 29)),
    ("time '10:00:00.5'", pa.time64("us"), datetime.time(10, 0, 0, 500000)),
    ("timestamp '2024-01-01 10:00:00.123456'", pa.timestamp("us"), datetime.datetime(2024, 1, 1, 10, 0, 0, 123456)),
]


def test_types(table):
    found = table(", ".join(f"{expression} AS v{number}" for number, (expression, *_) in enumerate(TYPES)))
    seen = [(column.type, column.to_pylist()[0]) for column in found.columns]
    assert seen == [(kind, expected) for _, kind, expected in TYPES]


def test_moments_carry_the_zone_of_the_session(value):
    kind, moment = value("timestamptz '2024-01-01 00:00+00'", time_zone="Asia/Tokyo")
    assert kind == pa.timestamp("us", "Asia/Tokyo") and moment.isoformat() == "2024-01-01T09:00:00+09:00"


def test_the_session_reads_times_in_its_zone(value):
    assert value("'2024-01-01 00:00'::timestamptz = '2023-12-31 15:00+00'", time_zone="Asia/Tokyo")[1] is True


def test_a_time_zone_that_does_not_exist_is_refused(value):
    with pytest.raises(QueryRejected, match='no time zone "Mars/Base"'):
        value("1", time_zone="Mars/Base")


@pytest.mark.parametrize("expression", ["'infinity'::date", "'-infinity'::timestamptz", "timestamp '20000-01-01'"])
def test_times_that_nobody_could_read_are_named(value, expression):
    with pytest.raises(QueryFailed, match='"v" holds infinity, or a time outside the years 1 to 9999') as caught:
        value(expression)
    assert caught.value.user_error


def test_a_decimal_that_is_no_number_is_named(value):
    with pytest.raises(QueryFailed, match='"v" holds a value that a decimal cannot hold, such as NaN'):
        value("'NaN'::numeric(5, 2)")
