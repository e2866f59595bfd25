"""What the second step of a load shows: the columns of an upload beside those of the table it goes to."""

from dataclasses import dataclass
from typing import Self

from django.forms import BoundField

from warehouse import cells
from warehouse.cells import Cell
from warehouse.engines.base import Column
from warehouse.engines.loader import Sniffed
from warehouse.engines.timecolumn import TIME
from warehouse.forms import ColumnsForm, type_words
from warehouse.loading import NotLoaded, new_columns, sniff
from warehouse.models import Database, Load
from warehouse.uploads import Pending

SAMPLES = 3


def known_columns(pending: Pending, database: Database) -> tuple[Column, ...]:
    """The columns of the table that an upload is appended to; none if they come from the file."""
    if pending.mode != Load.Mode.APPEND:
        return ()
    table = database.tables.filter(name=pending.table).first()
    return tuple(Column(*pair) for pair in table.columns) if table else ()


@dataclass(frozen=True)
class Line:
    """One column: its name in the file if that is another, its type, some values, and the fields that can change it."""

    name: str
    given: str
    kind: str
    name_field: BoundField | None
    field: BoundField | None
    is_new: bool
    becomes_time: bool
    is_wrong: bool
    samples: list[str]


@dataclass(frozen=True)
class Sheet:
    """An upload as it was sniffed, whether its table exists, and the columns that the table has and keeps."""

    sniffed: Sniffed
    exists: bool
    known: tuple[Column, ...]

    @classmethod
    def of(cls, pending: Pending, database: Database) -> Self:
        """Raises NotLoaded if the file cannot be read."""
        exists = database.tables.filter(name=pending.table).exists()
        return cls(sniff(pending.source), exists, known_columns(pending, database))

    @property
    def new(self) -> list[str]:
        return new_columns(self.sniffed.columns, self.known)

    @property
    def missing(self) -> list[str]:
        """Columns that will be NULL; `time` never is."""
        held = {column.name for column in self.sniffed.columns}
        return [column.name for column in self.known if column.name not in held and column != TIME]

    @property
    def can_load(self) -> bool:
        """Whether every column of the file may have a place in the table."""
        lacking = len(self.known) - len({column.name for column in self.known} & set(self.names))
        return len(self.new) <= lacking

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.sniffed.columns]

    @property
    def rows(self) -> list[list[Cell]]:
        return cells.rows(self.names, self.sniffed.rows)

    def lines(self, form: ColumnsForm, error: NotLoaded | None) -> list[Line]:
        """The columns of the file in their order."""
        given = {name: source for source, name in self.sniffed.renamed}
        types = {column.name: column.type for column in self.known}
        wrong = error.column if error else None
        fields = form.fields
        rows = self.rows
        return [
            Line(
                name=name,
                given=given.get(name, ""),
                kind=type_words(types.get(name, "")),
                name_field=form[f"name-{index}"] if f"name-{index}" in fields else None,
                field=form[f"column-{index}"] if f"column-{index}" in fields else None,
                is_new=name in self.new,
                becomes_time=name == TIME.name and self.sniffed.moments,
                is_wrong=bool(wrong) and wrong in (name, form.data.get(f"name-{index}")),
                samples=[row[index].text for row in rows if not row[index].null][:SAMPLES],
            )
            for index, name in enumerate(self.names)
        ]
