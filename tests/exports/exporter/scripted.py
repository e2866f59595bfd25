"""A server that answers by a script, byte by byte: for what a well-behaved one never does."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Scripted:
    """`script`: for each connection the answers that it gives before it is closed, or None to answer no more.

    `url`: its own; `seen`: (number of the connection, body) of each request; `closed`: released for each connection
    that was closed; `over`: set when the test has seen enough.
    """

    def __init__(self, script, listener, context):
        self.script, self.listener, self.context = script, listener, context
        self.url = f"http{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}"
        self.seen, self.closed, self.over = [], threading.Semaphore(0), threading.Event()

    def run(self):
        for number, answers in enumerate(self.script):
            with suppress(OSError), self.accepted() as connection, connection.makefile("rb") as file:
                for answer in answers:
                    self.seen.append((number, body_of(file)))
                    if answer is None:
                        self.over.wait(10)
                    else:
                        connection.sendall(answer)
            self.closed.release()

    def accepted(self):
        connection, _ = self.listener.accept()
        return self.context.wrap_socket(connection, server_side=True) if self.context else connection


def body_of(file):
    """Of the next request. One that is said to have more than a million bytes is not read."""
    lines = iter(file.readline, b"\r\n")
    (length,) = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
    return file.read(length) if length <= 1_000_000 else b""


@contextmanager
def scripted(*script, certificate=None):
    """Within, it runs. `certificate`: the paths of (certificate, key), to speak TLS."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        found = Scripted(script, listener, context)
        thread = threading.Thread(target=found.run)
        thread.start()
        yield found
        found.over.set()
        thread.join()
