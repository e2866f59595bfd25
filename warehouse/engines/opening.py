"""A file's bytes as they were before someone packed them: gzip is unpacked, once, and never more than is allowed."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from warehouse.engines.base import LoadFailed

CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_OTHERS = {
    rb"PK\x03\x04": "a ZIP archive or an Excel workbook",
    rb"BZh[1-9]1AY&SY": "packed with bzip2",
    rb"\xfd7zXZ": "packed with xz",
    rb"\x28\xb5\x2f\xfd": "packed with Zstandard",
}


class Unreadable(Exception):
    """The bytes end here, for a reason that the message tells: `… ends too early.`, as what follows "The file "."""


def is_packed(path: Path) -> bool:
    """Whether the file is gzip, whatever its name. Raises LoadFailed for another kind of archive."""
    with path.open("rb") as file:
        head = file.read(16)
    for mark, what in _OTHERS.items():
        if re.match(mark, head):
            raise LoadFailed(f"The file is {what}. Unpack it, or pack it with gzip instead.")
    return head.startswith(_GZIP)


@contextmanager
def opened(path: Path, most_mb: int) -> Iterator[BinaryIO]:
    """The file's bytes, gzip unpacked as it is read. Reading raises Unreadable, and LoadFailed at the limit.

    most_mb: how many MiB may come out of a gzip file. One that is not packed is as large as it is.
    """
    packed = is_packed(path)
    with path.open("rb") as file:
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as members, io.BufferedReader(_Unpacked(members, most_mb), CHUNK) as unpacked:
            yield unpacked


def unpacked(path: Path, folder: Path, most_mb: int) -> Path:
    """The file itself, or what a gzip file holds as a new file in `folder`. Raises LoadFailed."""
    if not is_packed(path):
        return path
    target = folder / "unpacked"
    try:
        with opened(path, most_mb) as file, target.open("wb") as out:
            while chunk := file.read(CHUNK):
                out.write(chunk)
    except Unreadable as error:
        raise LoadFailed(f"The file {error}") from error
    return target


class _Unpacked(io.RawIOBase):
    """What comes out of a gzip file of any number of members."""

    def __init__(self, file: gzip.GzipFile, most_mb: int) -> None:
        self._file = file
        self._most_mb = most_mb
        self._left = most_mb * 1024 * 1024
        self._fresh = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        chunk = self._chunk(len(memoryview(buffer)))  # type: ignore[arg-type]
        if self._fresh and chunk.startswith(_GZIP):
            raise Unreadable("is gzip within gzip. Unpack it once.")
        self._fresh = False
        self._left -= len(chunk)
        if self._left < 0:
            raise LoadFailed(f"The file holds more than {self._most_mb:,} MB unpacked, which is the limit. Split it.")
        memoryview(buffer)[: len(chunk)] = chunk  # type: ignore[arg-type]
        return len(chunk)

    def _chunk(self, size: int) -> bytes:
        try:
            return self._file.read1(size)
        except EOFError as error:
            raise Unreadable("ends too early: its gzip data is cut off.") from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise Unreadable(f"cannot be unpacked: its gzip data is damaged ({error}).") from error
