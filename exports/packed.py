"""A job's kept result as msgpack.gz, as Treasure Data's clients fetch it: made once and kept beside it, so that the
length told is the one sent, and a part of it costs no more than reading that part.

It goes with the kept result. The same rows give the same bytes.
"""

import fcntl
import itertools
import os
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from exports.job_files import ResultGone
from exports.job_parts import kept_file
from exports.models import Job
from exports.result_formats import MSGPACK, stream
from exports.results import KeptResult
from warehouse.engines.kept import publish

NAME = "result.msgpack.gz"
LEVEL = 1  # a third of the time of 6, and a tenth more bytes
GZIP = 31  # zlib's word for gzip with its header; it has no time in it
PIECE = 1 << 18
Heard = Callable[[], None]
Reader = Callable[[int, int], Iterator[bytes]]
"""The bytes from the first number to before the second."""


@dataclass(frozen=True)
class Packed:
    """`size`: bytes of the file; `unpacked`: of the msgpack in it."""

    path: Path
    size: int
    unpacked: int

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes of the file from `start` to `end`. Opens it at once: raises FileNotFoundError."""
        return _pieces(self.path.open("rb"), start, end)

    def read_unpacked(self, start: int, end: int) -> Iterator[bytes]:
        """The same of the msgpack: what stands before `start` is unpacked too."""
        return _between(_unpacked(self.read(0, self.size)), start, end)


def of(job: Job, heard: Heard = lambda: None) -> Packed:
    """The packed result, which is made now if it is not there. Raises ResultGone, and what `heard` raises, which is
    called now and then while it is made."""
    path = kept_file(job)
    if not path:
        raise ResultGone
    if found := _known(job, path):
        return found
    try:
        with _alone(path):
            job.refresh_from_db(fields=["packed_bytes", "unpacked_bytes"])
            return _known(job, path) or _make(job, path, heard)
    except (FileNotFoundError, Job.DoesNotExist) as error:
        raise ResultGone from error


def _known(job: Job, kept: Path) -> Packed | None:
    path = kept.with_name(NAME)
    if job.packed_bytes is None or job.unpacked_bytes is None or not path.is_file():
        return None
    return Packed(path, job.packed_bytes, job.unpacked_bytes)


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """One process at a time makes it. The kernel frees the lock of one that dies."""
    with kept.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(job: Job, kept: Path, heard: Heard) -> Packed:
    path = kept.with_name(NAME)
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        size, unpacked = _write(KeptResult(kept), temporary, heard)
        publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    job.packed_bytes, job.unpacked_bytes = size, unpacked
    Job.objects.filter(pk=job.pk).update(packed_bytes=size, unpacked_bytes=unpacked)
    return Packed(path, size, unpacked)


def _write(kept: KeptResult, path: Path, heard: Heard) -> tuple[int, int]:
    """→ (bytes of the file, bytes of the msgpack in it)."""
    unpacked = 0

    def counted() -> Iterator[bytes]:
        nonlocal unpacked
        for piece in stream(kept, MSGPACK):
            heard()
            unpacked += len(piece)
            yield piece

    path.touch(mode=0o600)
    with path.open("wb") as file:
        file.writelines(compressed(counted()))
        file.flush()
        os.fsync(file.fileno())
        return file.tell(), unpacked


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one gzip file, the same bytes each time."""
    packing = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    for piece in pieces:
        yield packing.compress(piece)
    yield packing.flush()


def behind(first: bytes, read: Reader) -> Reader:
    """Reads `first`, and then what `read` reads: of two gzip files behind each other, clients make one text."""

    def read_both(start: int, end: int) -> Iterator[bytes]:
        rest = read(max(0, start - len(first)), max(0, end - len(first)))
        return itertools.chain([first[start:end]], rest)

    return read_both


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(GZIP)
    for piece in pieces:
        while piece:
            yield unpacking.decompress(piece, PIECE)
            piece = unpacking.unconsumed_tail
    yield unpacking.flush()


def _between(pieces: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    at = 0
    for piece in pieces:
        if at >= end:
            return
        if wanted := piece[max(0, start - at) : end - at]:
            yield wanted
        at += len(piece)
