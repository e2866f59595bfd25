"""Imports: msgpack that programs send a little at a time, into tables that grow the columns they need.

A named import is done once, however often it is sent: its name is kept with the table, in the same transaction.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from warehouse import files, merging
from warehouse.catalogue import Pairs, columns_of
from warehouse.engines import loader
from warehouse.engines.base import Column, EngineError, LoadFailed
from warehouse.engines.loader import Packed
from warehouse.engines.tablefiles import NUMBERS
from warehouse.loading import NotLoaded, Part, limits_now, loading_folder
from warehouse.models import ImportId, Table

IDS_KEPT = timedelta(days=30)
ATTEMPTS = 5


class Clash(Exception):
    """The table has come to have a column of a type that the file's does not go with."""

    def __init__(self, column: Column, now: str) -> None:
        super().__init__(f"The column {column.name} of the table has become {now}, but holds {column.type} here.")


@dataclass(frozen=True)
class Sent:
    """What was sent: the file, the name its sender gave it, or "", and who it was."""

    path: Path
    unique_id: str = ""
    user: Any = None
    request: HttpRequest | None = None

    @property
    def name(self) -> str:
        return f"import {self.unique_id}" if self.unique_id else "import"


def import_file(table: Table, sent: Sent) -> int:
    """Add the records of a msgpack file, which may be gzip, to a table. → how many rows; 0 if they are in it already.

    Raises NotLoaded, and Table.DoesNotExist if the table is gone. All records or none are in it then.
    """
    for _ in range(ATTEMPTS):
        known = Table.objects.values_list("columns", flat=True).get(pk=table.pk)
        if _is_done(table, sent):
            return 0
        path = loading_folder() / f"{uuid.uuid4()}.parquet"
        try:
            packed = _pack(sent.path, columns_of(known), path)
            rows = _list(table, sent, packed, path, known)
        except Clash:
            continue
        finally:
            path.unlink(missing_ok=True)
        merging.merge_small(table)
        return rows
    raise NotLoaded("The table's columns keep changing. Nothing was imported; try again.")


def _is_done(table: Table, sent: Sent) -> bool:
    return bool(sent.unique_id) and ImportId.objects.filter(table=table, unique_id=sent.unique_id).exists()


def _pack(path: Path, known: Sequence[Column], dest: Path) -> Packed:
    try:
        return loader.pack([path], known, dest, limits=limits_now(), now=int(time.time()))
    except LoadFailed as error:
        raise NotLoaded(error.message, line=error.line, column=error.column) from error
    except EngineError as error:
        raise NotLoaded(error.message) from error


@transaction.atomic
def _list(table: Table, sent: Sent, packed: Packed, path: Path, known: Pairs) -> int:
    """The one transaction: the file, the name, the load and the audit entry, or nothing of it. → as `import_file`.

    Raises Clash.
    """
    one = Table.objects.select_for_update(of=("self",)).select_related("database").get(pk=table.pk)
    if _is_done(one, sent):
        return 0
    if sent.unique_id:
        ImportId.objects.create(table=one, unique_id=sent.unique_id)
    add(one, Part(path, packed.rows), packed.columns, known)
    files.record(one, [sent.name], packed.rows, user=sent.user, request=sent.request)
    return packed.rows


def add(table: Table, part: Part, columns: Sequence[Column], known: Pairs) -> None:
    """List a file of a table that is locked, which gets the columns that it lacks. Raises Clash.

    known: the table's columns when the file was made, which may have changed since.
    """
    held = files.pairs(columns)
    files.change_columns(table, _grown(table.columns, held, _types(known)))
    if part.rows:
        files.adopt(table, part, held)


def _grown(now: Pairs, held: Pairs, known: dict[str, str]) -> Pairs:
    """What the table's columns become."""
    types = _types(now)
    for name, kind in held:
        if name not in types and name not in known:  # one that is known and no longer there was taken away
            types[name] = kind
        elif name in types and types[name] != kind:
            types[name] = _wider(types[name], Column(name, kind), known.get(name))
    return [[name, kind] for name, kind in types.items()]


def _types(pairs: Pairs) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in pairs}


def _wider(now: str, column: Column, known: str | None) -> str:
    if now == known:  # only this file changes it
        return column.type
    if {now, column.type} <= NUMBERS:
        return "DOUBLE"
    if now != "VARCHAR":
        raise Clash(column, now)
    return now
