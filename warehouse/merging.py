"""Many small files of a table become one, so that a query of a table that grows a little at a time stays fast.

What the files hold is not changed: only those are merged that hold the same columns.
"""

import logging
import uuid
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from warehouse import files
from warehouse.catalogue import Pairs, columns_of
from warehouse.engines import loader
from warehouse.engines.base import EngineError
from warehouse.engines.base import Table as EngineTable
from warehouse.loading import Part, limits_now, loading_folder
from warehouse.models import Table, TableFile

MANY = 32
SIZES = (1024 * 1024, 32 * 1024 * 1024)
"""Bytes: so many files below the first are merged, and so many between the two; larger ones stay as they are."""
MOST_BYTES = 256 * 1024 * 1024  # at once
logger = logging.getLogger(__name__)


def merge_small(table: Table) -> None:
    """Merge small files of the table, where there are many. May be called at any time, also twice at once."""
    small = list(table.files.filter(retired_at=None, bytes__lt=SIZES[-1]).order_by("pk"))
    for found in _mergeable(small):
        try:
            _merge(table, found)
        except EngineError:
            logger.exception("Files of the table %s could not be merged; it stays as it is", table)


def _mergeable(small: list[TableFile]) -> Iterator[list[TableFile]]:
    groups: dict[tuple[bool, str], list[TableFile]] = {}
    for file in small:
        groups.setdefault((file.bytes < SIZES[0], str(file.columns)), []).append(file)
    for group in groups.values():
        if len(group) >= MANY:
            yield _at_once(group)


def _at_once(group: list[TableFile]) -> list[TableFile]:
    """The oldest of them, as many as are not too large together."""
    chosen: list[TableFile] = []
    size = 0
    for file in group:
        size += file.bytes
        if chosen and size > MOST_BYTES:
            break
        chosen.append(file)
    return chosen


def _merge(table: Table, found: list[TableFile]) -> None:
    """Raises EngineError."""
    held: Pairs = found[0].columns or Table.objects.values_list("columns", flat=True).get(pk=table.pk)
    paths = tuple(str(file.absolute_path) for file in found)
    path = loading_folder() / f"{uuid.uuid4()}.parquet"
    try:
        rows = loader.merge(EngineTable(paths, columns_of(held)), path, limits=limits_now())
        _replace(table, found, Part(path, rows), held)
    finally:
        path.unlink(missing_ok=True)


@transaction.atomic
def _replace(table: Table, found: list[TableFile], part: Part, held: Pairs) -> None:
    """Put the merged file in the place of the others, if they are all still there."""
    now = Table.objects.select_for_update().filter(pk=table.pk).first()
    live = TableFile.objects.filter(pk__in=[file.pk for file in found], table=now, retired_at=None)
    if now and live.count() == len(found) and part.rows == sum(file.rows for file in found):
        live.update(retired_at=timezone.now())
        files.adopt(now, part, held)
