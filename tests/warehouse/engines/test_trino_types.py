"""What Trino's types become in Arrow."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.warehouse.engines.fake_trino import Answer
from warehouse.engines.base import Limits, QueryFailed
from warehouse.engines.trino import TrinoEngine


@pytest.fixture
def table(fake_trino, tmp_path):
    """table([("v", "bigint")], [[1], [None]]) → the Arrow table that these columns and rows of Trino's JSON become."""

    def run(columns, rows, **options):
        fake_trino.answers["typed"] = Answer(columns=columns, pages=[rows])
        settings = {"scheme": "http", "host": "127.0.0.1", "port": fake_trino.port, "user": "ann", "catalog": "hive"}
        started = TrinoEngine(settings).run(
            "SELECT v FROM typed", tables={}, database="", limits=Limits(seconds=30), workdir=tmp_path, **options
        )
        with started as result:
            return pa.Table.from_batches(result)

    return run


@pytest.fixture
def typed(table):
    """typed("bigint", [1, None]) → the Arrow column that Trino's JSON values of this type become."""

    def run(kind, values, **options):
        return table([("v", kind)], [[value] for value in values], **options).column("v")

    return run


TYPES = [  # a type of Trino, a value as its JSON, its type in Arrow and in Python (None: not compared)
    ("boolean", True, pa.bool_(), True),
    ("tinyint", 7, pa.int8(), 7),
    ("bigint", 9007199254740993, pa.int64(), 9007199254740993),
    ("real", 2.5, pa.float32(), 2.5),
    ("double", "-Infinity", pa.float64(), float("-inf")),
    ("decimal(38,2)", "1.50", pa.decimal128(38, 2), Decimal("1.50")),
    ("varchar(9)", "日本", pa.string(), "日本"),
    ("char(3)", "a  ", pa.string(), "a  "),
    ("varbinary", "AP8=", pa.binary(), b"\x00\xff"),
    ("date", "2024-02-29", pa.date32(), datetime.date(2024, 2, 29)),
    (
        *("timestamp(6)", "2024-01-01 10:00:00.123456", pa.timestamp("us")),
        datetime.datetime(2024, 1, 1, 10, 0, 0, 123456),
    ),
    ("timestamp(9)", "2024-01-01 10:00:00.123456789", pa.string(), "2024-01-01 10:00:00.123456789"),
    ("time(3)", "10:00:00.000", pa.string(), "10:00:00.000"),
    ("json", '{"a": 1}', pa.string(), '{"a": 1}'),
    ("uuid", "6f1c1b5e-5c3b-4a3e-9a7c-0a0b0c0d0e0f", pa.string(), "6f1c1b5e-5c3b-4a3e-9a7c-0a0b0c0d0e0f"),
    ("array(varchar(3))", ["a", None], pa.list_(pa.string()), ["a", None]),
    ("array(double)", ["NaN", 1], pa.list_(pa.float64()), None),
    ("array(array(bigint))", [[1], [2]], pa.string(), "[[1],[2]]"),
    ("map(varchar, bigint)", {"é": 1}, pa.string(), '{"é":1}'),
    ("row(x bigint, y timestamp(3) with time zone)", [1, None], pa.string(), "[1,null]"),
]


def test_types(table):
    nulls, values = [None] * len(TYPES), [given for _, given, *_ in TYPES]
    found = table([(f"v{number}", kind) for number, (kind, *_) in enumerate(TYPES)], [nulls, values])
    assert found.schema.types == [wanted for *_, wanted, _ in TYPES]
    none, read = (list(row.values()) for row in found.to_pylist())
    assert none == nulls
    assert [one for one, case in zip(read, TYPES, strict=True) if case[3] is not None] == [
        expected for *_, expected in TYPES if expected is not None
    ]


@pytest.mark.parametrize("zone", ["UTC", "+00:00", "Asia/Tokyo", "-03:30"])
def test_moments_come_from_any_zone_and_carry_the_session_s(typed, zone):
    local = {"UTC": "00:00", "+00:00": "00:00", "Asia/Tokyo": "09:00", "-03:30": "20:30"}[zone]
    day = "2023-12-31" if zone == "-03:30" else "2024-01-01"
    values = [None, f"{day} {local}:00.000 {zone}", "2024-01-01 00:00:00.000 UTC"]
    found = typed("timestamp(3) with time zone", values, time_zone="Asia/Tokyo")
    assert found.type == pa.timestamp("us", "Asia/Tokyo")
    assert [v and v.isoformat() for v in found.to_pylist()] == [None, *["2024-01-01T09:00:00+09:00"] * 2]


def test_a_value_that_does_not_fit_is_named(typed):
    with pytest.raises(QueryFailed, match=r'"v" \(date\) holds a value that cannot be read here'):
        typed("date", ["+29999-01-01"])
