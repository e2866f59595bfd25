"""What a job's files hold, as downloads: streamed, in constant memory, however many rows there are.

CSV opens in spreadsheets without danger: a text that they would take for a formula gets a leading apostrophe. Plain
numbers and phone numbers with a sign are left as they are: digits alone call no function and name no cell, and an
apostrophe would break the very values that people look for. JSON Lines holds every value unchanged.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
import pyarrow as pa

from exports import rejects
from exports.job_parts import kept_file
from exports.models import Job, RowsFrom
from exports.rejects import Reject
from exports.results import KeptResult
from warehouse.cells import texts
from warehouse.sql.statements import statements

CHUNK_ROWS = 1_000
REJECT_COLUMNS = ("row", "end", "field", "problem")
BOM = "\ufeff"
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?|\+[0-9][0-9 ()-]*")


class ResultGone(Exception):
    """The kept result of the job does not exist any more."""


def neutral(text: str) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def result_csv(job: Job) -> Iterator[bytes]:
    """Every row of the kept result. Raises ResultGone, before the first byte."""
    return _result_csv(_open(job))


def rejects_csv(job: Job) -> Iterator[bytes]:
    """Every invalid or refused row with its reasons and source columns. Raises ResultGone, before the first byte."""
    return _rejects_csv(job, _open(job, rejects.NAME))


def rejects_jsonl(job: Job) -> Iterator[bytes]:
    """The same, a JSON object a row: {"row", "end", "problems": [{"field", "code", "text"}], "record": {…}}."""
    return _rejects_jsonl(job, _open(job, rejects.NAME))


def available(job: Job) -> bool:
    """Whether the rows can still be downloaded."""
    return kept_file(job) is not None


def inserted(job: Job) -> int | None:
    """How many rows the job put into a table: those of its result, or those that its last statement wrote."""
    path = kept_file(job)
    if job.into_rows is not None or path is None or job.rows_from != RowsFrom.QUERY:
        return job.into_rows
    last = statements(job.sql, dialect=job.engine)[-1]
    return int(KeptResult(path).head(1).column(0)[0].as_py()) if last.writes else None


def _open(job: Job, *names: str) -> KeptResult:
    path = kept_file(job)
    if not path or (job.rejects_bytes and not all((job.folder / name).is_file() for name in names)):
        raise ResultGone
    return KeptResult(path)


def _result_csv(kept: KeptResult) -> Iterator[bytes]:
    yield _header(kept.schema.names)
    for _, batch in kept.batches():
        for start in range(0, len(batch), CHUNK_ROWS):
            yield _lines(_cells(pa.Table.from_batches([batch.slice(start, CHUNK_ROWS)])))


def _rejects_csv(job: Job, kept: KeptResult) -> Iterator[bytes]:
    yield _header([*REJECT_COLUMNS, *kept.schema.names])
    for found, table in _chunks(job, kept):
        yield _lines([*_about(reject), *cells] for reject, cells in zip(found, _cells(table), strict=True))


def _rejects_jsonl(job: Job, kept: KeptResult) -> Iterator[bytes]:
    for found, table in _chunks(job, kept):
        records = zip(found, table.to_pylist(), strict=True)
        yield b"".join(orjson.dumps(_record(reject, row), default=_plain) + b"\n" for reject, row in records)


def _chunks(job: Job, kept: KeptResult) -> Iterator[tuple[list[Reject], pa.Table]]:
    """Rejects with their rows, in the order of the rows."""
    found = rejects.read(job.folder, job.rejects_bytes)
    while chunk := sorted(islice(found, CHUNK_ROWS), key=lambda reject: reject.row):
        yield chunk, kept.rows([reject.row for reject in chunk])


def _about(reject: Reject) -> list[str]:
    fields = dict.fromkeys(name or "whole record" for name, *_ in reject.reasons)
    problems = [f"{name}: {text}" if name else text for name, _, text in reject.reasons]
    return [str(reject.row + 1), reject.end, "; ".join(fields), "; ".join(problems)]


def _record(reject: Reject, row: dict[str, Any]) -> dict[str, Any]:
    problems = [{"field": name or None, "code": code, "text": text} for name, code, text in reject.reasons]
    return {"row": reject.row + 1, "end": reject.end, "problems": problems, "record": row}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _cells(table: pa.Table) -> Iterable[list[str]]:
    """The rows as text; NULL is an empty cell."""
    columns = [["" if text is None else neutral(text) for text in texts(column)] for column in table.columns]
    return map(list, zip(*columns, strict=True)) if columns else ([] for _ in range(len(table)))


def _header(names: Sequence[str]) -> bytes:
    return BOM.encode() + _lines([[neutral(name) for name in names]])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
