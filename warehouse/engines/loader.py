"""From an uploaded file to one Parquet file of a table. The file is only ever opened in a fenced child process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse.engines.base import Column, Limits, LoadFailed
from warehouse.engines.process import Child
from warehouse.engines.timecolumn import Clock

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
    found = _run({"mode": "sniff"}, path, file_format, workdir, limits)
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
        "columns": [(column.name, column.type) for column in columns],
        "clock": clock and (clock.now, clock.column),
        "renames": dict(renames or {}),
    }
    found = _run(job, path, file_format, dest.parent, limits, dest, stoppable)
    return int(found["rows"])


def _run(
    job: dict[str, Any],
    path: Path,
    file_format: str,
    workdir: Path,
    limits: Limits,
    dest: Path | None = None,
    stoppable: Stoppable = unstoppable,
) -> dict[str, Any]:
    if file_format not in FORMATS:
        raise LoadFailed(f'"{file_format}" is not a file format. Expected: {", ".join(FORMATS)}.')
    path = path.resolve()
    job = {**job, "path": str(path), "format": file_format, "files": [str(path)], "threads": 2, **asdict(limits)}
    child = Child(job, limits=limits, workdir=workdir)
    try:
        with stoppable(lambda: child.stop("cancelled")):
            found = child.finish()
        if dest:
            _publish(child.folder / "part.parquet", dest)
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
