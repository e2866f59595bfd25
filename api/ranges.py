"""Answers that clients fetch in parts, or go on fetching after a break. https://www.rfc-editor.org/rfc/rfc9110#section-14"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from api.errors import ApiError

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """What is always the same bytes. `etag`: with its quotes; `read(start, end)`: bytes `start` to before `end`."""

    size: int
    etag: str
    media: str
    read: Callable[[int, int], Iterator[bytes]]


def part(request: HttpRequest, body: Body) -> tuple[int, int] | None:
    """The part that is asked for, half-open; None: all of it. Raises ApiError 416."""
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    unchanged = request.headers.get("If-Range", body.etag) == body.etag
    if not wanted or not unchanged or wanted[1] == wanted[2] == "":
        return None
    if not wanted[1]:
        start, end = max(0, body.size - int(wanted[2])), body.size
    else:
        start, end = int(wanted[1]), min(body.size, int(wanted[2] or body.size) + 1)
        if wanted[2] and int(wanted[2]) < start:
            return None  # that is no range
    if start >= end:
        says = f"There are {body.size:,} bytes, and none in the range {request.headers['Range']}."
        raise ApiError(416, says, Content_Range=f"bytes */{body.size}")
    return start, end


def served(body: Body, wanted: tuple[int, int] | None) -> HttpResponseBase:
    """206 for a part, else 200; its length is exact."""
    start, end = wanted or (0, body.size)
    answer = StreamingHttpResponse(body.read(start, end), status=206 if wanted else 200, content_type=body.media)
    answer["Content-Length"] = end - start
    answer["ETag"], answer["Accept-Ranges"] = body.etag, "bytes"
    if wanted:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{body.size}"
    return answer
