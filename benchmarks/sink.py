"""Takes LINE's place for measuring: reads each request's body, looks at nothing, answers 202.

`running()` starts it in a process of its own: python -m benchmarks.sink
"""

import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PIECE = 1 << 20
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        space = memoryview(bytearray(PIECE))
        while (left := self.length()) is not None:
            while left:
                left -= self.rfile.readinto(space[:left]) or left
            self.wfile.write(ANSWER)

    def length(self) -> int | None:
        """Of the next request's body; None when there is none any more."""
        length = None
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def running() -> Iterator[str]:
    """→ its URL."""
    command = [sys.executable, "-m", "benchmarks.sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def main() -> None:
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
