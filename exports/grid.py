"""Rows of a result as text for a page: every type has words, nothing is too long, personal data is masked."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from exports.masking import masked

LONGEST_CELL = 300  # characters


@dataclass(frozen=True)
class Cell:
    """`null`: there is no value, and the text says so."""

    text: str
    null: bool = False


NULL = Cell("NULL", null=True)


def rows(table: pa.Table, *, personal: Collection[str], reveal: bool) -> list[list[Cell]]:
    """The table by rows. `personal`: columns of personal data; `reveal`: show values as they are."""
    columns = [
        [_cell(text, name in personal, reveal) for text in texts(column)]
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def texts(column: pa.ChunkedArray) -> list[str | None]:
    """The values in words; None for NULL."""
    try:
        if not pa.types.is_binary(column.type):
            return column.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    except pa.ArrowException:
        pass  # lists, structs and maps have no cast
    return [_text(scalar) for scalar in column]


def _text(scalar: pa.Scalar) -> str | None:
    try:
        value = scalar.as_py()
    except (ValueError, OverflowError):  # a moment beyond what Python's calendar holds
        return str(scalar)
    return None if value is None else value.hex() if isinstance(value, bytes) else str(value)


def _cell(text: str | None, personal: bool, reveal: bool) -> Cell:
    if text is None:
        return NULL
    shown = text if reveal else masked(text, personal=personal)
    return Cell(shown if len(shown) <= LONGEST_CELL else f"{shown[:LONGEST_CELL]}…")
