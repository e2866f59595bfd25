"""Encoded rows → batches: what one request holds, and which rows of the kept result it answers for.

Rows are numbered from 0 in the kept result. Ranges are half-open and contiguous: every row, good or bad, is in exactly
one batch.
"""

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import orjson

from exports.exporter.cells import Ints, Mask
from exports.exporter.explain import Reject
from integrations.spec import EpochWindow, Reason

QUIET_ROWS = 10_000  # so many bad rows without a good one are a batch, so that they need not be kept in memory
MOST_REJECTS = 50_000  # a batch with so many bad rows is closed early, for the same reason


@dataclass(frozen=True)
class Chunk:
    """Rows [first_row, end_row), encoded together.

    `text`: '{...},{...},' of the good ones; `ends`: byte position after each, comma included; `rows`, `times`,
    `carries` (field → whether the event has it): of each good row; `rejects`: of each bad one, in order.
    """

    first_row: int
    end_row: int
    text: memoryview
    ends: Ints
    rows: Ints
    times: Ints
    carries: dict[str, Mask]
    rejects: list[Reject]

    @property
    def events(self) -> int:
        return len(self.rows)

    def split(self, events: int) -> "tuple[Chunk, Chunk]":
        """The first `events` events with the rows up to the last of them, and the rest. With 0 all rows are rest."""
        return self.split_at(int(self.rows[events - 1]) + 1 if events else self.first_row)

    def split_at(self, row: int) -> "tuple[Chunk, Chunk]":
        """The rows before `row`, and the rest."""
        events = int(np.searchsorted(self.rows, row))
        byte = int(self.ends[events - 1]) if events else 0
        bad = bisect.bisect_left(self.rejects, row, key=_row)
        head = replace(
            self,
            end_row=row,
            text=self.text[:byte],
            ends=self.ends[:events],
            rows=self.rows[:events],
            times=self.times[:events],
            carries={name: mask[:events] for name, mask in self.carries.items()},
            rejects=self.rejects[:bad],
        )
        rest = replace(
            self,
            first_row=row,
            text=self.text[byte:],
            ends=self.ends[events:] - byte,
            rows=self.rows[events:],
            times=self.times[events:],
            carries={name: mask[events:] for name, mask in self.carries.items()},
            rejects=self.rejects[bad:],
        )
        return head, rest

    def without_events(self) -> "Chunk":
        """The same rows, with none of the events."""
        carries = {name: mask[:0] for name, mask in self.carries.items()}
        none = np.empty(0, np.int64)
        return replace(self, text=self.text[:0], ends=none, rows=none, times=none, carries=carries)


def _row(reject: Reject) -> int:
    return reject[0]


class Body:
    """A request's body: bytes in pieces, with a length. It can be iterated again; a large one is never joined."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self.pieces = [piece for piece in pieces if len(piece)]
        self.size = sum(len(piece) for piece in self.pieces)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes | memoryview]:
        return iter(self.pieces)


@dataclass(frozen=True)
class Batch:
    """Contiguous chunks, at least one: the events of one request, and the bad rows between them.

    A batch without events needs no request.
    """

    chunks: tuple[Chunk, ...]
    window: EpochWindow | None = None

    @property
    def first_row(self) -> int:
        return self.chunks[0].first_row

    @property
    def end_row(self) -> int:
        return self.chunks[-1].end_row

    @cached_property
    def events(self) -> int:
        return sum(chunk.events for chunk in self.chunks)

    @property
    def rows(self) -> Ints:
        """The row number of each event."""
        return np.concatenate([chunk.rows for chunk in self.chunks])

    @property
    def rejects(self) -> list[Reject]:
        """The bad rows of the range, in order, each with its reasons."""
        return [reject for chunk in self.chunks for reject in chunk.rejects]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that decide about a header and that some event carries."""
        return frozenset(name for chunk in self.chunks for name, mask in chunk.carries.items() if mask.any())

    @property
    def body(self) -> Body:
        """The JSON array of the events."""
        texts = [chunk.text for chunk in self.chunks if chunk.events]
        return Body([b"[", *texts[:-1], *(text[:-1] for text in texts[-1:]), b"]"])

    @cached_property
    def oldest(self) -> int | None:
        """The earliest time of an event, in UNIX seconds; None without events."""
        return min((int(chunk.times.min()) for chunk in self.chunks if chunk.events), default=None)

    @cached_property
    def newest(self) -> int | None:
        return max((int(chunk.times.max()) for chunk in self.chunks if chunk.events), default=None)

    def outside_window(self, now: int) -> bool:
        """Has an event left the time window since the batch was made? Then plan anew from `first_row`."""
        if self.window is None or self.oldest is None or self.newest is None:
            return False
        return self.oldest < now - self.window.max_age or self.newest > now + self.window.max_ahead

    def event(self, index: int) -> dict[str, Any]:
        """One event, read back from the text."""
        events: list[dict[str, Any]] = orjson.loads(b"".join(self.part(index, index + 1).body))
        return events[0]

    def part(self, first: int, end: int) -> "Batch":
        """Events [first, end), not encoded again. Neighbouring parts have neighbouring row ranges.

        The part with the last event also has the rows after it. Raises ValueError for a part without events.
        """
        if not 0 <= first < end <= self.events:
            raise ValueError(f"no part [{first}, {end}) in a batch of {self.events} events")
        part = self._from(first)
        return part if end == self.events else part._upto(end - first)

    def split_at(self, row: int) -> "tuple[Batch | None, Batch | None]":
        """The rows before `row`, and the rest; None for a side without rows."""
        if row >= self.end_row:
            return self, None
        halves = [chunk.split_at(min(max(row, chunk.first_row), chunk.end_row)) for chunk in self.chunks]
        head, rest = (tuple(c for c in side if c.first_row < c.end_row) for side in zip(*halves, strict=True))
        return replace(self, chunks=head) if head else None, replace(self, chunks=rest) if rest else None

    def _from(self, first: int) -> "Batch":
        chunks = list(self.chunks)
        while first and chunks[0].events < first:
            first -= chunks.pop(0).events
        head = chunks[0].split(first)[1] if first else chunks[0]
        return replace(self, chunks=(head, *chunks[1:]))

    def _upto(self, end: int) -> "Batch":
        chunks: list[Chunk] = []
        for chunk in self.chunks:
            if chunk.events >= end:
                break
            chunks.append(chunk)
            end -= chunk.events
        return replace(self, chunks=(*chunks, self.chunks[len(chunks)].split(end)[0]))


