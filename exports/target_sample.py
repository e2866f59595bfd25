"""The columns and first rows of the query in the editor, as the Export Results panel needs them."""

import json
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
from django.core.cache import cache

from accounts.models import User
from exports import preview
from exports.engine import engine, readable
from exports.preview import Preview
from exports.texts import Text
from warehouse.engines.base import EngineError, QueryRejected

REMEMBERED_SECONDS = 60  # a query that failed is not run again at every change of the mapping


@dataclass(frozen=True)
class Sample:
    """`columns`: names in the result's order; `table`: first rows, None when there are none to check.

    `error`: why the query did not run, in words; `line`: where in the user's text, from 1.
    """

    columns: tuple[str, ...] = ()
    table: pa.Table | None = None
    error: str = ""
    line: int | None = None
    known: bool = False  # whether `columns` are those of the query

    @property
    def rows(self) -> int:
        return len(self.table) if self.table is not None else 0

    @property
    def batch(self) -> pa.RecordBatch | None:
        """The rows as one batch; None when there are none."""
        return self.table.combine_chunks().to_batches()[0] if self.rows and self.table is not None else None

    @property
    def says(self) -> str:
        """What the verdicts on the mapping stand on."""
        if self.rows == 1:
            return "Checked against the only row of the query"
        if self.rows:
            which = "the first" if self.rows == preview.SAMPLE_ROWS else "all"
            return f"Checked against {which} {self.rows:,} rows of the query"
        if self.table is not None:
            return "The query gives no rows now: there is no sample, columns are mapped by name"
        if self.known:
            return "There is no sample: columns are mapped by name"
        return "The columns of the query are not known"


EMPTY = Sample(error="Write a query first: its columns are mapped here.")


def sample_of(text: Text, *, user: User, again: bool = False) -> Sample:
    """This person's sample of the query, run if need be. `again`: also when it has just failed."""
    found = preview.cached(text, user=user)
    key = "target-sample:" + sha256(json.dumps([user.pk, *text.key]).encode()).hexdigest()
    failed: Sample | None = None if again else cache.get(key)
    if failed and not found:
        return failed
    try:
        return _from(found or preview.preview(text, user=user))
    except EngineError as error:
        failed = _failed(error, text, user)
    cache.set(key, failed, REMEMBERED_SECONDS)
    return failed


def _from(found: Preview) -> Sample:
    return Sample(columns=tuple(found.table.column_names), table=found.table, known=True)


def _failed(error: EngineError, text: Text, user: User) -> Sample:
    """What can be said without rows: of a query that is right but did not finish, at least the columns."""
    line = getattr(error, "line", None)
    if isinstance(error, QueryRejected):
        return Sample(error=error.message, line=line)
    try:
        using = engine(text.engine, text.source)
        sql, database = text.readable_part().sql, text.database.name
        columns = using.check(sql, tables=readable(user), database=database).columns
    except EngineError:
        return Sample(error=error.message, line=line)
    return Sample(columns=tuple(c.name for c in columns), error=error.message, line=line, known=True)
