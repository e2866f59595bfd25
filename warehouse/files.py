"""The files of a table that is locked: list another, take all out, keep them while columns change, say who loaded."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from warehouse.catalogue import Pairs
from warehouse.engines.base import Column
from warehouse.loading import Part
from warehouse.models import Load, Table, TableFile, tables_folder


def pairs(columns: Sequence[Column]) -> Pairs:
    """Columns as the database keeps them."""
    return [[column.name, column.type] for column in columns]


def adopt(table: Table, part: Part, held: Pairs | None = None) -> None:
    """Give a file a name of its own among those of its table, and list it; it keeps the old name too.

    held: its columns; None: those of the table. If the transaction fails the file is an orphan, which a sweep deletes.
    """
    folder = Path(str(table.database_id)) / str(table.pk)
    (tables_folder() / folder).mkdir(parents=True, exist_ok=True)
    file = TableFile(table=table, path=str(folder / f"{uuid.uuid4()}.parquet"), rows=part.rows, bytes=part.bytes)
    file.columns = None if held == table.columns else held
    os.link(part.path, file.absolute_path)
    _sync(file.absolute_path.parent)
    file.save(force_insert=True)


def retire(table: Table) -> int:
    """Take all files out of a table. → how many rows that were."""
    live = table.files.filter(retired_at=None)
    rows = sum(live.values_list("rows", flat=True))
    live.update(retired_at=timezone.now())
    return rows


def change_columns(table: Table, columns: Pairs) -> None:
    """Give a table other columns. Its files stay as they are, and are read as if they had these."""
    if columns == table.columns:
        return
    table.files.filter(retired_at=None, columns__isnull=True).update(columns=table.columns)
    table.columns = columns
    table.save(update_fields=["columns", "updated_at"])


def record(
    table: Table,
    sources: Sequence[str],
    rows: int,
    *,
    mode: str = Load.Mode.APPEND,
    user: Any = None,
    request: HttpRequest | None = None,
) -> None:
    """Put a load on record, in the table's history and in the audit trail."""
    names = list(sources)
    Load.objects.create(table=table, mode=mode, sources=names, rows=rows, loaded_by=user)
    audit.record("table.load", table, user=user, request=request, mode=str(mode), files=names, rows=rows)


def _sync(folder: Path) -> None:
    """Make the names in a folder and in the two above it durable."""
    for each in (folder, *folder.parents[:2]):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