# --- cutting -----------------------------------------------------------------------------------------------------


def cut(
    chunks: Iterable[Chunk],
    *,
    max_events: int,
    max_bytes: int,
    window: EpochWindow | None = None,
    divided: bool = False,
) -> Iterator[Batch]:
    """Batches of exactly `max_events` events; fewer at the end, where the body would pass `max_bytes`, or where
    so many rows between the events are bad that they would fill the memory.

    A batch ends after its last event, but the last one has the rows that follow. An event that alone is too large
    becomes a reject. `divided`: the chunks are what is left of one batch, and stay together however many rows are bad.
    Raises ValueError where the chunks are not contiguous.
    """
    draft = _Draft(max_events, max_bytes, divided)
    for chunk in _contiguous(chunks):
        for piece in without_giants(chunk, max_bytes):
            for ready in draft.fill(piece):
                yield Batch(ready, window)
    if last := draft.rest():
        yield Batch(last, window)


class _Draft:
    """The batch that is being filled. `held` ends with an event; `tail`: the bad rows after it."""

    def __init__(self, max_events: int, max_bytes: int, divided: bool) -> None:
        self.max_events, self.max_bytes, self.divided = max_events, max_bytes, divided
        self.held: list[Chunk] = []
        self.tail: list[Chunk] = []
        self.events, self.size = 0, 1  # "[", and every event has one byte more after it

    def fill(self, chunk: Chunk) -> Iterator[tuple[Chunk, ...]]:
        """Take a whole chunk; yields each time when the draft is full."""
        while (room := self._room(chunk)) < chunk.events or self.events + room == self.max_events:
            head, chunk = chunk.split(room)
            self._add(head)
            yield self._close()
        self._add(chunk)
        if not self.divided and (self._quiet() or self._crowded()):
            yield self.rest()

    def _quiet(self) -> bool:
        """Many bad rows, and no good one."""
        return not self.held and bool(self.tail) and self.tail[-1].end_row - self.tail[0].first_row >= QUIET_ROWS

    def _crowded(self) -> bool:
        return sum(len(c.rejects) for c in (*self.held, *self.tail)) >= MOST_REJECTS

    def rest(self) -> tuple[Chunk, ...]:
        """-> all that is left, the bad rows at the end too."""
        tail, self.tail = self.tail, []
        return (*self._close(), *tail)

    def _close(self) -> tuple[Chunk, ...]:
        held = tuple(self.held)
        self.held, self.events, self.size = [], 0, 1
        return held

    def _room(self, chunk: Chunk) -> int:
        """How many of the chunk's events fit in."""
        by_bytes = int(np.searchsorted(chunk.ends, self.max_bytes - self.size, side="right"))
        return min(by_bytes, self.max_events - self.events)

    def _add(self, chunk: Chunk) -> None:
        head, rest = chunk.split(chunk.events)
        if head.events:
            self.held += [*self.tail, head]
            self.tail = []
        if rest.first_row < rest.end_row:
            self.tail.append(rest)
        self.events += head.events
        self.size += len(head.text)


def _contiguous(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    expected = None
    for chunk in chunks:
        if expected is not None and chunk.first_row != expected:
            raise ValueError(f"rows from {expected} were expected, not from {chunk.first_row}")
        expected = chunk.end_row
        yield chunk


def without_giants(chunk: Chunk, max_bytes: int) -> Iterator[Chunk]:
    """The chunk in pieces, without the events that no request can hold: these become rejects."""
    lengths = np.diff(chunk.ends, prepend=0)
    taken = 0
    for giant in np.flatnonzero(lengths + 1 > max_bytes).tolist():
        before, chunk = chunk.split(giant - taken)
        event, chunk = chunk.split(1)
        yield before
        yield _refused(event, Reason("too_large", f"is larger than a request may be: {max_bytes:,} bytes"))
        taken = giant + 1
    yield chunk


def _refused(chunk: Chunk, reason: Reason) -> Chunk:
    """A chunk that ends in its only event, with that event as a reject."""
    reject: Reject = (int(chunk.rows[0]), (("", reason),))
    return replace(chunk, rejects=[*chunk.rejects, reject]).without_events()
