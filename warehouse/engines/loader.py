"""From an uploaded file to one Parquet file of a table. The file is only ever opened in a fenced child process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse.engines import tablefiles
from warehouse.engines.base import Column, Limits, LoadFailed, Table
from warehouse.engines.process import Child
from warehouse.engines.timecolumn import Clock

PART = "part.parquet"
FORMATS = ("csv", "tsv", "jsonl", "parquet")
SNIFF_LIMITS = Limits(seconds=30, rows=0, memory_mb=512, spool_mb=256)

Stoppable = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Holds, while a child works, what stops it; the function may be called from any thread, any number of times."""


def unstoppable(cancel: Callable[[], None]) -> AbstractContextManager[None]:
    """What holds nothing."""
    return nullcontext()


_TYPE = re.compile(r"""[A-Z][A-Za-z0-9_ ,()\[\]"]*""")


@dataclass(frozen=True)
class Sniffed:
    """What seems to be in a file.

    columns: cleaned names and suggested types, in the file's order.
    renamed: (name in the file, cleaned name) where they differ.
    rows: the first 20 rows as text, None for NULL, long values cut to 500 characters.
    n: how many rows were looked at; the whole file's if `complete`.
    moments: whether the column `time` holds times that a load turns into Unix seconds.
    """

    columns: tuple[Column, ...]
    renamed: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]
    n: int
    complete: bool
    moments: bool = False


def sniff(path: Path, file_format: str, *, workdir: Path, limits: Limits = SNIFF_LIMITS) -> Sniffed:
    """Look at the first 20,000 rows of a file. Raises LoadFailed, LimitExceeded or EngineUnavailable."""
    found = _run({"mode": "sniff", **_of_file(path, file_format)}, workdir, limits, {})
    return Sniffed(
        columns=tuple(Column(*column) for column in found["columns"]),
        renamed=tuple((source, name) for source, name in found["renamed"]),
        rows=tuple(tuple(row) for row in found["rows"]),
        n=found["n"],
        complete=found["complete"],
        moments=found["moments"],
    )


def load(
    path: Path,
    file_format: str,
    columns: Sequence[Column],
    dest: Path,
    *,
    limits: Limits,
    clock: Clock | None = None,
    renames: Mapping[str, str] | None = None,
    stoppable: Stoppable = unstoppable,
) -> int:
    """Write the file's rows as `dest` (Parquet) with exactly these columns, and return how many there are.

    A column that the file lacks is NULL; one that is not in `columns` is an error, as is a value that does not fit.
    clock: what fills the column `time` where the file does not. renames: other names for some of those that `sniff`
    gives. `dest` appears whole or not at all. Raises LoadFailed, LimitExceeded, Cancelled or EngineUnavailable, and
    what `stoppable` raises.
    """
    for column in columns:
        if not _TYPE.fullmatch(column.type):
            raise LoadFailed(f'"{column.type}" is not a type.', column=column.name)
    job = {
        "mode": "load",
        **_of_file(path, file_format),
        "columns": [(column.name, column.type) for column in columns],
        "clock": clock and (clock.now, clock.column),
        "renames": dict(renames or {}),
    }
    return int(_run(job, dest.parent, limits, {PART: dest}, stoppable)["rows"])


def merge(table: Table, dest: Path, *, limits: Limits) -> int:
    """Write all rows of a table as one file `dest`, as `load` does, and return how many there are."""
    job = {"mode": "merge", "table": tablefiles.to_json(table), "files": table.files}
    return int(_run(job, dest.parent, limits, {PART: dest})["rows"])


@dataclass(frozen=True)
class Packed:
    """What became of msgpack files. `bad`: how many records were left out; `bad_parts`: how many files were.

    columns: of the Parquet file: those that were known first, some of them with a wider type, then new ones.
    """

    rows: int
    columns: tuple[Column, ...]
    bad: int
    parts: int
    bad_parts: int


def pack(
    paths: Sequence[Path],
    known: Sequence[Column],
    dest: Path,
    *,
    limits: Limits,
    now: int,
    bad: Path | None = None,
    stoppable: Stoppable = unstoppable,
) -> Packed:
    """Write the records of msgpack files, which may be gzip, as `dest` (Parquet), a map a row.

    known: the columns of the table. It gets new ones where records have other keys.
    now: the `time` of records without one, in Unix seconds.
    bad: gets the records that cannot be rows (msgpack.gz); files that are broken are left out. Without it they are
    errors. Raises LoadFailed (`line` is the number of a record), LimitExceeded, Cancelled or EngineUnavailable, and
    what `stoppable` raises.
    """
    files = [str(path.resolve()) for path in paths]
    pairs = [(column.name, column.type) for column in known]
    job = {"mode": "pack", "paths": files, "files": files, "known": pairs, "now": now, "lenient": bad is not None}
    found = _run(job, dest.parent, limits, {PART: dest, **({"bad.msgpack.gz": bad} if bad else {})}, stoppable)
    columns = tuple(Column(*pair) for pair in found["columns"])
    return Packed(found["rows"], columns, found["bad"], found["parts"], found["bad_parts"])


def _of_file(path: Path, file_format: str) -> dict[str, Any]:
    if file_format not in FORMATS:
        raise LoadFailed(f'"{file_format}" is not a file format. Expected: {", ".join(FORMATS)}.')
    path = path.resolve()
    return {"path": str(path), "format": file_format, "files": [str(path)]}


def _run(
    job: dict[str, Any],
    workdir: Path,
    limits: Limits,
    made: Mapping[str, Path],
    stoppable: Stoppable = unstoppable,
) -> dict[str, Any]:
    """Do the job in a child; `made`: where the files go that it leaves in its folder."""
    child = Child({**job, "threads": 2, **asdict(limits)}, limits=limits, workdir=workdir)
    try:
        with stoppable(lambda: child.stop("cancelled")):
            found = child.finish()
        for name, dest in made.items():
            _publish(child.folder / name, dest)
    finally:
        child.close()
    return found


def _publish(part: Path, dest: Path) -> None:
    """Make a finished file durable, then visible under its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(dest)
    folder = os.open(dest.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
