"""Files into a table: read as rows, cut into parts of msgpack.gz, each sent under a name of its own."""

import gzip
import itertools
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from tdclient.util import create_msgpack

from linecapi import printing, reading, times
from linecapi.options import reason
from linecapi.problems import Exit, Problem, Refused, Unanswered
from linecapi.progress import Line
from linecapi.reading import Row, Unreadable
from linecapi.service import Service

PART = 32 << 20  # bytes of a part, packed and compressed
BLOCK = 1000  # rows that are packed together
PAUSES = (1.0, 5.0, 15.0, 30.0)  # seconds before a part is sent again
FORMATS = ("csv", "tsv", "jsonl", "msgpack", "csv.gz", "tsv.gz", "jsonl.gz", "msgpack.gz")
ENDINGS = {"ndjson": "jsonl", "json": "jsonl", "ndjson.gz": "jsonl.gz", "json.gz": "jsonl.gz"}
Part = tuple[Path, int]  # with how many rows


def format_of(name: str) -> str:
    """By its ending. Raises Problem."""
    known = {form: form for form in FORMATS} | ENDINGS
    for ending in sorted(known, key=len, reverse=True):
        if name.lower().endswith(f".{ending}"):
            return known[ending]
    raise Problem(f"{name}: its name does not say how it is written. Use -f with {', '.join(FORMATS)}.", Exit.USAGE)


def create(td: Service, database: str, table: str) -> None:
    """Both, where they do not exist."""
    for make in (partial(td.create_database, database), partial(td.create_log_table, database, table)):
        try:
            make()
        except Refused as refused:
            if refused.status != 409:
                raise


def import_file(td: Service, database: str, table: str, name: str, form: str, time_column: str | None) -> int:
    """→ how many rows. Nothing is sent before the whole file was read. Raises Problem."""
    with tempfile.TemporaryDirectory(prefix="linecapi-") as folder:
        try:
            ready = list(parts(_timed(reading.rows(name, form), time_column), Path(folder), PART))
        except (Unreadable, OSError) as error:
            raise Problem(f"{name}: {reason(error)}") from error
        return _sent(td, database, table, name, ready)


def _sent(td: Service, database: str, table: str, name: str, ready: list[Part]) -> int:
    stored, line = 0, Line()
    try:
        for path, rows in ready:
            line.says = f"{name}: {stored:,} rows stored"
            line.show()
            _send(td, database, table, path)
            stored += rows
    except Problem as problem:
        before = f"{name}: {stored:,} rows were stored, then: " if stored else ""
        raise Problem(f"{before}{problem}", problem.exit_code) from problem
    finally:
        line.clear()
    return stored


def parts(rows: Iterator[Row], folder: Path, size: int) -> Iterator[Part]:
    """The rows as files of about `size` bytes."""
    while block := list(itertools.islice(rows, BLOCK)):
        path, count = folder / uuid.uuid4().hex, 0
        with path.open("wb") as raw, gzip.open(raw, "wb", compresslevel=6) as packed:
            while block:
                packed.write(create_msgpack(block))
                count += len(block)
                block = list(itertools.islice(rows, BLOCK)) if raw.tell() < size else []
        yield path, count


def _timed(rows: Iterable[Row], column: str | None) -> Iterator[Row]:
    """Each with a `time`: the one it has, that of `column`, or now."""
    now = int(time.time())
    for number, row in enumerate(rows, 1):
        if column:
            row["time"] = _time(row, column, number)
        elif row.get("time") is None:
            row["time"] = now
        yield row


def _time(row: Row, column: str, number: int) -> int:
    if column not in row:
        raise Unreadable(f"row {number} has no column {column}, only {', '.join(row)}.")
    try:
        return times.unix(row[column])
    except (ValueError, TypeError) as error:
        says = f"{column} of row {number} must be Unix seconds or like 2026-11-30 09:00:00, not {row[column]}"
        raise Unreadable(says) from error


def _send(td: Service, database: str, table: str, part: Path) -> None:
    """Once, however often: the server knows a part by its name. Raises Problem."""
    for pause in (*PAUSES, None):
        try:
            with part.open("rb") as body:
                td.import_data(database, table, "msgpack.gz", body, part.stat().st_size, unique_id=part.name)
            return
        except Unanswered as unanswered:
            if pause is None:
                raise
            printing.note(f"{unanswered} Sending again in {pause:.0f} s.")
            td.sleep(pause)
        except Refused as refused:
            if refused.status != 404:
                raise
            raise Problem(f"{refused} Create it with --auto-create-table.", refused.exit_code) from refused
