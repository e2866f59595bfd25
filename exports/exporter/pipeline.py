"""From numbered record batches to request bodies: the exporter's line, put together."""

from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Mapping as Map
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, cast

import pyarrow as pa
import pyarrow.compute as pc

from exports.exporter.batches import Batch, Chunk, cut, without_giants
from exports.exporter.cells import Mask, is_list, texts
from exports.exporter.checks import Checked, check_batch
from exports.exporter.encode import encode
from exports.exporter.explain import Reject
from exports.exporter.plan import Plan
from exports.exporter.reasons import reasons

Numbered = Iterable[tuple[int, pa.RecordBatch]]
T = TypeVar("T")

SLICE_ROWS = 10_000  # encoded at once: the work set stays in the processor's caches
SLICE_BYTES = 64_000_000  # and far from the 2 GiB that one string array holds, even if every byte is escaped


@dataclass(frozen=True)
class Heard:
    """Rows that have just been checked, from number `first_row` on. `good`, `checked`: what `check_batch` found."""

    plan: Plan
    first_row: int
    batch: pa.RecordBatch
    good: Mask
    checked: Map[str, Checked]


Listener = Callable[[Heard], None]
"""Called once for each slice of rows, in the thread that checks them; what it raises ends the work."""


def batches(
    plan: Plan,
    numbered: Numbered,
    *,
    max_events: int,
    max_bytes: int,
    listener: Listener | None = None,
    divided: bool = False,
) -> Iterator[Batch]:
    """Batches of a result's rows. `numbered`: (number of its first row, record batch), contiguous, from any row on.

    `divided`: they are what is left of one batch, see `cut`.
    """
    found = chunks(plan, numbered, listener)
    return cut(found, max_events=max_events, max_bytes=max_bytes, window=plan.window, divided=divided)


def chunks(plan: Plan, numbered: Numbered, listener: Listener | None = None) -> Iterator[Chunk]:
    """The rows, checked and encoded."""
    return (_chunk(plan, first_row, batch, listener) for first_row, batch in _slices(plan, numbered))


def _chunk(plan: Plan, first_row: int, batch: pa.RecordBatch, listener: Listener | None) -> Chunk:
    encoded = encode(plan, batch)
    if listener:
        listener(Heard(plan, first_row, batch, encoded.good, encoded.checked))
    return Chunk(
        first_row=first_row,
        end_row=first_row + len(batch),
        text=encoded.text,
        ends=encoded.ends,
        rows=encoded.rows + first_row,
        times=encoded.times,
        carries=encoded.carries,
        rejects=[(row + first_row, reasons) for row, reasons in encoded.rejects],
    )


def invalid_rows(
    plan: Plan, numbered: Numbered, *, max_bytes: int, listener: Listener | None = None
) -> Iterator[Reject]:
    """Every row that `batches` would reject: for a look at the whole result before anything is sent.

    Good rows are not encoded, but where one might be too large for a request.
    """
    for first_row, batch in _slices(plan, numbered):
        if _largest_event(plan, batch) > max_bytes:
            for piece in without_giants(_chunk(plan, first_row, batch, listener), max_bytes):
                yield from piece.rejects
        else:
            good, checked = _check(plan, first_row, batch, listener)
            yield from ((row + first_row, why) for row, why in reasons(plan, batch, good, checked))


def check_only(plan: Plan, numbered: Numbered, listener: Listener) -> None:
    """Check the rows for the listener's sake: nothing is encoded, and no reason is given."""
    for first_row, batch in _slices(plan, numbered):
        _check(plan, first_row, batch, listener)


def _check(
    plan: Plan, first_row: int, batch: pa.RecordBatch, listener: Listener | None
) -> tuple[Mask, dict[str, Checked]]:
    good, checked = check_batch(plan, plan.checks, batch)
    if listener:
        listener(Heard(plan, first_row, batch, good, checked))
    return good, checked


def _largest_event(plan: Plan, batch: pa.RecordBatch) -> int:
    """No event of the batch has more bytes: JSON writes a byte with at most six, and a hash with 64."""
    return 6 * _cell_bytes(plan, batch) + int(plan.layout.literals.nbytes) + 64 * len(plan.columns) + 2


def _slices(plan: Plan, numbered: Numbered) -> Iterator[tuple[int, pa.RecordBatch]]:
    for first_row, batch in numbered:
        for start in range(0, len(batch), SLICE_ROWS):
            yield from _light(plan, first_row + start, batch.slice(start, SLICE_ROWS))


def _light(plan: Plan, first_row: int, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batch, halved until each piece is light enough or one row."""
    half = len(batch) // 2
    if not half or _cell_bytes(plan, batch) <= SLICE_BYTES:
        yield first_row, batch
        return
    yield from _light(plan, first_row, batch.slice(0, half))
    yield from _light(plan, first_row + half, batch.slice(half))


def _cell_bytes(plan: Plan, batch: pa.RecordBatch) -> int:
    """Bytes of the mapped cells; those of a dictionary as often as they stand in the column, and one for each item."""
    return sum(_column_bytes(batch.column(name)) for name in plan.columns)


def _column_bytes(column: pa.Array) -> int:
    if is_list(column.type):
        items = column.flatten()
        return _column_bytes(items) + len(items)
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if is_list(column.type.value_type):
        return _column_bytes(column.dictionary_decode())
    lengths = pc.binary_length(texts(column.dictionary).array)
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def prefetched(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items; the next one is made in a thread while the caller uses the present one.

    Closing the generator waits for the item that is being made, ends the thread, and closes `items`.
    """
    end = object()
    thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        following = thread.submit(next, items, end)
        while True:
            # Asked for before the present one is there: the thread goes on to it without waiting for the caller.
            present, following = following, thread.submit(next, items, end)
            if (item := present.result()) is end:
                return
            yield cast(T, item)
    finally:
        thread.shutdown(cancel_futures=True)
        if isinstance(items, Generator):
            items.close()
