"""Which requests of a tag are under way, to notice two of them at once: LINE asks for order."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Traffic:
    """Requests under way, by tag. Threads may share it."""

    def __init__(self) -> None:
        self._under_way: list[tuple[str, socket.socket]] = []
        self._lock = threading.Lock()

    @contextmanager
    def request(self, tag: str, connection: socket.socket) -> Iterator[bool]:
        """For the time of a request; gives whether another one of its tag is under way.

        A request whose client has hung up is over for its sender, even if it is not for us.
        """
        entry = (tag, connection)
        with self._lock:
            others = [other for name, other in self._under_way if name == tag]
            self._under_way.append(entry)
        try:
            yield any(is_open(other) for other in others)
        finally:
            with self._lock:
                self._under_way.remove(entry)


def is_open(connection: socket.socket) -> bool:
    """Whether the client is still there. Takes nothing from the stream and does not wait."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
