"""The columns and first rows of the query in the editor, as the Export Results panel needs them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import available_timezones

import pyarrow as pa
from django.core.cache import cache

from accounts.models import User
from exports import preview
from exports.engine import engine, readable
from exports.preview import Preview
from warehouse.engines.base import EngineError, QueryRejected
from warehouse.models import Database

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


def sample_of(*, database_id: str, sql: str, time_zone: str, user: User, again: bool = False) -> Sample:
    """This person's sample of the query, run if need be. `again`: also when it has just failed."""
    sql = sql.replace("\r\n", "\n")  # browsers post CR LF; a preview's text has LF
    if not sql.strip():
        return EMPTY
    database = Database.objects.filter(pk=database_id).first() if database_id.isdecimal() else None
    if database is None:
        return Sample(error="Choose the query’s database first.")
    if time_zone not in available_timezones():
        return Sample(error=f"There is no time zone “{time_zone}”.")
    of: dict[str, Any] = {"database": database, "sql": sql, "time_zone": time_zone, "user": user}
    found = preview.cached(**of)
    key = "target-sample:" + sha256(f"{user.pk} {database.pk} {time_zone} {sql}".encode()).hexdigest()
    failed: Sample | None = None if again else cache.get(key)
    if failed and not found:
        return failed
    try:
        return _from(found or preview.preview(**of))
    except EngineError as error:
        failed = _failed(error, database, sql)
    cache.set(key, failed, REMEMBERED_SECONDS)
    return failed


def _from(found: Preview) -> Sample:
    return Sample(columns=tuple(found.table.column_names), table=found.table, known=True)


def _failed(error: EngineError, database: Database, sql: str) -> Sample:
    """What can be said without rows: of a query that is right but did not finish, at least the columns."""
    line = getattr(error, "line", None)
    if isinstance(error, QueryRejected):
        return Sample(error=error.message, line=line)
    try:
        columns = engine().check(sql, tables=readable(), database=database.name).columns
    except EngineError:
        return Sample(error=error.message, line=line)
    return Sample(columns=tuple(c.name for c in columns), error=error.message, line=line, known=True)
