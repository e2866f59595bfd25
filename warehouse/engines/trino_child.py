"""What the child does with a query on Trino: check it, ask for its columns, run it, turn its JSON into Arrow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from trino.client import TrinoQuery, TrinoRequest

from warehouse.engines import sqlcheck, trino_errors, trino_types
from warehouse.engines.arrowwords import word
from warehouse.engines.base import QueryFailed, QueryRejected
from warehouse.engines.querytext import ORDERING_PREFIX, plain_spaces, quoted
from warehouse.engines.resultcolumns import refuse_repeated, result_column
from warehouse.engines.sourcework import Telling, say_schema
from warehouse.engines.sqlcheck import Parsed
from warehouse.engines.status import say
from warehouse.engines.trino_session import connect, delete_query

_LINES_BEFORE = ORDERING_PREFIX.count("\n")
# Table functions that hand a text to the database behind a catalog: nobody has checked it.
_DENIED = re.compile(r"query|raw_query")

Described = list[tuple[str, str]]
"""(name, type in Trino's words) of each column."""


def query(job: dict[str, Any]) -> dict[str, Any]:
    """Run the query: says `schema`, `started` and `progress`, writes the rows, returns how many there were."""
    telling = Telling(job)
    parsed = _parse(job)
    request = connect(job)
    columns = _describe(request, parsed, telling)
    schema = trino_types.schema(columns, job["time_zone"])
    text, lines = _to_run(parsed, columns, job["order_by"])
    running = TrinoQuery(request, text, legacy_primitive_types=True, stats_callback=_Following(telling))
    telling.cancel = running.cancel
    say_schema(schema, ordered=parsed.ordered)
    try:
        return {"rows": telling.stream(schema, _batches(running, columns, schema))}
    except trino_errors.FROM_CLIENT as error:
        raise trino_errors.while_running(error, lines) from error
    finally:
        trino_errors.ignoring(running.cancel)


def check(job: dict[str, Any]) -> dict[str, Any]:
    """Parse the query, let the server bind it, and return its tables, columns and whether it is ordered."""
    telling = Telling(job)
    parsed = _parse(job)
    described = _describe(connect(job), parsed, telling)
    columns = [(field.name, word(field.type)) for field in trino_types.schema(described, job["time_zone"])]
    return {"tables": parsed.tables, "columns": columns, "ordered": parsed.ordered, "text": parsed.text}


def test(job: dict[str, Any]) -> dict[str, Any]:
    """Run SELECT 1 and say who asked; raises what is wrong with the connection."""
    telling = Telling(job)
    _describe(connect(job), Parsed("SELECT 1 AS answer", (), False), telling)
    user = job["settings"]["user"]
    return {"says": "The endpoint answered." if user in job["secrets"] else f'Trino answered; signed in as "{user}".'}


def stop(job: dict[str, Any]) -> dict[str, Any]:
    """End the query `query_id`, whoever started it as this user."""
    Telling(job)
    return {"stopped": delete_query(job, job["query_id"])}


class _Following:
    """Told after each page how far the query is; hands on the server's name for the query once."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._said = False

    def __call__(self, stats: dict[str, Any]) -> None:
        self._telling.percent = stats.get("progressPercentage")
        if not self._said:
            say("started", query_id=stats["queryId"])
            self._said = True


def _parse(job: dict[str, Any]) -> Parsed:
    where = job["settings"].get("schema") or ""
    return sqlcheck.parse(plain_spaces(job["sql"]), dialect="trino", schema=where, denied=_DENIED)


def _describe(request: TrinoRequest, parsed: Parsed, telling: Telling) -> Described:
    """The columns, from running the query for no rows; QueryRejected with its place if the server would not run it."""
    asking = TrinoQuery(request, f"{ORDERING_PREFIX}{parsed.text}\n) LIMIT 0", legacy_primitive_types=True)
    telling.cancel = asking.cancel
    try:
        asking.execute()
    except trino_errors.FROM_CLIENT as error:
        raise trino_errors.while_binding(error, _LINES_BEFORE) from error
    columns = _columns(asking)
    if not columns:
        raise QueryRejected("The query has no columns. Name some after SELECT.")
    refuse_repeated([name for name, _ in columns])
    return columns


def _columns(query: TrinoQuery) -> Described:
    return [(column["name"], column["type"]) for column in query.columns or ()]


def _to_run(parsed: Parsed, columns: Described, order_by: str | None) -> tuple[str, int]:
    """(the text that is run, how many lines stand before the user's own)."""
    if parsed.ordered or not order_by:
        return parsed.text, 0
    column = quoted(result_column([name for name, _ in columns], order_by))
    return f"{ORDERING_PREFIX}{parsed.text}\n) AS unordered ORDER BY {column} ASC NULLS LAST", _LINES_BEFORE


def _batches(running: TrinoQuery, columns: Described, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A batch for each page that has rows, as soon as it is there."""
    rows = running.execute().rows
    if _columns(running) != columns:
        raise QueryFailed("The columns changed while the query was being started. Run it again.", user_error=False)
    while True:
        if rows:
            yield _batch(rows, columns, schema)
        if running.finished:
            return
        rows = running.fetch()


def _batch(rows: Sequence[Sequence[Any]], columns: Described, schema: pa.Schema) -> pa.RecordBatch:
    values = zip(*rows, strict=True)
    arrays = [
        trino_types.array(list(column), name, kind, field.type)
        for column, (name, kind), field in zip(values, columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
