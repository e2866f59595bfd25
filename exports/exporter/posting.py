"""A batch goes out over HTTP: the one seam between the exporter and the network."""

import datetime
import time
from collections.abc import Callable
from collections.abc import Mapping as Map
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3

from exports.exporter.batches import Batch, Body
from exports.exporter.delivery import Post, Reply
from integrations.spec import Connector

READ_AT_MOST = 65_536  # bytes of an answer's body; the documented answers have none
JOINED_AT_MOST = 4_000_000  # bytes
LONGEST_WAIT = 86_400.0  # seconds that Retry-After may ask for


def http_post(
    session: requests.Session,
    connector: Connector,
    base_url: str,
    settings: Map[str, Any],
    timeout: float,
    *,
    clock: Callable[[], float] = time.time,
) -> Post:
    """A `Post` over HTTP. `settings`: with the secrets.

    `timeout`: seconds, to connect and for each silence. The body goes out whole, with its length. Errors of the
    network become a `Reply` without status; a URL that is none raises.
    """
    session.trust_env = False  # no proxy and no .netrc but those of the session
    url = connector.url(base_url, settings)
    ready: dict[frozenset[str], requests.PreparedRequest] = {}  # by the fields that decide about its headers

    def request(fields: frozenset[str]) -> requests.PreparedRequest:
        if fields not in ready:
            headers = connector.request_headers(settings, set(fields))
            ready[fields] = session.prepare_request(requests.Request("POST", url, headers))
        return ready[fields].copy()

    def post(batch: Batch) -> Reply:
        started = time.monotonic()
        status, asked, error = _exchange(session, request(frozenset(batch.fields)), batch.body, timeout)
        return Reply(status, retry_after(asked, clock()), round((time.monotonic() - started) * 1000), error)

    return post


def _exchange(
    session: requests.Session, request: requests.PreparedRequest, body: Body, timeout: float
) -> tuple[int | None, str, str]:
    """-> (status, Retry-After, error)."""
    # A small body goes to the socket in one piece, a large one in those it has.
    request.body = body.joined() if len(body) <= JOINED_AT_MOST else body  # type: ignore[assignment]
    request.headers["Content-Length"] = str(len(body))
    adapter = session.get_adapter(
        str(request.url)
    )  # of what a session does beyond, cookies and redirects, nothing is wanted
    try:
        with adapter.send(request, stream=True, timeout=timeout, verify=session.verify, cert=session.cert) as got:
            with suppress(urllib3.exceptions.HTTPError, OSError):  # the status is what counts
                got.raw.read(READ_AT_MOST)  # read to its end, the connection can be used again
            return got.status_code, got.headers.get("Retry-After", ""), ""
    except requests.Timeout:
        return None, "", f"no answer within {timeout:g} seconds"
    except requests.ConnectionError as error:
        return None, "", f"the connection failed: {_root(error)}"


def _root(error: BaseException) -> str:
    """The kind of the first error in a chain; its text may name hosts and paths."""
    while error.__context__ is not None:
        error = error.__context__
    return type(error).__name__


def retry_after(value: str, now: float) -> float | None:
    """A Retry-After header, seconds or an HTTP date → seconds from `now`, at most a day; None where it says nothing."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST_WAIT)
