"""First rows as text, whatever the types, and from few files."""

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.cells import cell, texts
from warehouse.models import Table, TableFile
from warehouse.preview import FILES, first_rows


def text_of(values, kind=None):
    return texts(pa.chunked_array([pa.array(values, kind)]))


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        ([1, None], pa.int64(), ["1", None]),
        ([True, False], None, ["true", "false"]),
        ([["a", "b"], None], None, ["['a', 'b']", None]),
        ([b"\x00\xff", None], pa.binary(), ["00ff", None]),
        ([datetime(2025, 1, 31, 9, 30)], pa.timestamp("us"), ["2025-01-31 09:30:00.000000"]),
        ([{"a": 1}], None, ["{'a': 1}"]),
        ([2**62], pa.timestamp("us"), None),
    ],
)
def test_every_type_has_words(values, kind, shown):
    found = text_of(values, kind)
    assert found == shown if shown else isinstance(found[0], str)


def test_a_cut_value_hides_personal_data_that_stands_on_the_cut():
    shown = cell("x " * 95 + "hanako.yamada@example.com", personal=False).text
    assert "hanako" not in shown and shown.startswith("x x")


def test_what_lies_beyond_the_searched_part_is_not_shown():
    shown = cell("f" * 64 + " " + "y" * 1930 + " hanako@example.com", personal=False).text
    assert len(shown) == 201 and "@" not in shown


@pytest.mark.django_db
def test_it_reads_one_row_group_of_a_file_and_few_files(shop, data_dir):
    table = Table.objects.create(database=shop, name="orders", columns=[["n", "BIGINT"]])
    for number in range(FILES + 5):
        path = data_dir / "tables" / f"1/1/{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"n": [number, number]}), path, row_group_size=1)
        TableFile.objects.create(table=table, path=f"1/1/{number}.parquet", rows=2, bytes=9)
    assert first_rows(table) == [(str(number),) for number in range(FILES)]
    assert first_rows(table, 3) == [("0",), ("1",), ("2",)]
