"""The column `time`: Unix seconds, as every table of Treasure Data has it. Where a file has none, a load adds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse.engines.base import Column
from warehouse.engines.columns import cast

TIME = Column("time", "BIGINT")

_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}


@dataclass(frozen=True)
class Clock:
    """Where `time` comes from in rows that have none: from another column, and where that is empty, or is not given,
    from `now`, the load's own time in Unix seconds."""

    now: int
    column: str | None = None

    def filled(self, expressions: Mapping[str, str], types: Mapping[str, str]) -> str:
        """SQL for `time` without NULLs, given SQL for each column in its type."""
        own = expressions[TIME.name]
        if self.column is None:
            return f"coalesce({own}, {self.now}::BIGINT)"
        return f"coalesce({own}, {seconds(expressions[self.column], types[self.column])}, {self.now}::BIGINT)"


def is_moment(kind: str) -> bool:
    """Whether a column of this type holds times or dates."""
    return kind == "DATE" or kind.startswith("TIMESTAMP")


def can_be_clock(kind: str) -> bool:
    """Whether a column of this type can give `time` its values."""
    return kind == "BIGINT" or is_moment(kind)


def suggested(name: str, kind: str) -> str:
    """The type to suggest for a column, going by its name too: times in a column named `time` become Unix seconds."""
    if name == TIME.name and (kind in _WHOLE or is_moment(kind)):
        return TIME.type
    return kind


def cast_to(column: Column, text: str) -> str:
    """SQL for the VARCHAR expression `text` as this column; NULL where it does not fit.

    `time` takes whole numbers as they are; a date or a time, read as UTC where it has no offset, as its Unix seconds.
    """
    whole = cast(text, column.type)
    return f"coalesce({whole}, {seconds(cast(text, 'TIMESTAMP'), 'TIMESTAMP')})" if column == TIME else whole


def seconds(expression: str, kind: str) -> str:
    """SQL for a value as Unix seconds: a whole number as it is, a time or date rounded down to its second."""
    return expression if kind == "BIGINT" else f"CAST(floor(epoch({expression})) AS BIGINT)"
