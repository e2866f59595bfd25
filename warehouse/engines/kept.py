"""The rows of a query as one Arrow IPC file: zstd, in batches of exactly 10,000 rows, so that any row is found fast."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import pyarrow as pa

BATCH_ROWS = 10_000
# What a child process may be told to do with its rows, and how it then calls the file in its folder.
KEEP, STREAM, KEPT = "keep", "stream", "kept.arrow"


@runtime_checkable
class KeepsItself(Protocol):
    """A `Result` that can write itself faster than its batches could be handed over."""

    def keep(self, path: Path, *, heard: Callable[[int], None]) -> int:
        """Write the rows to `path`, which appears whole or not at all. → number of rows.

        `heard` gets the rows so far, now and then; what it raises ends the writing. Instead of iterating, not after it.
        """


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


def write(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    path: Path,
    *,
    heard: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the rows to `path`, mode 0600, down to the disk. → number of rows. `heard` gets the rows so far."""
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    rows = 0
    path.touch(mode=0o600)
    with path.open("wb") as file:
        with pa.ipc.new_file(file, schema, options=options) as writer:
            for batch in rebatched(batches):
                writer.write_batch(batch)
                rows += len(batch)
                heard(rows)
        file.flush()
        os.fsync(file.fileno())
    return rows


def publish(part: Path, path: Path) -> None:
    """Give a written file its name, for good."""
    part.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
