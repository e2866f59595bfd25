"""The notes of a job's rows, in one file beside the kept result: for each digest a column, then one of the marks.

Every row has its place in every column, so that a row checked again, by whatever worker, simply overwrites its notes.
Nothing is synced: after a fall of the machine rows may lack notes, which their marks tell.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exports.exporter.digests import Digests
from exports.exporter.notes import GOOD, MARKS_BYTES, SEEN, Mark, Marks, bits, digest_names, notes
from exports.exporter.pipeline import Heard
from exports.exporter.readiness import Hygiene, Summary
from exports.exporter.tally import HELD, Frequencies, frequencies
from integrations.spec import Connector

NAME = "notes.bin"
DIGEST_BYTES = 8
BLOCK_ROWS = 1 << 16  # read at once


class NoteFile:
    """Opened for reading and writing; a file of another shape is begun anew. 0600: digests tell who is who.

    `rows`: of the kept result. Every method may raise OSError.
    """

    def __init__(self, folder: Path, connector: Connector, rows: int) -> None:
        self.connector, self.rows = connector, rows
        self.names = digest_names(connector)
        size = rows * (DIGEST_BYTES * len(self.names) + MARKS_BYTES)
        self.fd = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self.fd).st_size != size:
            os.truncate(self.fd, 0)
            os.truncate(self.fd, size)  # all zeros: no row has been seen

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> "NoteFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, heard: Heard) -> None:
        """The notes of rows that have just been checked."""
        found = notes(heard)
        for name, values in found.digests.items():
            self._write(values, "<u8", self._digests_at(name, heard.first_row))
        self._write(found.marks, "<u4", self._marks_at(heard.first_row))

    def first_unseen(self, end_row: int) -> int | None:
        """The first row before `end_row` without notes."""
        seen = 1 << bits(self.connector)[SEEN]
        for start, marks in self._marks(end_row):
            unseen = np.flatnonzero(marks & seen == 0)
            if len(unseen):
                return start + int(unseen[0])
        return None

    # --- counting

    def summary(self, end_row: int, *, hashed: list[str], held: int = HELD) -> Summary:
        """Of the rows before `end_row`. `hashed`: the hashed fields that are mapped; `held`: as of `frequencies`."""
        counts = self._counts(end_row)
        found = {name: self._frequencies(name, end_row, held) for name in self.names}
        repeats = {code: found[kind, code].repeated for kind, code in self.names if kind == "repeat"}
        return Summary(
            rows=counts[GOOD],
            identifiers={name: counts["has", name] for name in self.connector.identifiers},
            warnings={code: n for (kind, code), n in counts.items() if kind == "warns"} | repeats,
            hashes={n: Hygiene(counts["upper", n], counts["blank", n], found["hash", n].most) for n in hashed},
        )

    def _counts(self, end_row: int) -> dict[Mark, int]:
        places = bits(self.connector)
        counts = dict.fromkeys(places, 0)
        for _, marks in self._marks(end_row):
            for mark, place in places.items():
                counts[mark] += int(np.count_nonzero(marks & np.uint32(1 << place)))
        return counts

    def _frequencies(self, name: Mark, end_row: int, held: int) -> Frequencies:
        def blocks() -> Iterator[Digests]:
            for start, count in _blocks(end_row):
                yield self._read(count, "<u8", self._digests_at(name, start))

        return frequencies(blocks, expected=end_row, held=held)

    # --- places

    def _marks(self, end_row: int) -> Iterator[tuple[int, Marks]]:
        for start, count in _blocks(end_row):
            yield start, self._read(count, "<u4", self._marks_at(start))

    def _digests_at(self, name: Mark, row: int) -> int:
        return DIGEST_BYTES * (self.names.index(name) * self.rows + row)

    def _marks_at(self, row: int) -> int:
        return DIGEST_BYTES * len(self.names) * self.rows + MARKS_BYTES * row

    def _write(self, values: npt.NDArray[Any], kind: str, place: int) -> None:
        data = np.ascontiguousarray(values, kind)
        if os.pwrite(self.fd, data.data, place) != data.nbytes:
            raise OSError("the disk is full")

    def _read(self, count: int, kind: str, place: int) -> npt.NDArray[Any]:
        return np.frombuffer(os.pread(self.fd, count * np.dtype(kind).itemsize, place), kind)


def _blocks(end_row: int) -> Iterator[tuple[int, int]]:
    """(first row, number of rows) of each block."""
    return ((start, min(BLOCK_ROWS, end_row - start)) for start in range(0, end_row, BLOCK_ROWS))
