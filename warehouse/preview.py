"""The first rows of a table, without the engine: a few rows of each file's first row group."""

from collections.abc import Iterable, Iterator
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
    """What an older file has no column for is NULL."""
    with pq.ParquetFile(path) as file:
        held = [name for name in columns if name in file.schema_arrow.names]
        batches = islice(file.iter_batches(batch_size=count, row_groups=[0], columns=held), 1)
        rows = min(count, file.metadata.row_group(0).num_rows)
        found = {name: texts(column) for name, column in _columns(batches, file.schema_arrow, held)}
    return list(zip(*(found.get(name, [None] * rows) for name in columns), strict=True))


def _columns(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, names: list[str]
) -> Iterator[tuple[str, pa.ChunkedArray]]:
    table = pa.Table.from_batches(batches, pa.schema([schema.field(name) for name in names]))
    return zip(names, table.columns, strict=True)
