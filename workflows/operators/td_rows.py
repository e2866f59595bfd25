"""The first rows of a job's kept result, as variables and as lines of a log."""

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from exports import job_parts
from exports.models import Job
from exports.result_values import in_words, values
from exports.results import KeptResult
from warehouse.engines.kept import BATCH_ROWS
from workflows.operators.base import TaskFailed

LARGEST = 1024 * 1024
"""Bytes of JSON that a task leaves as rows."""
PREVIEW_ROWS, PREVIEW_TEXT = 20, 10_000
EXACT = 2**53  # the first whole number that JavaScript cannot tell from the next


def first(job: Job, rows: int) -> list[dict[str, Any]]:
    """At most so many rows (up to one batch), as JSON-able maps of column and value. Raises TaskFailed.

    Values are as Treasure Data's clients get them; whole numbers that JavaScript cannot hold are text.
    """
    assert rows <= BATCH_ROWS
    table = kept(job).head(rows).combine_chunks()
    columns = [map(_kept_exactly, values(_column(column), in_words)) for column in table.columns]
    found = [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]
    if sum(len(orjson.dumps(row)) for row in found) > LARGEST:
        what = "first row holds" if rows == 1 else "rows hold"
        raise TaskFailed(f"The {what} more than {LARGEST:,} bytes.", "Select fewer or shorter columns.")
    return found


def kept(job: Job) -> KeptResult:
    path = job_parts.kept_file(job)
    if path is None:
        raise TaskFailed(f"The result of job {job.pk} was deleted.", "Run the task again.")
    return KeptResult(path)


def _column(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _kept_exactly(value: Any) -> Any:
    """No database keeps U+0000 in JSON."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_kept_exactly(one) for one in value]
    if isinstance(value, dict):
        return {_kept_exactly(key): _kept_exactly(one) for key, one in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return str(value)
    return value


def preview(job: Job) -> str:
    """The first rows as a line each, with personal data masked."""
    found = job_parts.result(job)
    if found is None or not found.columns:
        return f"Preview of job {job.pk}: its result was deleted."
    if not found.rows:
        return f"Preview of job {job.pk}: no rows."
    lines = [f"Preview of job {job.pk}:", " | ".join(name for name, _ in found.columns)]
    lines += [" | ".join(cell.text for cell in row) for row in found.rows[:PREVIEW_ROWS]]
    return "\n".join(_within(lines, PREVIEW_TEXT))


def _within(lines: list[str], most: int) -> Iterator[str]:
    for line in lines:
        if len(line) >= most:
            yield f"{line[:most]}…"
            return
        yield line
        most -= len(line)
