"""How many different digests there are, and how often the most frequent one stands, in memory that does not grow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exports.exporter.digests import Digests

HELD = 1 << 19  # digests in memory at once: some 20 MB with what counting them takes

Blocks = Callable[[], Iterable[Digests]]


@dataclass(frozen=True)
class Frequencies:
    """Of digests that are not 0. `most`: how often the most frequent one stands."""

    all: int = 0
    different: int = 0
    most: int = 0

    @property
    def repeated(self) -> int:
        """How many stand there not for the first time."""
        return self.all - self.different


def frequencies(blocks: Blocks, *, expected: int, held: int = HELD) -> Frequencies:
    """Count by parts, those digests whose first bits are the same, reading all blocks once for each part.

    `blocks` gives them from the start at each call; 0 is no digest. `expected`: how many there may be, which decides
    about the number of parts.
    """
    bits = max(0, (expected - 1) // held).bit_length()
    parts = [_frequencies(_part(blocks(), part, bits), held) for part in range(1 << bits)]
    return Frequencies(sum(p.all for p in parts), sum(p.different for p in parts), max(p.most for p in parts))


def _part(blocks: Iterable[Digests], part: int, bits: int) -> Iterable[Digests]:
    for block in blocks:
        chosen = block if not bits else block[block >> np.uint64(64 - bits) == part]
        yield chosen if part else chosen[chosen != 0]


def _frequencies(blocks: Iterable[Digests], held: int) -> Frequencies:
    tally, waiting, size = _Tally(), [], 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= held:
            tally.add(np.concatenate(waiting))
            waiting, size = [], 0
    tally.add(np.concatenate([*waiting, np.empty(0, np.uint64)]))
    return Frequencies(int(tally.times.sum()), len(tally.digests), int(tally.times.max(initial=0)))


class _Tally:
    """Different digests, sorted, with how often each stands: one on most of the rows takes one place."""

    def __init__(self) -> None:
        self.digests: Digests = np.empty(0, np.uint64)
        self.times: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def add(self, more: Digests) -> None:
        found, times = np.unique(more, return_counts=True)
        if len(self.digests):
            found, times = np.concatenate([self.digests, found]), np.concatenate([self.times, times])
            order = np.argsort(found, kind="stable")
            found, times = found[order], times[order]
            first = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
            found, times = found[first], np.add.reduceat(times, first)
        self.digests, self.times = found, times
