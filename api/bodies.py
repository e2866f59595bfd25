"""Bodies that are data: they go to the disk as they come, so that they take no memory."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from api.errors import ApiError
from warehouse.uploads import limit_bytes

CHUNK = 1024 * 1024
MSGPACK = "application/octet-stream"


@dataclass(frozen=True)
class Body:
    """`md5`: in hex, of all `bytes`."""

    path: Path
    md5: str
    bytes: int


@contextmanager
def on_disk(request: HttpRequest) -> Iterator[Body]:
    """What was sent, as a file that goes on leaving if nobody took it away. Raises ApiError."""
    length = _length(request)
    path = Path(settings.UPLOADS_DIR) / str(uuid.uuid4())
    path.touch(mode=0o600)
    try:
        yield _written(request, path, length)
    finally:
        path.unlink(missing_ok=True)


def _length(request: HttpRequest) -> int:
    given = str(request.META.get("CONTENT_LENGTH") or "")
    if not given.isdecimal():
        raise ApiError(411, "Send the body with its Content-Length.")
    if int(given) > limit_bytes():
        most = limit_bytes() // 1024**2
        raise ApiError(413, f"The body has {int(given):,} bytes; up to {most:,} MB are taken. Send it in parts.")
    return int(given)


def _written(request: HttpRequest, path: Path, length: int) -> Body:
    digest, size = hashlib.md5(usedforsecurity=False), 0
    early = ApiError(400, "The body ended before its Content-Length.")
    try:
        with path.open("wb") as file:
            while chunk := request.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
    except UnreadablePostError as error:
        raise early from error
    if size < length:
        raise early
    return Body(path, digest.hexdigest(), size)
