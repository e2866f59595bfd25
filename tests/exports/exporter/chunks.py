"""Chunks made by hand: events of any size, and which rows a body holds."""

import numpy as np
import orjson

from exports.exporter.batches import Chunk
from integrations.spec import Reason

BAD = (("title", Reason("too_long", "is too long")),)
NOW = 1_795_000_000


def event_text(row, size):
    return b'{"web":{"title":"%d %s"}}' % (row, b"x" * size)


def chunk_of(first_row, sizes):
    """A chunk with one row for each size: an event with so many more bytes, or None for a bad row."""
    good = [(first_row + i, size) for i, size in enumerate(sizes) if size is not None]
    texts = [event_text(row, size) + b"," for row, size in good]
    return Chunk(
        first_row=first_row,
        end_row=first_row + len(sizes),
        text=memoryview(b"".join(texts)),
        ends=np.cumsum([len(text) for text in texts], dtype=np.int64),
        rows=np.array([row for row, _ in good], np.int64),
        times=np.array([NOW + row for row, _ in good], np.int64),
        carries={"line_uid": np.array([row == 3 for row, _ in good], bool)},
        rejects=[(first_row + i, BAD) for i, size in enumerate(sizes) if size is None],
    )


def chunks_of(*groups):
    first_row = 0
    for sizes in groups:
        yield chunk_of(first_row, sizes)
        first_row += len(sizes)


def rows_in_body(batch):
    return [int(event["web"]["title"].split()[0]) for event in orjson.loads(b"".join(batch.body))]
