"""Starts the console's processes together, and ends all it started."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MANAGE = str(Path(__file__).resolve().parent.parent / "manage.py")
GRACE = 30  # seconds a process has to end by itself; a cluster takes 25 of them when its jobs do not stop
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class ProcessDied(Exception):
    """One of the processes ended by itself."""


@dataclass(frozen=True)
class Child:
    name: str
    process: "subprocess.Popen[bytes]"


def _end_with_parent() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def web(port: int, host: str = "127.0.0.1") -> list[str]:
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    workers = ["--workers", "2", "--threads", "4", "--timeout", "180", "--log-level", "warning", "--no-control-socket"]
    return [gunicorn, "linecapi_site.wsgi", "--bind", f"{host}:{port}", *workers]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, MANAGE, *arguments]


def cluster(port: int) -> list[str]:
    """The cluster that belongs to the web server at this port: two consoles may share a machine and its data."""
    return manage("cluster", "--name", f"port-{port}")


class Processes:
    """A few children, each in a session of its own: Ctrl-C reaches only this process, which ends them in order."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def start(self, name: str, command: list[str], **environment: str) -> None:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        self.children.append(Child(name, process))

    def check(self) -> None:
        """Raises ProcessDied when a child has ended."""
        for child in self.children:
            if child.process.poll() is not None:
                raise ProcessDied(f"{child.name} ended with exit code {child.process.returncode}")

    def wait(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Until `ready`; raises ProcessDied or TimeoutError."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise TimeoutError(f"{what} took longer than {seconds:.0f} s")
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM to each process (never its group: django-q2 must tell its own children), then what is left dies."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.terminate()
        end = time.monotonic() + GRACE
        for child in reversed(self.children):
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, end - time.monotonic()))
            _kill_group(child.process.pid)
        self.children.clear()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def running() -> Iterator[Processes]:
    """Processes that end when the block does, also by SIGTERM, and by Ctrl-C even if a shell made us ignore it."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    former = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    processes = Processes()
    try:
        yield processes
    finally:
        processes.stop()
        for number, handler in former.items():
            signal.signal(number, handler)


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
