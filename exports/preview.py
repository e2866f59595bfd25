"""A look at a query's result before anything is kept or sent: its first rows, and how many there are.

The sample stays for an hour as an Arrow file of one person's. It holds raw personal data: folder 0700, file 0600.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings

from accounts.models import User
from exports.engine import engine, readable
from exports.texts import Text
from warehouse.engines.base import Cancelled, Engine, LimitExceeded, Limits, Result

SAMPLE_ROWS = 100
COUNTED_ROWS = 1_000_000
COUNTING_SECONDS = 10
SECONDS = 30
KEPT_SECONDS = 3600
WATCH_SECONDS = 0.1

_TYPE_NAMES = {
    "string": "varchar",
    "large_string": "varchar",
    "string_view": "varchar",
    "binary": "blob",
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "utinyint",
    "uint16": "usmallint",
    "uint32": "uinteger",
    "uint64": "ubigint",
    "float": "real",
    "date32[day]": "date",
    "time64[us]": "time",
    "month_day_nano_interval": "interval",
}


@dataclass(frozen=True)
class Preview:
    """`columns`: (name, SQL type) each; `table`: the first rows, at most SAMPLE_ROWS; `rows`: how many were counted,
    all of them if `complete`; `seconds`: how long it took."""

    columns: list[tuple[str, str]]
    table: pa.Table
    rows: int
    complete: bool
    seconds: float


def preview(text: Text, *, user: User, ticket: str = "", using: Engine | None = None) -> Preview:
    """Run its last SELECT within SECONDS, count the rows up to COUNTED_ROWS or for COUNTING_SECONDS, keep a sample.

    Nothing is written, whatever the text would write. Raises every EngineError as it comes.
    ticket: a name under which `cancel` may stop it from another process.
    """
    sweep()
    started = time.monotonic()
    run = (using or engine(text.engine, text.source)).run(
        text.readable_part().sql,
        tables=readable(user),
        database=text.database.name,
        limits=Limits(seconds=SECONDS, rows=COUNTED_ROWS, memory_mb=settings.QUERY_MEMORY_LIMIT),
        time_zone=text.time_zone,
        workdir=_folder() / "work",
    )
    with run as result:
        sample = _Sample(result.schema)
        with _watched(result, sample, _ticket(user, ticket) if ticket else None):
            complete = sample.take(result)
    found = Preview(columns_of(result.schema), sample.table(), sample.rows, complete, time.monotonic() - started)
    _keep(found, _path(user, text))
    return found


def cached(text: Text, *, user: User) -> Preview | None:
    """This person's preview of the same text in the last hour."""
    path = _path(user, text)
    try:
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            return None
        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
    except (OSError, pa.ArrowInvalid):
        return None
    about = json.loads(table.schema.metadata[b"preview"])
    table = table.replace_schema_metadata(None)
    return Preview(columns_of(table.schema), table, about["rows"], about["complete"], about["seconds"])


def cancel(*, user: User, ticket: str) -> None:
    """Ask the preview that this person started with `ticket` to stop, whichever process runs it."""
    _ticket(user, ticket).touch(mode=0o600)


def sweep() -> None:
    """Remove what is older than an hour."""
    oldest = time.time() - KEPT_SECONDS
    for path in _folder().iterdir():
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def columns_of(schema: pa.Schema) -> list[tuple[str, str]]:
    """(name, type in SQL's words) of each column."""
    return [(field.name, type_name(field.type)) for field in schema]


def type_name(kind: pa.DataType) -> str:
    """An Arrow type in SQL's words, such as bigint, decimal(18, 3) or varchar[]."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{type_name(kind.value_type)}[]"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp with time zone" if kind.tz else "timestamp"
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        return "struct" if pa.types.is_struct(kind) else "map"
    return _TYPE_NAMES.get(str(kind), str(kind))


class _Sample:
    """The first rows and the count so far; `enough` says that the counting was broken off on purpose."""

    def __init__(self, schema: pa.Schema) -> None:
        self.rows = 0
        self.enough = False
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []

    def take(self, result: Result) -> bool:
        """Count all rows; False if there are more than were counted."""
        try:
            for batch in result:
                if self.rows < SAMPLE_ROWS:
                    self._batches.append(batch.slice(0, SAMPLE_ROWS - self.rows))
                self.rows += batch.num_rows
        except LimitExceeded as error:
            if error.which != "rows":
                raise
            return False
        except Cancelled:
            if not self.enough:
                raise
            return False
        return True

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self._batches, self._schema)


@contextmanager
def _watched(result: Result, sample: _Sample, ticket: Path | None) -> Iterator[None]:
    """Break off when the counting took long enough or someone asked for it; a query that blocks cannot look itself."""
    ended = threading.Event()
    deadline = time.monotonic() + COUNTING_SECONDS

    def watch() -> None:
        while not ended.wait(WATCH_SECONDS):
            sample.enough = sample.rows >= SAMPLE_ROWS and time.monotonic() > deadline
            if sample.enough or (ticket and ticket.exists()):
                result.cancel()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if ticket:
            ticket.unlink(missing_ok=True)


def _keep(found: Preview, path: Path) -> None:
    about: dict[str, Any] = {"rows": found.rows, "complete": found.complete, "seconds": found.seconds}
    table = found.table.replace_schema_metadata({"preview": json.dumps(about)})
    temporary = path.with_suffix(f".{threading.get_ident()}")
    temporary.touch(mode=0o600)
    with temporary.open("wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    temporary.replace(path)


def _path(user: User, text: Text) -> Path:
    key = json.dumps([user.pk, *text.key])
    return _folder() / f"{hashlib.sha256(key.encode()).hexdigest()}.arrow"


def _ticket(user: User, ticket: str) -> Path:
    return _folder() / f"cancel-{user.pk}-{hashlib.sha256(ticket.encode()).hexdigest()}"


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "previews"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
