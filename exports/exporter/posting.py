"""A batch goes out over HTTP: the one seam between the exporter and the network."""

import datetime
import select
import socket
import ssl
import time
from collections.abc import Callable
from collections.abc import Mapping as Map
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

import certifi

from exports.exporter.batches import Batch, Body
from exports.exporter.delivery import Reply
from integrations.spec import Connector

READ_AT_MOST = 65_536  # bytes of an answer's body; the documented answers have none
JOINED_AT_MOST = 65_536  # bytes of a body that goes out in one piece with its head; more takes too long to copy
LONGEST_WAIT = 86_400.0  # seconds that Retry-After may ask for
PORTS = {"http": 80, "https": 443}
AS_IT_IS = "/?%:@!$&'()*+,;="  # in a path, beside letters, digits and "_.-~"


class HttpPost:
    """A `Post` over HTTP, by one connection that is kept from request to request.

    The body goes out whole, with its length; no proxy, no redirect, no cookie. Errors of the network become a `Reply`
    without status. The job's thread shares the processor with the encoder: hence as few steps as HTTP allows.
    """

    def __init__(
        self,
        connector: Connector,
        base_url: str,
        settings: Map[str, Any],
        timeout: float,
        *,
        certificates: str = certifi.where(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`settings`: with the secrets. `timeout`: seconds, to connect and for each silence. `certificates`: a file of
        those that are trusted.

        Raises ValueError for a URL that is none.
        """
        self.connector, self.settings, self.clock = connector, settings, clock
        self.server = Server(connector.url(base_url, settings), timeout, certificates)
        self.heads: dict[frozenset[str], bytes] = {}

    def __call__(self, batch: Batch) -> Reply:
        started = time.monotonic()
        status, asked, error = self.server.post(self._head(batch.fields), batch.body)
        return Reply(status, retry_after(asked, self.clock()), round((time.monotonic() - started) * 1000), error)

    def _head(self, fields: frozenset[str]) -> bytes:
        if fields not in self.heads:
            self.heads[fields] = self.server.head(self.connector.request_headers(self.settings, fields))
        return self.heads[fields]

    def close(self) -> None:
        self.server.close()


class Server:
    """Where requests go to, and the connection to it."""

    def __init__(self, url: str, timeout: float, certificates: str) -> None:
        """Raises ValueError for a URL that is none."""
        parts = urlsplit(url)
        self.host = (parts.hostname or "").encode("idna").decode()
        if parts.scheme not in PORTS or not self.host:
            raise ValueError(f"{url} is not the URL of a server")
        self.tls, self.port, self.timeout = parts.scheme == "https", parts.port or PORTS[parts.scheme], timeout
        self.name = parts.netloc.rpartition("@")[2].encode("idna").decode()
        self.target = quote(parts.path + (parts.query and f"?{parts.query}"), safe=AS_IT_IS) or "/"
        self.certificates = certificates
        self.connection: socket.socket | None = None

    def head(self, headers: Map[str, str]) -> bytes:
        """The first lines of requests, but for Content-Length. Raises ValueError for what would break a line."""
        own = {"Host": self.name, "User-Agent": "Linecapi-Console"}
        lines = [f"POST {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**own, **headers}.items())]
        if not all(line.isprintable() for line in lines):
            raise ValueError("a header has a line break in it, or another character that is none")
        return "\r\n".join(lines).encode("latin-1")

    def post(self, head: bytes, body: Body) -> tuple[int | None, str, str]:
        """-> (status, Retry-After, error)."""
        try:
            return *self._answer(b"%b\r\nContent-Length: %d\r\n\r\n" % (head, len(body)), body), ""
        except TimeoutError:
            return None, "", f"no answer within {self.timeout:g} seconds"
        except (OSError, HTTPException) as error:  # its text may name hosts and paths
            return None, "", f"the connection failed: {type(error).__name__}"

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection:
            connection.close()

    def _answer(self, head: bytes, body: Body) -> tuple[int, str]:
        """-> (status, Retry-After). Whatever breaks it off, even Stop: the connection is not used again."""
        usable = False
        try:
            connection = self._connected()
            with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has read all
                _send(connection, head, body)
            with HTTPResponse(connection, method="POST") as response:
                response.begin()
                with suppress(OSError, HTTPException):  # the status is what counts
                    response.read(READ_AT_MOST)
                    usable = response.isclosed() and not response.will_close  # read to its end
                return response.status, response.headers.get("Retry-After", "")
        finally:
            if not usable:
                self.close()

    def _connected(self) -> socket.socket:
        """The kept connection, if it has not been closed meanwhile; else a new one."""
        if self.connection and _readable(self.connection):  # nothing is due: it has ended
            self.close()
        if self.connection is None:
            self.connection = socket.create_connection((self.host, self.port), self.timeout)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                self.connection = _trust(self.certificates).wrap_socket(self.connection, server_hostname=self.host)
        return self.connection


def _send(connection: socket.socket, head: bytes, body: Body) -> None:
    pieces = [head, *body]
    joined = len(pieces) if len(body) <= JOINED_AT_MOST else 2
    for piece in (b"".join(pieces[:joined]), *pieces[joined:]):
        connection.sendall(piece)


def _readable(connection: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


@cache
def _trust(certificates: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates)
    context.set_alpn_protocols(["http/1.1"])
    return context


def retry_after(value: str, now: float) -> float | None:
    """A Retry-After header, seconds or an HTTP date → seconds from `now`, at most a day; None where it says nothing."""
    text = value.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST_WAIT)
