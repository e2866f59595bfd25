"""Values of a table as text for a page: every type has words, nothing is too long, personal data is masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from warehouse.masking import is_personal, mask_cell

LONGEST = 200  # characters shown of one value
LOOKED_AT = 2000  # characters in which personal data is looked for; all that is shown comes from them


@dataclass(frozen=True)
class Cell:
    """`null`: there is no value, and the text says so."""

    text: str
    null: bool = False


NULL = Cell("NULL", null=True)


def cell(text: str | None, *, personal: bool, reveal: bool = False) -> Cell:
    """One value; None is NULL. `personal`: of a column of personal data; `reveal`: show it as it is."""
    if text is None:
        return NULL
    shown = text[:LOOKED_AT] if reveal else mask_cell(text[:LOOKED_AT], personal=personal)
    cut = len(shown) > LONGEST or len(text) > LOOKED_AT
    return Cell(f"{shown[:LONGEST]}…" if cut else shown)


def rows(columns: Sequence[str], values: Sequence[Sequence[str | None]], *, reveal: bool = False) -> list[list[Cell]]:
    """Rows of text as rows of cells; a column's name says whether its data is personal."""
    personal = [is_personal(name) for name in columns]
    return [[cell(t, personal=p, reveal=reveal) for p, t in zip(personal, row, strict=True)] for row in values]


def texts(column: pa.ChunkedArray) -> list[str | None]:
    """The values of an Arrow column in words; None for NULL."""
    try:
        if not pa.types.is_binary(column.type):
            return list(column.cast(pa.string()).to_pylist())
    except pa.ArrowException:
        pass  # lists, structs and maps have no cast
    return [_text(scalar) for scalar in column]


def _text(scalar: Any) -> str | None:
    try:
        value = scalar.as_py()
    except (ValueError, OverflowError):  # a moment beyond what Python's calendar holds
        return str(scalar)
    return None if value is None else value.hex() if isinstance(value, bytes) else str(value)
