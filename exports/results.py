"""The kept result of a job: one Arrow IPC file, zstd, in batches of exactly 10,000 rows, so that any row is found fast.

It holds raw personal data: its folder is 0700, the file 0600.
"""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from warehouse.engines.base import Result
from warehouse.engines.kept import BATCH_ROWS, KeepsItself, publish, write

NAME = "result.arrow"


def keep(result: Result, path: Path, *, heard: Callable[[int], None] = lambda rows: None) -> int:
    """Write the rows of a query to `path`, which appears whole or not at all. → their number.

    `heard` gets the rows so far; what it raises ends the writing. Raises what the query raises.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(result, KeepsItself):
        return result.keep(path, heard=heard)
    return keep_batches(result.schema, result, path, heard=heard)


def keep_batches(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    path: Path,
    *,
    heard: Callable[[int], None] = lambda rows: None,
) -> int:
    """The same for batches that are at hand."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")  # of this writer alone
    rows = write(schema, batches, temporary, heard=heard)
    publish(temporary, path)
    return rows


def adopt(source: Path, path: Path) -> None:
    """Another job's kept result as `path` too: the same file if the disk can do that, else a copy. It never changes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # left by a worker that died: to rename a file onto itself does nothing
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.hardlink_to(source)
    except OSError:
        temporary.touch(mode=0o600)
        shutil.copyfile(source, temporary)
    publish(temporary, path)


class KeptResult:
    """Reads a kept result, a batch at a time; any number of readers at once."""

    def __init__(self, path: Path, *, side_by_side: bool = True) -> None:
        """`side_by_side`: the columns of a batch are unpacked in several threads, for those who wait for it."""
        self.path = path
        self.reader = self._open(pa.ipc.IpcReadOptions(use_threads=side_by_side))

    def _open(self, options: pa.ipc.IpcReadOptions | None = None) -> pa.ipc.RecordBatchFileReader:
        # Not mapped: the pages of a long result would pile up in the process, which a container counts.
        return pa.ipc.open_file(pa.OSFile(str(self.path)), options=options)

    @property
    def schema(self) -> pa.Schema:
        return self.reader.schema

    def batches(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, pa.RecordBatch]]:
        """(first row's number, batch) from row `start` to row `end`, or to the last."""
        number, offset = divmod(start, BATCH_ROWS)
        for index in range(number, self.reader.num_record_batches):
            batch = self.reader.get_batch(index).slice(offset)
            first = index * BATCH_ROWS + offset
            wanted = batch if end is None else batch.slice(0, max(0, end - first))
            if not len(wanted):
                return
            yield first, wanted
            offset = 0

    def rows(self, numbers: list[int]) -> pa.Table:
        """These rows, in ascending order of their numbers."""
        chosen: list[pa.RecordBatch] = []
        wanted: dict[int, list[int]] = {}
        for n in sorted(numbers):
            wanted.setdefault(n // BATCH_ROWS, []).append(n % BATCH_ROWS)
        for index, offsets in wanted.items():
            chosen.append(self.reader.get_batch(index).take(pa.array(offsets, pa.int64())))
        return pa.Table.from_batches(chosen, self.schema)

    def cell(self, row: int, name: str) -> pa.Array:
        """One value, as a column of one row; the other columns are not unpacked for it."""
        number, offset = divmod(row, BATCH_ROWS)
        options = pa.ipc.IpcReadOptions(included_fields=[self.schema.get_field_index(name)])
        return self._open(options).get_batch(number).column(0).slice(offset, 1)

    def is_in_order(self, name: str) -> bool:
        """Whether the values of a column never fall; NULLs last."""
        options = pa.ipc.IpcReadOptions(included_fields=[self.schema.get_field_index(name)])
        reader, last, ended = self._open(options), None, False
        for index in range(self.reader.num_record_batches):
            for value in reader.get_batch(index).column(0).to_pylist():
                if value is None:
                    ended = True
                elif ended or (last is not None and value < last):
                    return False
                else:
                    last = value
        return True

    def head(self, rows: int) -> pa.Table:
        first = [batch.slice(0, rows) for _, batch in self._first()]
        return pa.Table.from_batches(first, self.schema)

    def _first(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        for item in self.batches():
            yield item
            return
