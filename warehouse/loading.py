"""From files to Parquet files that no table lists yet: columns are decided here, rows written in a child process."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings

from warehouse.engines import loader
from warehouse.engines.base import Column, EngineError, Limits, LoadFailed
from warehouse.engines.columns import TYPES
from warehouse.engines.loader import Stoppable, unstoppable
from warehouse.engines.timecolumn import TIME, Clock, can_be_clock
from warehouse.models import tables_folder

UNPACKED = 20
"""How many times UPLOAD_LIMIT_MB may come out of one gzip file."""
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}

_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}


class NotLoaded(Exception):
    """Nothing was loaded. `source` is the name of the file that is to blame, if one is; `line` counts from 1 in it."""

    def __init__(self, message: str, *, source: str = "", line: int | None = None, column: str | None = None) -> None:
        super().__init__(f"{source}: {message}" if source else message)
        self.message = message
        self.source = source
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Source:
    """A file to load: where it lies, its format (csv, tsv, jsonl or parquet), and the name its owner knows it by.

    It may be packed with gzip, whatever its name.
    """

    path: Path
    format: str
    name: str


@dataclass(frozen=True)
class Part:
    """A finished Parquet file that no table lists yet."""

    path: Path
    rows: int

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


def format_of(name: str) -> str | None:
    """The format that a file's name tells, or None."""
    return SUFFIXES.get(Path(name.lower().removesuffix(".gz")).suffix)


def loading_folder() -> Path:
    """Where files are written before a table lists them: on the same disk as the tables."""
    return tables_folder() / "loading"


def sniff(source: Source) -> loader.Sniffed:
    """The columns and first rows of a file. Raises NotLoaded."""
    with _blaming(source):
        limits = replace(loader.SNIFF_LIMITS, spool_mb=limits_now().spool_mb)
        return loader.sniff(source.path, source.format, workdir=loading_folder(), limits=limits)


def columns_of(
    sources: Sequence[Source],
    *,
    known: Sequence[Column] = (),
    types: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
) -> tuple[Column, ...]:
    """The columns that all the files are loaded with. Raises NotLoaded.

    `known`: the columns of a table that is appended to; they stay as they are, and the loader lets no other in.
    `types`: what some columns of a new table shall be, whatever the files suggest.
    `renames`: other names for some of those that `sniff` gives.
    """
    if known:
        return _with_types({column.name: column.type for column in known}, types or {}, fixed=True)
    found: dict[str, str] = {}
    for source in sources:
        for column in sniff(source).columns:
            name = (renames or {}).get(column.name, column.name)
            found[name] = _wider(found.get(name, column.type), column.type)
    return _with_types(found, types or {}, fixed=False)


def with_time(columns: Sequence[Column], time_column: str = "") -> tuple[Column, ...]:
    """The columns of a new table, with `time` at the end if there is none. Raises NotLoaded.

    time_column: the one that is to fill it.
    """
    has_time = any(column.name == TIME.name for column in columns)
    if has_time and time_column:
        raise NotLoaded("The file has a column named time, so no other column can be the time.", column=time_column)
    return tuple(columns) if has_time else (*columns, TIME)


def clock(columns: Sequence[Column], now: int, time_column: str = "") -> Clock:
    """What fills `time` where the files do not. Raises NotLoaded if the column chosen for it cannot."""
    types = {column.name: column.type for column in columns}
    if not time_column:
        return Clock(now)
    if TIME not in columns:
        raise NotLoaded("The table has no column named time that another column could fill.", column=time_column)
    if time_column not in types:
        listed = ", ".join(types)
        raise NotLoaded(f"There is no column named {time_column}. The columns are {listed}.", column=time_column)
    if not can_be_clock(types[time_column]):
        kind = types[time_column]
        message = f"The column {time_column} is {kind}. The time can come from a BIGINT, a TIMESTAMP or a DATE."
        raise NotLoaded(message, column=time_column)
    return Clock(now, time_column)


def new_columns(columns: Sequence[Column], known: Sequence[Column]) -> list[str]:
    """Names in `columns` that a table with the columns `known` lacks; none if it has no columns yet."""
    names = {column.name for column in known}
    return [column.name for column in columns if names and column.name not in names]


@contextmanager
def written(
    sources: Sequence[Source],
    columns: Sequence[Column],
    clock: Clock,
    renames: Mapping[str, str],
    stoppable: Stoppable = unstoppable,
) -> Iterator[list[Part]]:
    """Every file as a Parquet file with exactly `columns`, in order. What nobody took away is deleted on leaving."""
    parts: list[Part] = []
    try:
        for source in sources:
            parts.append(_write(source, columns, clock, renames, stoppable))
        yield parts
    finally:
        for part in parts:
            part.path.unlink(missing_ok=True)


def limits_now(seconds: float | None = None) -> Limits:
    """What the load of one file may use up, from the settings. `seconds`: instead of theirs."""
    return Limits(
        seconds=settings.LOAD_TIME_LIMIT if seconds is None else seconds,
        rows=settings.QUERY_ROW_LIMIT,
        memory_mb=settings.QUERY_MEMORY_LIMIT,
        spool_mb=settings.UPLOAD_LIMIT_MB * UNPACKED,
    )


def _write(
    source: Source, columns: Sequence[Column], clock: Clock, renames: Mapping[str, str], stoppable: Stoppable
) -> Part:
    path = loading_folder() / f"{uuid.uuid4()}.parquet"
    with _blaming(source):
        rows = loader.load(
            source.path,
            source.format,
            columns,
            path,
            limits=limits_now(),
            clock=clock,
            renames=renames,
            stoppable=stoppable,
        )
    return Part(path, rows)


@contextmanager
def _blaming(source: Source) -> Iterator[None]:
    try:
        yield
    except LoadFailed as error:
        raise NotLoaded(error.message, source=source.name, line=error.line, column=error.column) from error
    except EngineError as error:
        raise NotLoaded(error.message, source=source.name) from error


def _wider(one: str, other: str) -> str:
    """A type for a column that two files suggest different types for."""
    if one == other:
        return one
    if {one, other} <= _WHOLE:
        return "BIGINT"
    return "DOUBLE" if {one, other} <= _WHOLE | {"DOUBLE", "FLOAT"} else "VARCHAR"


def _with_types(found: Mapping[str, str], types: Mapping[str, str], *, fixed: bool) -> tuple[Column, ...]:
    for name, kind in types.items():
        if name not in found:
            raise NotLoaded(f"There is no column named {name}. The columns are {', '.join(found)}.", column=name)
        if kind == found[name]:
            continue
        if fixed:
            raise NotLoaded(f"The table's column {name} is {found[name]} and stays so; replace the table.", column=name)
        if kind not in TYPES:
            raise NotLoaded(f"{kind} is not a type. The types are {', '.join(TYPES)}.", column=name)
    return tuple(Column(name, types.get(name, kind)) for name, kind in found.items())
