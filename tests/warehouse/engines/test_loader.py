"""Files become tables behind the fence; what the child says of them arrives."""

import pyarrow.parquet as pq
import pytest

from warehouse.engines.base import Column, LimitExceeded, Limits, LoadFailed
from warehouse.engines.loader import load, sniff

LIMITS = Limits(seconds=20, rows=1000, memory_mb=256, spool_mb=64)
A = [Column("a", "BIGINT")]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    return folder


@pytest.fixture
def upload(tmp_path):
    def write(content):
        path = tmp_path / "upload"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_it_sniffs_columns_and_rows(upload, folder):
    found = sniff(upload("A,phone\n1,\n2,0901\n"), "csv", workdir=folder)
    assert found.columns == (Column("a", "BIGINT"), Column("phone", "VARCHAR"))
    assert found.renamed == (("A", "a"),)
    assert found.rows == (("1", None), ("2", "0901"))
    assert (found.n, found.complete) == (2, True)


def test_it_writes_a_zstd_table_and_leaves_nothing_else_behind(upload, folder):
    assert load(upload("a\n1\n2\n"), "csv", A, folder / "part.parquet", limits=LIMITS) == 2
    assert [path.name for path in folder.iterdir()] == ["part.parquet"]
    table = pq.ParquetFile(folder / "part.parquet")
    assert table.read().to_pylist() == [{"a": 1}, {"a": 2}]
    assert table.metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_parquet_file_is_written_anew(upload, folder):
    load(upload("a\n1\n2\n"), "csv", A, folder / "one", limits=LIMITS)
    assert load(folder / "one", "parquet", A, folder / "two", limits=LIMITS) == 2
    assert pq.read_table(folder / "two").to_pylist() == [{"a": 1}, {"a": 2}]


def test_a_failed_load_leaves_no_table_and_tells_the_line(upload, folder):
    with pytest.raises(LoadFailed, match='Line 3, column "a": "x" is not a whole number') as caught:
        load(upload("a\n1\nx\n"), "csv", A, folder / "part.parquet", limits=LIMITS)
    assert (caught.value.line, caught.value.column) == (3, "a")
    assert list(folder.iterdir()) == []


def test_a_failed_load_leaves_the_table_that_was_there(upload, folder):
    (folder / "part.parquet").write_text("as it was")
    with pytest.raises(LoadFailed):
        load(upload(b"PAR1 not really PAR1"), "parquet", A, folder / "part.parquet", limits=LIMITS)
    assert (folder / "part.parquet").read_text() == "as it was"


@pytest.mark.parametrize(("which", "value"), [("rows", 2), ("seconds", 0.01)])
def test_it_keeps_to_its_limits(upload, folder, which, value):
    limits = Limits(**{"seconds": 20, "rows": 1000, "memory_mb": 256, "spool_mb": 64, which: value})
    with pytest.raises(LimitExceeded) as caught:
        load(upload("a\n1\n2\n3\n"), "csv", A, folder / "part.parquet", limits=limits)
    assert caught.value.which == which


def test_a_type_is_a_type_and_nothing_else(upload, folder):
    with pytest.raises(LoadFailed, match='"BIGINT; drop" is not a type'):
        load(upload("a\n1\n"), "csv", [Column("a", "BIGINT; drop")], folder / "part.parquet", limits=LIMITS)


def test_an_unknown_format_is_refused(upload, folder):
    with pytest.raises(LoadFailed, match="Expected: csv, tsv, jsonl, parquet"):
        sniff(upload("a"), "xlsx", workdir=folder)
