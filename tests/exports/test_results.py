"""The kept result: batches of exactly 10,000 rows, found again by row number, never half a file."""

import stat

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.results import KeptResult, keep_batches
from warehouse.engines.kept import BATCH_ROWS, rebatched

SCHEMA = pa.schema([("n", pa.int64())])


def batch(start, count):
    return pa.record_batch([pa.array(range(start, start + count), pa.int64())], schema=SCHEMA)


def batches(sizes):
    start = 0
    for size in sizes:
        yield batch(start, size)
        start += size


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 15))
def test_rebatching_keeps_every_row_in_order(sizes, rows):
    out = list(rebatched(batches(sizes), rows))
    assert [n for b in out for n in b.column(0).to_pylist()] == list(range(sum(sizes)))
    assert all(len(b) == rows for b in out[:-1])
    assert all(len(b) for b in out)


def test_any_row_is_read_back_by_its_number(tmp_path):
    path = tmp_path / "job" / "result.arrow"
    assert keep_batches(SCHEMA, batches([7000, 7000, 7000, 4000]), path) == 25_000
    first, part = next(KeptResult(path).batches(start=12_345))
    assert (first, part.column(0)[0].as_py(), len(part)) == (12_345, 12_345, BATCH_ROWS - 2_345)
    assert KeptResult(path).rows([24_999, 3, 10_000]).column(0).to_pylist() == [3, 10_000, 24_999]


def test_a_start_behind_the_last_row_gives_nothing(tmp_path):
    keep_batches(SCHEMA, batches([10_000]), tmp_path / "result.arrow")
    assert list(KeptResult(tmp_path / "result.arrow").batches(start=10_000)) == []


def test_a_query_without_rows_keeps_its_columns(tmp_path):
    assert keep_batches(SCHEMA, [], tmp_path / "result.arrow") == 0
    assert KeptResult(tmp_path / "result.arrow").head(5).schema == SCHEMA


def test_a_query_that_breaks_off_leaves_no_result(tmp_path):
    def broken():
        yield batch(0, 5)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        keep_batches(SCHEMA, broken(), tmp_path / "result.arrow")
    assert not (tmp_path / "result.arrow").exists()


def test_only_the_owner_may_read_it(tmp_path):
    path = tmp_path / "job" / "result.arrow"
    keep_batches(SCHEMA, batches([1]), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("values", "in_order"),
    [([], True), ([1, 1, 2, None], True), ([2, 1], False), ([1, None, 2], False), ([None, None], True)],
)
def test_it_knows_whether_a_column_is_in_order(tmp_path, values, in_order):
    table = pa.table({"other": [0] * len(values), "n": pa.array(values, pa.int64())})
    keep_batches(table.schema, table.to_batches(), tmp_path / "result.arrow")
    assert KeptResult(tmp_path / "result.arrow").is_in_order("n") is in_order
