"""The rows that were not accepted and will not be sent, with the reasons: one JSON line a row, beside the kept result.

The file is written and synced before the database commits its length; what lies past the committed length belongs to
work that was never recorded, and is cut off before writing goes on.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

NAME = "rejects.jsonl"


@dataclass(frozen=True)
class Reject:
    """A row that is invalid, refused, or unknown for ever. `reasons`: (field, code, text); field "": the record."""

    row: int
    end: str  # "invalid" | "refused" | "unknown"
    reasons: tuple[tuple[str, str, str], ...]


def append(folder: Path, committed: int, rejects: Iterable[Reject]) -> int:
    """Write after the committed length. → the new length, to be committed by the caller."""
    lines = [orjson.dumps([r.row, r.end, r.reasons]) + b"\n" for r in rejects]
    if not lines:
        return committed
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / NAME).touch(mode=0o600)
    with (folder / NAME).open("r+b") as file:
        file.truncate(committed)
        file.seek(committed)
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


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
        while file.tell() < committed and (line := file.readline()):
            row, end, reasons = orjson.loads(line)
            yield file.tell(), Reject(row, end, tuple(tuple(r) for r in reasons))
