"""The first rows of a table, without the engine: a few rows of each file's first row group."""

from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.cells import texts
from warehouse.models import Table

ROWS = 100
FILES = 20


class Unreadable(Exception):
    """A file of the table cannot be read; the message may be shown."""


def first_rows(table: Table, count: int = ROWS) -> list[tuple[str | None, ...]]:
    """Up to `count` rows as text, from the table's oldest files. Raises Unreadable."""
    rows: list[tuple[str | None, ...]] = []
    for file in table.files.filter(retired_at=None, rows__gt=0)[:FILES]:
        if len(rows) >= count:
            break
        try:
            rows += _rows(str(file.absolute_path), [name for name, _ in table.columns], count - len(rows))
        except (OSError, pa.ArrowException) as error:
            raise Unreadable(f"The file {file.path} cannot be read: it is missing or damaged.") from error
    return rows


def _rows(path: str, columns: list[str], count: int) -> list[tuple[str | None, ...]]:
    with pq.ParquetFile(path) as file:
        batches = islice(file.iter_batches(batch_size=count, row_groups=[0], columns=columns), 1)
        table = pa.Table.from_batches(batches, file.schema_arrow).select(columns)
    return list(zip(*(texts(column) for column in table.columns), strict=True))
