"""Deleting what nobody needs any more: retired files, files that no table lists, old uploads, names of imports."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from warehouse.importing import IDS_KEPT
from warehouse.models import ImportId, TableFile, tables_folder

GRACE = timedelta(days=1)


def sweep(now: datetime | None = None) -> int:
    """Delete what is past its grace and return how many things that were. May run at any time, also twice at once.

    A retired file is kept for a day and the longest time a query may run: whoever saw it listed has finished by then.
    """
    now = now or timezone.now()
    retired = _sweep_retired(now - GRACE - timedelta(seconds=settings.QUERY_TIME_LIMIT))
    ids, _ = ImportId.objects.filter(at__lt=now - IDS_KEPT).delete()
    return retired + ids + _sweep_orphans(now - GRACE) + _sweep_uploads(now - GRACE)


def _sweep_retired(before: datetime) -> int:
    """Files first: a row whose file is gone is swept again next time, a file whose row is gone is an orphan."""
    files = list(TableFile.objects.filter(retired_at__lt=before))
    for file in files:
        file.absolute_path.unlink(missing_ok=True)
    TableFile.objects.filter(pk__in=[file.pk for file in files]).delete()
    return len(files)


def _sweep_orphans(before: datetime) -> int:
    # The disk is read before the list: a file that is listed in between is found in the list.
    folder = tables_folder()
    old = [path for path in _entries(folder) if _older(path, before)]
    listed = set(TableFile.objects.values_list("path", flat=True))
    orphans = [path for path in old if str(path.relative_to(folder)) not in listed]
    for path in orphans:
        _delete(path)
    return len(orphans)


def _entries(folder: Path) -> list[Path]:
    """Files of tables, and whatever lies where loads are written."""
    return [*folder.glob("[0-9]*/[0-9]*/*"), *folder.glob("loading/*")]


def _sweep_uploads(before: datetime) -> int:
    old = [path for path in Path(settings.UPLOADS_DIR).iterdir() if _older(path, before)]
    for path in old:
        _delete(path)
    return len(old)


def _older(path: Path, before: datetime) -> bool:
    try:
        return path.lstat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
