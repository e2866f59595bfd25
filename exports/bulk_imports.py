"""Bulk imports, step by step: create, send parts, freeze, perform (a job), commit, delete. See `bulk_performing`.

Every step may be asked for again by who did not hear the answer, and each holds the import's row while it changes it.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from exports import jobs
from exports.bulk_models import BulkImport, BulkPart
from exports.models import EngineType, Job, RowsFrom
from exports.options import DEFAULT, Options
from exports.texts import Text
from warehouse import files, importing, merging
from warehouse.catalogue import columns_of
from warehouse.importing import Clash
from warehouse.loading import Part
from warehouse.models import Load, Table

MOST_PARTS = 2000
TYPE = "bulk_import_perform"


class NotNow(Exception):
    """The step cannot be done as things are; the message says why."""


def status(found: BulkImport) -> str:
    """Of Treasure Data's words; "committing" takes one transaction here and is never seen."""
    if found.committed_at:
        return "committed"
    if found.job and not found.job.finished:
        return "performing"
    return "ready" if found.prepared else "uploading"


def create(name: str, table: Table, mode: str, *, user: Any, request: HttpRequest | None = None) -> BulkImport:
    """Begin one. mode: append or replace. Raises ValidationError for the name, NotNow if it is taken."""
    if not name.isprintable() or not 0 < len(name) <= 255:
        raise ValidationError("Use 1 to 255 printable characters.")
    found = BulkImport(name=name, table=table, table_name=str(table), mode=mode, created_by=user)
    found.touched_at = timezone.now()
    try:
        with transaction.atomic():
            found.save(force_insert=True)
            audit.record("bulk_import.create", found, user=user, request=request, table=str(table))
    except IntegrityError as error:
        raise NotNow(f"The bulk import {name} exists already.") from error
    return found


def put_part(found: BulkImport, name: str, path: Path, size: int) -> None:
    """Take a file over as a part. Raises ValidationError for the name, NotNow."""
    if not name.isprintable() or not 0 < len(name) <= 255:
        raise ValidationError("Use 1 to 255 printable characters.")
    with _uploading(found) as one:
        if one.parts.count() >= MOST_PARTS and not one.parts.filter(name=name).exists():
            raise NotNow(f"A bulk import has at most {MOST_PARTS:,} parts.")
        one.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = f"{uuid.uuid4()}.part"
        shutil.move(path, one.folder / file)
        _forget(one, name)
        BulkPart.objects.create(bulk_import=one, name=name, file=file, bytes=size)


def delete_part(found: BulkImport, name: str) -> bool:
    """→ whether there was such a part. Raises NotNow."""
    with _uploading(found) as one:
        return _forget(one, name)


def _forget(one: BulkImport, name: str) -> bool:
    part = one.parts.filter(name=name).first()
    if part:
        path = part.path
        part.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return bool(part)


def freeze(found: BulkImport) -> None:
    """No more parts from now on."""
    with _held(found) as one:
        one.frozen = True


def unfreeze(found: BulkImport) -> None:
    """Let more parts come; what was made of those before is thrown away. Raises NotNow."""
    with _held(found) as one:
        _refuse_committed(one)
        _refuse_performing(one)
        one.frozen = False
        _throw_away(one)


def perform(found: BulkImport, *, user: Any, options: Options = DEFAULT, request: HttpRequest | None = None) -> Job:
    """Start the job that makes one file of the parts. Raises NotNow."""
    with _held(found) as one:
        _refuse_committed(one)
        _refuse_performing(one)
        parts = one.parts.count()
        if not one.frozen or not parts or not one.table:
            raise NotNow(_what_lacks(one, parts))
        says = f"-- Bulk import {one.name}: {parts:,} part{'' if parts == 1 else 's'} into {one.table}"
        one.job = jobs.start(
            text=Text(one.table.database, says, engine=EngineType.DUCKDB),
            name=f"Bulk import {one.name}"[:255],
            user=user,
            rows_from=RowsFrom.PARTS,
            options=options,
            issued_as=TYPE,
        )
        _throw_away(one)
        audit.record("bulk_import.perform", one, user=user, request=request, job=one.job.pk)
        return one.job


def _throw_away(one: BulkImport) -> None:
    """What the last job made; its files are swept."""
    one.prepared = one.bad = ""
    one.valid_records = one.error_records = one.valid_parts = one.error_parts = 0


def _what_lacks(one: BulkImport, parts: int) -> str:
    if not one.table:
        return f"The table {one.table_name} was deleted."
    return "Send its parts first." if not parts else "Freeze it first: no part may come while it is performed."


def commit(found: BulkImport, *, user: Any, request: HttpRequest | None = None) -> None:
    """Put the rows into the table, all of them in one moment and once. Raises NotNow."""
    with _held(found) as one:
        if one.committed_at:
            return
        _refuse_performing(one)
        path = one.folder / one.prepared
        if not one.prepared or not path.is_file():
            raise NotNow("Perform it first.")
        table = (
            Table.objects.select_for_update(of=("self",))
            .select_related("database")
            .filter(pk=one.table_id or 0)
            .first()
        )
        if not table:
            raise NotNow(f"The table {one.table_name} was deleted.")
        _add(one, table, Part(path, one.valid_records))
        names = [f"bulk import {one.name}"]
        files.record(table, names, one.valid_records, mode=one.mode, user=user, request=request)
        one.committed_at = timezone.now()
    _remove_files(one, but=one.bad)
    merging.merge_small(table)


def _add(one: BulkImport, table: Table, part: Part) -> None:
    if one.mode == Load.Mode.REPLACE:
        files.retire(table)
        table.columns = one.columns
        table.save(update_fields=["columns", "updated_at"])
    try:
        importing.add(table, part, columns_of(one.columns), one.known)
    except Clash as error:
        raise NotNow(f"{error} Perform it again.") from error


def delete(found: BulkImport, *, user: Any, request: HttpRequest | None = None) -> None:
    """Forget it and its files; rows that are committed stay. Raises NotNow."""
    with transaction.atomic():
        one = _locked(found)
        _refuse_performing(one)
        folder = one.folder
        audit.record("bulk_import.delete", one, user=user, request=request)
        one.delete()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_files(one: BulkImport, but: str) -> None:
    """What is left here is swept later."""
    with suppress(OSError):
        for path in one.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != but:
                path.unlink(missing_ok=True)


# --- steps -------------------------------------------------------------------------------------------------------


@contextmanager
def _held(found: BulkImport) -> Iterator[BulkImport]:
    """The import as it is now, nobody else's until what was changed of it is saved. Raises NotNow."""
    with transaction.atomic():
        one = _locked(found)
        yield one
        one.touched_at = timezone.now()
        one.save()


@contextmanager
def _uploading(found: BulkImport) -> Iterator[BulkImport]:
    with _held(found) as one:
        _refuse_committed(one)
        if one.frozen:
            raise NotNow("It is frozen: unfreeze it before its parts change.")
        yield one


def _locked(found: BulkImport) -> BulkImport:
    one = BulkImport.objects.select_for_update(of=("self",)).select_related("job", "table__database")
    locked = one.filter(pk=found.pk).first()
    if locked is None:
        raise NotNow("It was deleted meanwhile.")
    return locked


def _refuse_committed(one: BulkImport) -> None:
    if one.committed_at:
        raise NotNow("It is committed already.")


def _refuse_performing(one: BulkImport) -> None:
    if one.job and not one.job.finished:
        raise NotNow(f"Job {one.job.pk} is performing it.")
