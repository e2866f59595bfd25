"""The rows that were not accepted and will not be sent, with the reasons: one JSON line a row, beside the kept result.

The file is written and synced before the database commits its length; what lies past the committed length belongs to
work that was never recorded, and is cut off before writing goes on.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

NAME = "rejects.jsonl"


class Reject(NamedTuple):
    """A row that is invalid, refused, or unknown for ever. `reasons`: (field, code, text); field "": the record."""

    row: int
    end: str  # "invalid" | "refused" | "unknown"
    reasons: tuple[tuple[str, str, str], ...]


class RejectFile:
    """Writes behind the committed length, for the one worker that has the job.

    What is written ahead costs one sync for many requests: to append it later, no byte is written.
    """

    def __init__(self, folder: Path, committed: int) -> None:
        self.folder, self.length = folder, committed
        self.ahead = b""  # what the file holds behind `length`

    def write_ahead(self, rejects: Iterable[Reject]) -> None:
        """Write what will be appended, as far as is known: another end of these rows is written anew then."""
        self._write(_lines(rejects))

    def append(self, rejects: Iterable[Reject]) -> int:
        """→ the new length, to be committed by the caller."""
        data = _lines(rejects)
        if not self.ahead.startswith(data):
            self._write(data)
        self.ahead = self.ahead[len(data) :]
        self.length += len(data)
        return self.length

    def _write(self, data: bytes) -> None:
        self.ahead = b""
        if not data:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / NAME
        path.touch(mode=0o600)
        with path.open("r+b") as file:
            file.truncate(self.length)
            file.seek(self.length)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.ahead = data


def _lines(rejects: Iterable[Reject]) -> bytes:
    return b"".join([orjson.dumps([*reject], option=orjson.OPT_APPEND_NEWLINE) for reject in rejects])


def read(folder: Path, committed: int) -> Iterator[Reject]:
    """The committed rejects, in the order of their rows."""
    return (reject for _, reject in scan(folder, committed))


def scan(folder: Path, committed: int, start: int = 0) -> Iterator[tuple[int, Reject]]:
    """(where the next one begins, reject) from byte `start` on; of a `start` amid a line, from the next line on."""
    if start >= committed:
        return
    with (folder / NAME).open("rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        place = file.tell()
        while place < committed and (line := file.readline()):
            place += len(line)
            row, end, reasons = orjson.loads(line)
            yield place, Reject(row, end, tuple(map(tuple, reasons)))
