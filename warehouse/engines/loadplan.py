"""What the loader's child is to make of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from warehouse.engines.base import Column, LimitExceeded
from warehouse.engines.columns import Names
from warehouse.engines.timecolumn import TIME, Clock


@dataclass(frozen=True)
class Plan:
    """The table's columns, what some of the file's are called instead of their cleaned names, and the most rows."""

    columns: list[Column]
    renames: dict[str, str]
    clock: Clock | None
    most: int

    @classmethod
    def of(cls, job: dict[str, Any]) -> Self:
        columns = [Column(*column) for column in job["columns"]]
        clock = Clock(*job["clock"]) if job["clock"] and TIME in columns else None
        return cls(columns, job["renames"], clock, job["rows"])

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.columns}

    def names(self) -> Names:
        return Names(self.renames)

    def hold(self, rows: int) -> int:
        """`rows`, as long as they are not too many."""
        if rows > self.most:
            raise LimitExceeded("rows", "")
        return rows
