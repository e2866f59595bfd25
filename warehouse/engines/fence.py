"""What a child process does to itself before it touches a user's SQL or file. Only ever called in the child."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from warehouse.engines import landlock

MIB = 1024 * 1024
OVERHEAD_MB = 3072
"""Address space beyond the memory limit for Python, the libraries, thread stacks and DuckDB's own slack."""

_PR_SET_PDEATHSIG = 1
_PARENT_IS_GONE = signal.SIGUSR1
_WATCHED = {signal.SIGTERM, _PARENT_IS_GONE}
# DuckDB asks /proc/meminfo and the cgroup how much machine there is, and aborts where it may not.
_SYSTEM_FILES = (
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/proc/self",
    "/proc/meminfo",
    "/sys/fs/cgroup",
)


def enter(*, parent: int, read: Iterable[str], folder: Path, memory_mb: int, spool_mb: int, home: Path) -> int:
    """Give up all but `read`, the libraries and the own `folder`; returns Landlock's ABI (0: this kernel has none).

    `home` is where this project lies; of it, only the source of the warehouse stays readable.
    Must run before any thread is started (RuntimeError): Landlock and the signal mask bind later threads only.
    """
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("threads that run already would stay outside the fence")
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    _die_with(parent)
    _limit(resource.RLIMIT_AS, (memory_mb + OVERHEAD_MB) * MIB)
    _limit(resource.RLIMIT_FSIZE, spool_mb * MIB)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 256)
    libraries = [path for path in sys.path if Path(path).resolve() != home.resolve()]
    return landlock.restrict(read=[*read, *libraries, home / "warehouse", *_SYSTEM_FILES], write=[folder])


def hold(*, parent: int, memory_mb: int, spool_mb: int) -> None:
    """Limits and signals alone, for a child that runs no user's SQL itself and must reach the network.

    Must run before any thread is started (RuntimeError).
    """
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("threads that run already would stay outside the fence")
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    _die_with(parent)
    _limit(resource.RLIMIT_AS, (memory_mb + OVERHEAD_MB) * MIB)
    _limit(resource.RLIMIT_FSIZE, spool_mb * MIB)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 256)


def watch(*, stop: Callable[[], None], tick: Callable[[], None], parent: int, seconds: float = 0.5) -> None:
    """Call `stop` in a thread of its own at each SIGTERM and `tick` every `seconds`; end when the parent is gone."""
    threading.Thread(target=_watch, args=(stop, tick, parent, seconds), daemon=True).start()


def _watch(stop: Callable[[], None], tick: Callable[[], None], parent: int, seconds: float) -> None:
    while True:
        received = signal.sigtimedwait(_WATCHED, seconds)
        # The kernel also sends this when only the thread that started us has ended.
        if os.getppid() != parent:
            os._exit(1)
        if received is None:
            tick()
        elif received.si_signo == signal.SIGTERM:
            stop()


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(_PARENT_IS_GONE), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))
