"""HTTP: one connection of a client. LINE's answers have no body; the pages under /_sandbox/ are ours."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from .behaviour import Rule
from .page import STYLESHEET, render
from .request import Refused, body_length, judge
from .traffic import is_open

if TYPE_CHECKING:
    from .server import Sandbox, Server

NO_ANSWER_POLL = 0.05  # seconds between two looks at whether the client of a hanging request has gone
LINGER = 2.0  # seconds without a byte after which a client that was refused early is left


@dataclass(frozen=True)
class Answer:
    """A response. `status` None: the connection is closed without one."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    """`/v1/{line_tag_id}/events` as LINE has it, and `/_sandbox/…` to look and to tell the sandbox what to do."""

    protocol_version = "HTTP/1.1"
    server_version = "line-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True  # otherwise a kept-alive connection stalls 40 ms a request
    wbufsize = -1
    server: Server

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    def handle_any(self) -> None:
        tag = re.fullmatch("/v1/([^/?#]+)/events", self.path)
        self._unread = "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0"
        if self._is_control():
            answer = self._control(urlsplit(self.path).path)
        elif tag and self.command == "POST":
            answer = self._take(tag[1])
        else:
            self.sandbox.memory.arrive(overlaps=False)
            answer = Answer(405, (("Allow", "POST"),)) if tag else Answer(404)
        self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = handle_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the page and the counts say what happened."""

    # LINE

    def _take(self, tag: str) -> Answer:
        with self.sandbox.traffic.request(tag, self.connection) as overlaps:
            number = self.sandbox.memory.arrive(overlaps=overlaps)
            try:
                body = self._read_body()
            except Refused as refused:
                return self._refuse(tag, refused)
            except ConnectionError:
                self.sandbox.memory.answer("broken")
                raise
            return self._answer(tag, number, body)

    def _answer(self, tag: str, number: int, body: bytes) -> Answer:
        rule = self.sandbox.script.take(tag)
        if rule is None:
            return self._judge(tag, number, body)
        answer = self._judge(tag, number, body) if rule.keep or not rule.replaces else Answer(None)
        if rule.delay and self.sandbox.stopping.wait(rule.delay):
            return Answer(None)
        return self._replace(rule) if rule.replaces else answer

    def _judge(self, tag: str, number: int, body: bytes) -> Answer:
        now = self.sandbox.clock()
        try:
            events = judge(tag, self.headers, body, tags=self.sandbox.tags, now=now)
        except Refused as refused:
            return self._refuse(tag, refused)
        self.sandbox.memory.accept(tag, events, request=number, arrived=now)
        return Answer(202)

    def _refuse(self, tag: str, refused: Refused) -> Answer:
        self.sandbox.memory.refuse(tag, refused)
        return Answer(refused.status)

    def _replace(self, rule: Rule) -> Answer:
        if rule.hang:
            self.sandbox.memory.answer("hang")
            while is_open(self.connection) and not self.sandbox.stopping.wait(NO_ANSWER_POLL):
                pass
        elif rule.drop:
            self.sandbox.memory.answer("drop")
        headers = () if rule.retry_after is None else (("Retry-After", str(rule.retry_after)),)
        return Answer(rule.status, headers)

    # the sandbox's own pages

    def _is_control(self) -> bool:
        return self.path.startswith("/_sandbox/")

    def _control(self, path: str) -> Answer:
        pages = {
            ("GET", "/_sandbox/"): self._page,
            ("GET", "/_sandbox/style.css"): self._style,
            ("GET", "/_sandbox/stats"): self._stats,
            ("GET", "/_sandbox/events"): self._events,
            ("POST", "/_sandbox/behave"): self._behave,
            ("POST", "/_sandbox/reset"): self._reset,
        }
        page = pages.get((self.command, path))
        try:
            return page() if page else Answer(404)
        except (ValueError, RecursionError, Refused) as error:
            return _json({"error": str(error)}, status=400)

    def _page(self) -> Answer:
        policy = ("Content-Security-Policy", "default-src 'none'; style-src 'self'")
        return Answer(200, (("Content-Type", "text/html; charset=utf-8"), policy), render(self.sandbox).encode())

    def _style(self) -> Answer:
        return Answer(200, (("Content-Type", "text/css; charset=utf-8"),), STYLESHEET.read_bytes())

    def _stats(self) -> Answer:
        return _json(self.sandbox.stats)

    def _events(self) -> Answer:
        query = {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}
        after, limit = int(query.get("after", "0")), int(query.get("limit", "1000"))
        return _json(self.sandbox.memory.records(tag=query.get("tag"), after=after, limit=limit))

    def _behave(self) -> Answer:
        self.sandbox.behave(json.loads(self._read_body()))
        return _json(self.sandbox.stats["behaviour"])

    def _reset(self) -> Answer:
        self.sandbox.reset()
        return _json(self.sandbox.stats)

    # bytes

    def _read_body(self) -> bytes:
        length = body_length(self.headers)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("the client went away")
        self._unread = False
        return body

    def _send(self, answer: Answer) -> None:
        if answer.status is None:
            self.close_connection = True
            return
        if not self._is_control():
            self.sandbox.memory.answer(str(answer.status))
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self._unread:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()
        if self._unread:
            self._linger()

    def _linger(self) -> None:
        """Let a client that is still sending come to its end: closing earlier would reset the answer away."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LINGER)
        try:
            while self.connection.recv(1 << 16):
                pass
        except OSError:
            return  # gone or silent: either way nobody is left to wait for


def _json(value: object, *, status: int = 200) -> Answer:
    body = json.dumps(value, ensure_ascii=False, indent=1).encode(errors="surrogatepass")
    return Answer(status, (("Content-Type", "application/json"),), body)
