"""A batch goes out over HTTP: the one seam between the exporter and the network."""

import datetime
import time
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Map
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from typing import Any, cast

import certifi
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Timeout

from exports.exporter.batches import Batch, Body
from exports.exporter.delivery import Post, Reply
from integrations.spec import Connector

READ_AT_MOST = 65_536  # bytes of an answer's body; the documented answers have none
LONGEST_WAIT = 86_400.0  # seconds that Retry-After may ask for


def connections() -> urllib3.PoolManager:
    """What keeps the connections of one job alive. No proxy and no .netrc; certificates are checked."""
    return urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=certifi.where())


def http_post(
    pool: urllib3.PoolManager,
    connector: Connector,
    base_url: str,
    settings: Map[str, Any],
    timeout: float,
    *,
    clock: Callable[[], float] = time.time,
) -> Post:
    """A `Post` over HTTP. `settings`: with the secrets.

    `timeout`: seconds, to connect and for each silence. The body goes out whole, with its length; no redirect is
    followed, no cookie kept. Errors of the network become a `Reply` without status. Raises ValueError for a URL that is
    none.
    """
    url = connector.url(base_url, settings)
    parts = urllib3.util.parse_url(url)
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError(f"{base_url} is not the URL of a server")
    server = pool.connection_from_url(url)

    def post(batch: Batch) -> Reply:
        started = time.monotonic()
        headers = connector.request_headers(settings, batch.fields)
        status, asked, error = _exchange(server, parts.request_uri, headers, batch.body, timeout)
        return Reply(status, retry_after(asked, clock()), round((time.monotonic() - started) * 1000), error)

    return post


def _exchange(
    server: urllib3.HTTPConnectionPool, path: str, headers: dict[str, str], body: Body, timeout: float
) -> tuple[int | None, str, str]:
    """-> (status, Retry-After, error)."""
    try:
        response = server.urlopen(
            "POST",
            path,
            body=cast(Iterable[bytes], body),  # its pieces go to the socket as they are
            headers={**headers, "Content-Length": str(len(body)), "User-Agent": "Linecapi-Console"},
            timeout=timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
    except HTTPError as error:
        return None, "", _told(error, timeout)
    with closing(response), suppress(HTTPError, OSError):  # the status is what counts
        response.read(READ_AT_MOST)  # read to its end, the connection can be used again
    return response.status, response.headers.get("Retry-After", ""), ""


def _told(error: HTTPError, timeout: float) -> str:
    # That a connection is refused is a kind of timeout there.
    if isinstance(error, Timeout) and not isinstance(error, NewConnectionError):
        return f"no answer within {timeout:g} seconds"
    return f"the connection failed: {_root(error)}"


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
