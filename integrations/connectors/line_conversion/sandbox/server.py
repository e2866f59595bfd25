"""The sandbox as a server: starting, stopping, and what tests ask of it."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .behaviour import Script, parse
from .handler import Handler
from .memory import Memory
from .traffic import Traffic


class Sandbox:
    """LINE's Conversion API on this machine, served from threads of this process.

    tags: the access token of each LINE tag. port 0: any free one. keep: a file to which each accepted event is
    appended as a line of JSON. behave: rules, see `behaviour.Rule`. remember: how many events stay in memory.
    """

    def __init__(
        self,
        tags: Mapping[str, str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: Path | None = None,
        behave: object = (),
        remember: int = 20_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tags = dict(tags)
        self.clock = clock
        self.keep = keep
        self.script = Script()
        self.behave(behave)
        self.memory = Memory(remember=remember, keep=keep)
        self.traffic = Traffic()
        self.stopping = threading.Event()
        self._server = Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="line-sandbox")

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End at once: waiting answers are given up and open connections are closed."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.close_connections()
        self._server.server_close()
        self.memory.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What goes before `/v1/{line_tag_id}/events`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def stats(self) -> dict[str, Any]:
        """The counts, the last refusals, and the rules still to be used under `behaviour`."""
        return {**self.memory.stats(), "behaviour": self.script.as_json()}

    @property
    def events(self) -> list[dict[str, dict[str, Any]]]:
        """The bodies of the remembered events, in the order of arrival."""
        return [record["body"] for record in self.memory.records()]

    def behave(self, rules: object) -> None:
        """Replace the rules; an empty list makes it behave. Raises ValueError for rules that say nothing clear."""
        self.script.replace(parse(list(rules) if isinstance(rules, tuple) else rules))

    def reset(self) -> None:
        """Forget all counts, events and rules; the file is left as it is."""
        self.memory.forget()
        self.script.replace([])


class Server(ThreadingHTTPServer):
    """Threads that are waited for, and connections that can be closed from outside."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for a client; each then closes its own socket."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its client was quicker

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is everyday business here; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
