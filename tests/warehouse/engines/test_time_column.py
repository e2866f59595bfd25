"""What `time` is: taken from the file, from another column, or from the load; always Unix seconds."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.engines.base import Column, Limits, LoadFailed
from warehouse.engines.loader import load, sniff
from warehouse.engines.timecolumn import TIME, Clock

LIMITS = Limits(seconds=20, rows=1000, memory_mb=256, spool_mb=64)
NOON = 1735819200  # 2025-01-02 12:00:00 UTC


@pytest.fixture
def timed(tmp_path):
    """`timed(content, "a BIGINT", clock=…)` → the values of `time` after a load. A dict becomes a Parquet file."""

    def run(content, *columns, file_format="csv", clock=None):
        path = tmp_path / "upload"
        if isinstance(content, dict):
            pq.write_table(pa.table(content), path)
            file_format = "parquet"
        else:
            path.write_text(content)
        wanted = [*(Column(*column.split(" ")) for column in columns), TIME]
        load(path, file_format, wanted, tmp_path / "part", limits=LIMITS, clock=clock or Clock(7))
        return pq.read_table(tmp_path / "part")["time"].to_pylist()

    return run


def test_rows_of_a_file_without_time_get_the_loads(timed):
    assert timed("a\n1\n2\n", "a BIGINT") == [7, 7]
    assert timed('{"a":1}\n', "a BIGINT", file_format="jsonl") == [7]
    assert timed({"a": [1, 2]}, "a BIGINT") == [7, 7]


def test_the_files_own_time_is_taken(timed):
    assert timed("a,time\n1,5\n2,\n", "a BIGINT") == [5, 7]
    assert timed('{"a":1,"time":5}\n{"a":1}\n', "a BIGINT", file_format="jsonl") == [5, 7]
    assert timed({"a": [1, 2], "time": [5, None]}, "a BIGINT") == [5, 7]


def test_times_become_unix_seconds(timed):
    text = "time\n2025-01-02 12:00\n2025-01-02T21:00:00+09:00\n2025-01-02\n-5\n"
    assert timed(text) == [NOON, NOON, NOON - 12 * 3600, -5]
    assert timed({"time": [dt.datetime(2025, 1, 2, 12, 0, 0, 999_999), None]}) == [NOON, 7]
    assert timed({"time": pa.array([NOON * 1000], pa.timestamp("ms", "Asia/Tokyo"))}) == [NOON]


def test_a_time_before_1970_is_rounded_down(timed):
    assert timed("time\n1969-12-31 23:59:59.5\n") == [-1]


@pytest.mark.parametrize("rest", ["2025-01-02 12:00:00.7,TIMESTAMP", f"{NOON},BIGINT", "2025-01-02,DATE"])
def test_another_column_can_be_the_time(timed, rest):
    value, kind = rest.split(",")
    expected = NOON - 12 * 3600 if kind == "DATE" else NOON
    found = timed(f"id,seen\n1,{value}\n2,\n", "id BIGINT", f"seen {kind}", clock=Clock(7, "seen"))
    assert found == [expected, 7]


def test_another_column_of_a_parquet_file_can_be_the_time(timed):
    content = {"seen": [dt.datetime(2025, 1, 2, 12), None]}
    assert timed(content, "seen TIMESTAMP", clock=Clock(7, "seen")) == [NOON, 7]


def test_what_is_no_time_is_named_by_line(timed):
    with pytest.raises(
        LoadFailed, match='Line 3, column "time": "noon" is not Unix seconds or a time such as'
    ) as caught:
        timed("a,time\n1,5\n2,noon\n", "a BIGINT")
    assert (caught.value.line, caught.value.column) == (3, "time")


def test_a_time_of_another_type_is_left_alone(tmp_path):
    path = tmp_path / "upload"
    path.write_text("time\nnoon\n\n")
    load(path, "csv", [Column("time", "VARCHAR")], tmp_path / "part", limits=LIMITS, clock=Clock(7))
    assert pq.read_table(tmp_path / "part")["time"].to_pylist() == ["noon"]


@pytest.mark.parametrize(
    ("content", "kind", "moments"),
    [
        ("5", "BIGINT", False),
        ("2025-01-02 12:00", "BIGINT", True),
        ("2025-01-02", "BIGINT", True),
        ("noon", "VARCHAR", False),
        ("5.5", "DOUBLE", False),
    ],
)
def test_times_are_suggested_as_unix_seconds(tmp_path, content, kind, moments):
    path = tmp_path / "upload"
    path.write_text(f"Time\n{content}\n")
    found = sniff(path, "csv", workdir=tmp_path)
    assert (found.columns, found.moments) == ((Column("time", kind),), moments)
