"""The rows of a job, in the form that is asked for."""

import csv
import io
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import msgpack
from tdclient.util import create_url

from linecapi import printing
from linecapi.declared import Call, at_least, one_of, option
from linecapi.jobs import Job
from linecapi.options import reason
from linecapi.problems import Exit, Problem, Refused
from linecapi.service import Service

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "msgpack", "msgpack.gz")
CHUNK = 1 << 20  # bytes
Row = list[Any]

OPTIONS = (
    option("-f", "--format", **one_of(*FORMATS), help="how rows are written (default: table; tsv with -o)"),
    option("-o", "--output", metavar="PATH", help="write the rows into this file"),
    option("-l", "--limit", type=at_least(0), metavar="ROWS", help="write no more rows than this"),
    option("-c", "--column-header", action="store_true", help="name the columns: csv's first line; json as objects"),
)


def format_of(call: Call) -> str:
    """What -f says, else --json, else what the name of the file says."""
    args = call.args
    if args.format or call.json:
        return str(args.format or "json")
    if args.output:
        return next((name for name in reversed(FORMATS) if args.output.endswith(f".{name}")), "tsv")
    return "table"


def check(call: Call) -> None:
    """Raises Problem for options that cannot be met, before a job runs for them."""
    args = call.args
    if format_of(call) == "msgpack.gz" and args.limit is not None:
        raise Problem("msgpack.gz is written as it is stored, without -l. Use -f msgpack.", Exit.USAGE)
    if args.output and not os.access(Path(args.output).absolute().parent, os.W_OK):
        raise Problem(f"{args.output} cannot be written: its folder is missing or closed.", Exit.USAGE)


def write(call: Call, job: Job) -> None:
    """The rows of a job to where the options say. Raises Problem."""
    form, args = format_of(call), call.args
    with _target(args.output) as out:
        if form == "msgpack.gz":
            _raw(call.td, job["job_id"], out)
        else:
            rows: Iterator[Row] = call.td.job_result_format_each(job["job_id"], "msgpack")  # type: ignore[assignment]
            columns = [column[0] for column in job["hive_result_schema"] or []]
            _write(form, itertools.islice(rows, args.limit), columns, out, named=args.column_header)


def write_if_any(call: Call, job: Job) -> None:
    """The same for a job that may have none, since it only wrote tables."""
    try:
        write(call, job)
    except Refused as refused:
        if refused.status != 404:
            raise
        printing.note(f"Job {job['job_id']} has no rows to write.")


def _raw(td: Service, job_id: str, out: BinaryIO) -> None:
    with td.get(create_url("/v3/job/result/{job_id}?format=msgpack.gz", job_id=job_id)) as response:
        if response.status != 200:
            td.raise_error("", response, b"")
        for chunk in response.stream(CHUNK):
            out.write(chunk)


def _write(form: str, rows: Iterable[Row], columns: list[str], out: BinaryIO, *, named: bool) -> None:
    if form == "msgpack":
        out.writelines(map(msgpack.packb, rows))
        return
    text = io.TextIOWrapper(out, "utf-8", newline="")
    try:
        WRITERS[form](rows, columns, text, named)
    finally:
        text.detach()


def _table(rows: Iterable[Row], columns: list[str], out: TextIO, named: bool) -> None:
    rows = iter(rows)
    first = next(rows, [])
    heads = columns or [f"column {number}" for number in range(1, len(first) + 1)]
    if heads:
        printing.table(heads, itertools.chain([first] if first else [], rows), out)


def _csv(rows: Iterable[Row], columns: list[str], out: TextIO, named: bool, delimiter: str = ",") -> None:
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if named:
        writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in rows)


def _tsv(rows: Iterable[Row], columns: list[str], out: TextIO, named: bool) -> None:
    _csv(rows, columns, out, named, "\t")


def _field(value: Any) -> Any:
    """Lists and the like as JSON, nothing as nothing."""
    if isinstance(value, bool | list | dict):
        return _dumped(value)
    return printing.plain(value) if isinstance(value, bytes) else value


def _json(rows: Iterable[Row], columns: list[str], out: TextIO, named: bool) -> None:
    before = "[\n"
    for line in _objects(rows, columns, named):
        out.write(before + line)
        before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")


def _jsonl(rows: Iterable[Row], columns: list[str], out: TextIO, named: bool) -> None:
    out.writelines(f"{line}\n" for line in _objects(rows, columns, named))


def _objects(rows: Iterable[Row], columns: list[str], named: bool) -> Iterator[str]:
    for row in rows:
        values = [None if isinstance(value, float) and not math.isfinite(value) else value for value in row]
        yield _dumped(dict(zip(columns, values, strict=False)) if named else values)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=printing.plain)


WRITERS: dict[str, Callable[[Iterable[Row], list[str], TextIO, bool], None]] = {
    "table": _table,
    "csv": _csv,
    "tsv": _tsv,
    "json": _json,
    "jsonl": _jsonl,
}


@contextmanager
def _target(path: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears when it is whole, readable for its owner alone. Raises Problem."""
    if path is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    final = Path(path)
    if final.exists() and not final.is_file():  # a pipe or device
        with final.open("wb") as out:
            yield out
        return
    partial = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out
        partial.replace(final)
    except OSError as error:
        raise Problem(f"{path} cannot be written: {reason(error)}") from error
    finally:
        partial.unlink(missing_ok=True)
