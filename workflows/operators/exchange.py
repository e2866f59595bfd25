"""One HTTP request and its answer, over redirects. Each host on the way must be allowed (workflows.operators.hosts).

Requests leave through requests' adapter itself, without what a session adds: proxies, cookies and passwords from the
environment, and redirects that nobody looks at.
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from email.message import Message
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidURL, SSLError
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from exports.notify.waiting import TooLong, in_time
from workflows.operators import hosts
from workflows.operators.base import TaskFailed

CONNECT_SECONDS = 10.0
MOST_REDIRECTS = 8
REDIRECTS = (301, 302, 303, 307, 308)
KEPT_ELSEWHERE = ("accept", "content-type", "user-agent")  # headers that another server gets, too
UNSAFE = re.compile(r"[\s\\\x00-\x1f\x7f]")
PIECE = 16 * 1024  # bytes


class Unanswered(Exception):
    """The text says why. It may pass by itself."""


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """`text` is the body as far as it was asked for; `cut`: there is more. `retry_after`: seconds that it asks for."""

    status: int
    text: str
    cut: bool = False
    retry_after: int = 0


def where(url: str) -> Url:
    """The parts of an address. Raises TaskFailed for what is none of http."""
    try:
        found = parse_url(url)
    except LocationParseError:
        found = Url()
    if UNSAFE.search(url) or found.scheme not in ("http", "https") or not found.host:
        raise TaskFailed("http> needs an address such as https://example.com/path.")
    return found


def send(request: Request, *, seconds: float, follow: bool, longest: int) -> Answer:
    """Ask, and read up to `longest` bytes of the body, all within `seconds`. Raises TaskFailed and Unanswered."""
    try:
        answer: Answer = in_time(lambda: _send(request, time.monotonic() + seconds, follow, longest), seconds)
    except (InvalidURL, InvalidHeader, UnicodeError) as error:
        raise TaskFailed("The address or a header has characters that cannot be sent.") from error
    except SSLError as error:
        raise TaskFailed("The server's certificate is not trusted, or its TLS cannot be used.") from error
    except (TooLong, requests.Timeout):
        raise Unanswered(f"The server did not answer within {seconds:g} s.") from None
    except (requests.RequestException, HTTPError, OSError):
        raise Unanswered("The server could not be reached, or broke off the connection.") from None
    return answer


def _send(request: Request, end: float, follow: bool, longest: int) -> Answer:
    """Asks no database: it runs in a thread of its own."""
    for _ in range(MOST_REDIRECTS + 1):
        with closing(HTTPAdapter()) as adapter, closing(_ask(adapter, request, end)) as answer:
            target = answer.headers.get("location") if follow and answer.status_code in REDIRECTS else None
            if not target:
                return _read(answer, end, longest)
            request = _redirected(request, answer.status_code, target)
    raise TaskFailed(f"The server redirected more than {MOST_REDIRECTS} times.")


def _ask(adapter: HTTPAdapter, request: Request, end: float) -> requests.Response:
    where(request.url)
    made = requests.Request(request.method, request.url, headers=dict(request.headers), data=request.body).prepare()
    hosts.allow(urlsplit(str(made.url)).hostname or "")  # what the adapter connects to
    left = max(end - time.monotonic(), 0.1)
    verify = os.environ.get("SSL_CERT_FILE") or True
    return adapter.send(made, stream=True, timeout=(min(CONNECT_SECONDS, left), left), verify=verify)


def _read(answer: requests.Response, end: float, longest: int) -> Answer:
    body = b""
    for piece in answer.iter_content(PIECE):
        body += piece
        if len(body) > longest:
            break
        if time.monotonic() > end:
            raise requests.Timeout
    text = _decoded(body[:longest], answer.headers.get("content-type", ""))
    asked = answer.headers.get("retry-after", "")
    return Answer(answer.status_code, text, len(body) > longest, int(asked) if re.fullmatch("[0-9]{1,6}", asked) else 0)


def _decoded(body: bytes, content_type: str) -> str:
    """In the character set that the answer names, else UTF-8; without NUL, which no database keeps."""
    header = Message()
    header["content-type"] = content_type
    try:
        text = body.decode(header.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        text = body.decode(errors="replace")
    return text.replace("\0", "")


def _redirected(request: Request, status: int, target: str) -> Request:
    """The request to where an answer points. Another server gets no header of the task's that may hold a secret."""
    url = urljoin(request.url, target).replace(" ", "%20")
    old, new = where(request.url), where(url)
    if old.scheme == "https" != new.scheme:
        raise TaskFailed("The server redirected from https to http, which is not followed.")
    elsewhere = (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port)
    headers = {name: one for name, one in request.headers.items() if not elsewhere or name.lower() in KEPT_ELSEWHERE}
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        plain = {name: one for name, one in headers.items() if name.lower() != "content-type"}
        return replace(request, method=method, url=url, headers=plain, body=None)
    return replace(request, url=url, headers=headers)
