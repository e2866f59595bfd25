"""Record batches cut so small that whoever reads them from a pipe never holds much."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from warehouse.engines.base import QueryFailed

PIECE_BYTES = 8 * 1024 * 1024
LARGEST_ROW = 64 * 1024 * 1024


def in_pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of at most PIECE_BYTES, or of one row. Raises QueryFailed for a row above LARGEST_ROW."""
    if batch.nbytes <= PIECE_BYTES:
        yield batch
    elif batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from in_pieces(batch.slice(0, half))
        yield from in_pieces(batch.slice(half))
    elif batch.nbytes <= LARGEST_ROW:
        yield batch
    else:
        raise QueryFailed(f"A row of the result is larger than {LARGEST_ROW // 2**20} MB.", user_error=True)
