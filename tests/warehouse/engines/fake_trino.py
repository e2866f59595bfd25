"""A stand-in for a Trino coordinator: its REST protocol on a local port, with answers made to order."""

import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DESCRIBING = ") LIMIT 0"


def failure(message, *, name="COLUMN_NOT_FOUND", kind="USER_ERROR", line=None, column=None):
    """An error as Trino words it; with its place in the text that Trino was sent."""
    place = {"errorLocation": {"lineNumber": line, "columnNumber": column}} if line else {}
    says = f"line {line}:{column}: {message}" if line else message
    return {"message": says, "errorCode": 1, "errorName": name, "errorType": kind, **place}


@dataclass
class Answer:
    """What a query comes to. `columns`: (name, type); `pages`: rows each; `error` comes after them, or in their place
    with `at_once`, then also when the columns are asked for; `status`: an HTTP status instead of it all; `waits`: runs
    until somebody ends it; `elsewhere`: where the next page is said to be."""

    columns: list[tuple[str, str]] = field(default_factory=lambda: [("a", "bigint")])
    pages: list[list[list[Any]]] = field(default_factory=lambda: [[[1]]])
    error: dict[str, Any] | None = None
    at_once: bool = False
    status: int = 200
    waits: bool = False
    elsewhere: str = ""


class FakeTrino(ThreadingHTTPServer):
    """`answers[word]` is for the queries that have the word in them, else `Answer()`. `asked`: (method, path, headers,
    body) of each request; `ended`: the paths of DELETE. certificate: (certificate, key) to speak https with."""

    daemon_threads = True

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.ended: list[str] = []
        self.running: dict[str, tuple[Answer, bool]] = {}
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def queries(self) -> list[str]:
        """The texts that were run, without those that only asked for columns."""
        return [body for method, _, _, body in self.asked if method == "POST" and not body.endswith(DESCRIBING)]

    def close(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeTrino

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        sql = self._note()
        answer = next((a for word, a in self.server.answers.items() if word in sql), Answer())
        if answer.status != 200:
            return self._send(b"no", answer.status)
        name = f"20260101_000000_{len(self.server.running):05}_fake"
        self.server.running[name] = (answer, sql.endswith(DESCRIBING))
        return self._page(name, "QUEUED", next_page=0, at=answer.elsewhere)

    def do_GET(self) -> None:
        self._note()
        name, number = self.path.split("/")[-2:]
        answer, describing = self.server.running[name]
        page = int(number)
        pages = [] if describing or answer.at_once else answer.pages
        if answer.waits and not describing and page >= len(pages):
            return self._wait(name, page)
        if page < len(pages):
            return self._page(name, "RUNNING", next_page=page + 1, answer=answer, data=pages[page])
        if answer.error and (answer.at_once or not describing):
            return self._page(name, "FAILED", error=answer.error)
        return self._page(name, "FINISHED", answer=answer)

    def do_DELETE(self) -> None:
        self._note()
        self.server.ended.append(self.path)
        self._send(b"", 204)

    def _wait(self, name: str, page: int) -> None:
        """Like Trino, hold the request for a moment; ended queries answer with an error."""
        self.server.over.wait(0.05)
        if any(name in path for path in self.server.ended):
            return self._page(name, "FAILED", error=failure("Query was canceled", name="USER_CANCELED"))
        return self._page(name, "RUNNING", next_page=page, answer=self.server.running[name][0])

    def _page(self, name, state, *, next_page=None, answer=None, data=None, error=None, at="") -> None:
        home = at or f"{self.server.scheme}://{self.headers['Host']}"
        page = {
            "id": name,
            "infoUri": f"{home}/ui/{name}",
            "stats": {"state": state, "progressPercentage": 100.0 if state == "FINISHED" else 40.0},
            "warnings": [],
            **({"nextUri": f"{home}/v1/statement/executing/{name}/{next_page}"} if next_page is not None else {}),
            **({"columns": [_column(*column) for column in answer.columns]} if answer else {}),
            **({"data": data} if data else {}),
            **({"error": error} if error else {}),
        }
        self._send(json.dumps(page).encode(), 200)

    def _send(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self) -> str:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        return body


def _column(name: str, kind: str) -> dict[str, Any]:
    numbers = [{"kind": "LONG", "value": int(n)} for n in re.findall(r"\d+", kind)]
    raw = re.sub(r"\(.*?\)", "", kind)
    signature = {"rawType": raw, "arguments": numbers or [{"kind": "LONG", "value": 3}]}
    return {"name": name, "type": kind, "typeSignature": signature}
