"""Uploaded files between the two steps of a load: in DATA_DIR/uploads, and known to one session only."""

import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import Http404, HttpRequest

from warehouse.loading import Source

OTHER_FIELDS = 64 * 1024
"""What a request may hold beside its file, in bytes."""


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Keeps no file of a request that is larger than UPLOAD_LIMIT_MB allows; its other fields are read."""

    too_large = False

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803
        self.too_large = content_length > limit_bytes() + OTHER_FIELDS

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.too_large:
            raise SkipFile
        super().new_file(*args, **kwargs)


@dataclass
class Pending:
    """A file that waits to be loaded, what its owner chose, and its columns as (name, suggested type).

    names: what columns are to be called instead. types, time_column: as in `tables.load`, by the names of `columns`.
    """

    key: str
    database: str
    table: str
    mode: str
    format: str
    name: str
    types: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    time_column: str = ""
    columns: list[tuple[str, str]] = field(default_factory=list)

    @property
    def source(self) -> Source:
        return Source(Path(settings.UPLOADS_DIR) / self.key, self.format, self.name)


def limit_bytes() -> int:
    """The largest upload, in bytes."""
    return int(settings.UPLOAD_LIMIT_MB) * 1024 * 1024


def too_large(request: HttpRequest) -> bool:
    """Whether the request's file was dropped for its size."""
    return int(request.META.get("CONTENT_LENGTH") or 0) > limit_bytes() + OTHER_FIELDS


def keep(request: HttpRequest, file: TemporaryUploadedFile, **choices: Any) -> Pending:
    """Put the file where it waits and tie it to the session."""
    pending = Pending(key=str(uuid.uuid4()), name=str(file.name), **choices)
    path = pending.source.path
    Path(file.temporary_file_path()).rename(path)
    path.chmod(0o600)
    save(request, pending)
    return pending


def save(request: HttpRequest, pending: Pending) -> None:
    """Remember the choices of an upload."""
    request.session["uploads"] = {**request.session.get("uploads", {}), pending.key: asdict(pending)}


def get(request: HttpRequest, database: str, key: object) -> Pending:
    """This session's upload into this database; Http404 if it has none of that key, or no longer."""
    kept = request.session.get("uploads", {}).get(str(key))
    if not kept or kept["database"] != database:
        raise Http404
    pending = Pending(**kept)
    if not pending.source.path.exists():
        forget(request, pending)
        raise Http404
    return pending


def forget(request: HttpRequest, pending: Pending) -> None:
    """Delete an upload."""
    pending.source.path.unlink(missing_ok=True)
    request.session["uploads"] = {
        key: kept for key, kept in request.session.get("uploads", {}).items() if key != pending.key
    }
