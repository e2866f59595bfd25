"""A result that the child keeps: the same rows as streamed ones, whole or not at all, within the same limits."""

import stat

import pyarrow as pa
import pytest

from tests.warehouse.engines.conftest import SMALL
from warehouse.engines.base import Cancelled, LimitExceeded, Limits, QueryFailed
from warehouse.engines.kept import BATCH_ROWS, KeepsItself


def read(path):
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


@pytest.fixture
def keep(start, tmp_path):
    """keep(sql) → (number of rows, the file's rows)."""

    def run(sql, heard=lambda rows: None, **options):
        with start(sql, **options) as result:
            assert isinstance(result, KeepsItself)
            return result.keep(tmp_path / "result.arrow", heard=heard), read(tmp_path / "result.arrow")

    return run


def test_it_holds_the_rows_in_their_order(keep):
    rows, table = keep("select day, name from orders", order_by="day")
    assert (rows, table.column("name").to_pylist()) == (4, ["a", "b", "c", "n"])


def test_its_batches_have_exactly_10_000_rows(keep):
    _, table = keep("select i from range(25000) t(i)")
    assert [len(batch) for batch in table.to_batches()] == [BATCH_ROWS, BATCH_ROWS, 5000]


def test_only_the_owner_may_read_it(keep, tmp_path):
    keep("select 1 as n")
    assert stat.S_IMODE((tmp_path / "result.arrow").stat().st_mode) == 0o600


def test_progress_is_heard(keep):
    told = []
    keep("select sum(a.i * b.i) as n from range(30000) a(i), range(12000) b(i)", heard=told.append)
    assert told


@pytest.mark.parametrize(
    ("sql", "limits", "error"),
    [
        ("select i from range(100) t(i)", Limits(seconds=20, rows=99, memory_mb=256, spool_mb=64), LimitExceeded),
        ("select cast(name as bigint) as n from orders", SMALL, QueryFailed),
        ("select random() as n from range(20000000)", Limits(seconds=20, memory_mb=256, spool_mb=4), LimitExceeded),
    ],
)
def test_what_breaks_off_leaves_no_file(keep, tmp_path, sql, limits, error):
    with pytest.raises(error):
        keep(sql, limits=limits)
    assert not (tmp_path / "result.arrow").exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_who_hears_may_end_it(keep, tmp_path):
    def enough(rows):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        keep("select count(*) as n from range(1000000) a, range(1000000) b", heard=enough)
    assert list((tmp_path / "work").iterdir()) == []


def test_it_can_be_cancelled(start, tmp_path):
    with start("select count(*) as n from range(1000000) a, range(1000000) b") as result, pytest.raises(Cancelled):
        result.keep(tmp_path / "result.arrow", heard=lambda rows: result.cancel())


def test_a_query_that_is_left_alone_ends_when_it_is_left(start, tmp_path):
    """The child waits to be told what to do with its rows; nobody tells it."""
    with start("select 1 as n") as result:
        assert result.schema.names == ["n"]
    assert list((tmp_path / "work").iterdir()) == []
