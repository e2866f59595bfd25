"""Rows of a result as text for a page: personal data is masked as the destination's fields and the names tell."""

from collections.abc import Collection

import pyarrow as pa

from warehouse.cells import Cell, cell, texts


def rows(table: pa.Table, *, personal: Collection[str], reveal: bool) -> list[list[Cell]]:
    """The table by rows. `personal`: columns of personal data; `reveal`: show values as they are."""
    columns = [
        [cell(text, personal=name in personal, reveal=reveal) for text in texts(column)]
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]
