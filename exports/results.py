"""The kept result of a job: one Arrow IPC file, zstd, in batches of exactly 10,000 rows, so that any row is found fast.

It holds raw personal data: its folder is 0700, the file 0600.
"""

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

BATCH_ROWS = 10_000
NAME = "result.arrow"


def rebatched(batches: Iterable[pa.RecordBatch], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `rows`; the last one may be shorter."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += len(batch)
        if count >= rows:
            whole = pa.concat_batches(held)
            cut = count - count % rows
            yield from (whole.slice(at, rows) for at in range(0, cut, rows))
            held, count = [whole.slice(cut)], count - cut
    if count:
        yield pa.concat_batches(held)


def keep(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    path: Path,
    *,
    heard: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the rows to `path` under a temporary name, sync, rename. → number of rows. `heard` gets the rows so far."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")  # of this writer alone
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    rows = 0
    temporary.touch(mode=0o600)
    with temporary.open("wb") as file:
        with pa.ipc.new_file(file, schema, options=options) as writer:
            for batch in rebatched(batches):
                writer.write_batch(batch)
                rows += len(batch)
                heard(rows)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)
    return rows


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class KeptResult:
    """Reads a kept result; memory-mapped, any number of readers at once."""

    def __init__(self, path: Path) -> None:
        self.reader = pa.ipc.open_file(pa.memory_map(str(path)))

    @property
    def schema(self) -> pa.Schema:
        return self.reader.schema

    def batches(self, start: int = 0) -> Iterator[tuple[int, pa.RecordBatch]]:
        """(first row's number, batch) from row `start` to the end."""
        number, offset = divmod(start, BATCH_ROWS)
        for index in range(number, self.reader.num_record_batches):
            batch = self.reader.get_batch(index)
            if offset >= len(batch):
                return
            yield index * BATCH_ROWS + offset, batch.slice(offset)
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

    def head(self, rows: int) -> pa.Table:
        first = [batch.slice(0, rows) for _, batch in self._first()]
        return pa.Table.from_batches(first, self.schema)

    def _first(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        for item in self.batches():
            yield item
            return
