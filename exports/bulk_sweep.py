"""Deleting bulk imports that were abandoned, and files of bulk imports that nobody knows of."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Q
from django.utils import timezone

from exports.bulk_models import BulkImport, bulk_folder
from exports.models import ACTIVE

KEPT = timedelta(days=30)  # after the last step
GRACE = timedelta(days=1)  # of a file that nobody knows of


def sweep(now: datetime | None = None) -> None:
    """May run at any time, also twice at once."""
    now = now or timezone.now()
    BulkImport.objects.filter(~Q(job__state__in=ACTIVE) | Q(job=None), touched_at__lt=now - KEPT).delete()
    for folder in bulk_folder().glob("[0-9]*"):
        _sweep_folder(folder, now - GRACE)


def _sweep_folder(folder: Path, before: datetime) -> None:
    # The disk is read before the list: a file that is written down in between is found in the list.
    old = [path for path in folder.iterdir() if path.lstat().st_mtime < before.timestamp()]
    one = BulkImport.objects.filter(pk=int(folder.name)).first()
    if one is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    wanted = {one.prepared, one.bad, *one.parts.values_list("file", flat=True)} if old else set()
    for path in old:
        if path.name not in wanted:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
