"""What every query engine is: one SELECT in, Arrow record batches out, within limits; errors say what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa

TableName = tuple[str, str]
"""(database, table), both lower-case."""

RESERVED_DATABASES = frozenset({"information_schema", "memory", "pg_catalog", "system", "temp"})
"""Names that DuckDB has for itself: a table in a database of such a name could not be told from an inner one."""


@dataclass(frozen=True)
class Column:
    """A column's name and its type in DuckDB's words, such as VARCHAR, BIGINT or VARCHAR[]."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """A table of the catalogue: absolute paths of its Parquet files (none: an empty table) and its columns in order.

    held: what is in those files that have other columns than the table has now.
    """

    files: tuple[str, ...]
    columns: tuple[Column, ...]
    held: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)


TableFiles = Mapping[TableName, Table]
"""Every table that a query may read. What is not in it does not exist for the query."""


@dataclass(frozen=True)
class Limits:
    """What a query may use up: wall-clock seconds, result rows, memory and temporary disk space (both in MiB)."""

    seconds: float = 3600
    rows: int = 100_000_000
    memory_mb: int = 2048
    spool_mb: int = 20_480


@dataclass(frozen=True)
class CheckedQuery:
    """A query that was parsed and bound but not run: the tables it reads, its columns, whether it orders its rows.

    text: what the engine is given to run; the user's own text, or its translation.
    """

    tables: tuple[TableName, ...]
    columns: tuple[Column, ...]
    ordered: bool
    text: str


@dataclass(frozen=True)
class Progress:
    """How far a query is. `percent` is None where the engine cannot tell; `state` is starting, running or finished."""

    percent: float | None
    rows: int
    state: str


class EngineError(Exception):
    """Something went wrong; `message` may be shown to users, `detail` is for the log only."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class QueryRejected(EngineError):
    """The query will never run as it stands. `line` and `column` (both from 1) point into the user's own text."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.line = line
        self.column = column


class QueryFailed(EngineError):
    """The query broke off while it ran: through what it says or reads (`user_error`), or a fault of the engine."""

    def __init__(
        self,
        message: str,
        *,
        user_error: bool,
        line: int | None = None,
        column: int | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message, detail=detail)
        self.user_error = user_error
        self.line = line
        self.column = column


class LimitExceeded(EngineError):
    """A limit stopped the work; `which` is seconds, rows, memory or spool."""

    def __init__(self, which: str, message: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.which = which


class Cancelled(EngineError):
    """The query was stopped because someone asked for it."""


class EngineUnavailable(EngineError):
    """The engine could not be started or reached. The only error that is worth trying again."""


class LoadFailed(EngineError):
    """A file cannot become a table. `line` counts from 1, the header included; `column` is a column's name."""

    def __init__(self, message: str, *, line: int | None = None, column: str | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.line = line
        self.column = column


class Result(Protocol):
    """A running query. A context manager; leaving it cancels what still runs."""

    @property
    def schema(self) -> pa.Schema: ...

    @property
    def ordered(self) -> bool:
        """Whether the query has an outer ORDER BY of its own."""

    @property
    def handle(self) -> dict[str, Any]:
        """JSON that lets another process on this host stop the query (`Engine.stop`)."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of any size. At the row limit, exactly that many rows come before LimitExceeded."""

    def progress(self) -> Progress: ...

    def cancel(self) -> None:
        """Ask the query to stop. From any thread, any number of times, without waiting."""


class Engine(Protocol):
    """Runs SELECTs over the tables it is given. Every method raises EngineError or a kind of it, and nothing else."""

    kind: str

    def check(self, sql: str, *, tables: TableFiles, database: str) -> CheckedQuery:
        """Parse and bind `sql`, whose unqualified tables are those of `database`, without running it."""

    def run(
        self,
        sql: str,
        *,
        tables: TableFiles,
        database: str,
        limits: Limits,
        scheduled_time: int | None = None,
        time_zone: str = "UTC",
        order_by: str | None = None,
        workdir: Path,
    ) -> Result:
        """Start `sql` and return once its schema is known.

        scheduled_time: what TD_SCHEDULED_TIME() means, in Unix seconds; now where it is None.
        order_by: a result column. Without an outer ORDER BY of its own, the query comes in its order, NULLs last.
        workdir: a folder on a disk with room for `limits.spool_mb`; the engine removes what it puts there.
        """

    def stop(self, handle: Mapping[str, Any]) -> bool:
        """Stop the query of another process by its `handle`; False if it no longer runs on this host."""
