"""What a child process does to itself before it touches a user's SQL or file. Only ever called in the child."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from warehouse.engines import landlock, seccomp

MIB = 1024 * 1024
OVERHEAD_MB = 3072
"""Address space beyond the memory limit for Python, the libraries, thread stacks and DuckDB's own slack."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000
_CAPABILITIES_VERSION_3 = 0x2008_0522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1 << 1, 1 << 2
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


class InForce(NamedTuple):
    """What this machine gave. landlock: its ABI (0: none); network: an empty one; calls: whether they are filtered."""

    landlock: int
    network: bool
    calls: bool


def enter(*, parent: int, read: Iterable[str], folder: Path, memory_mb: int, spool_mb: int, home: Path) -> InForce:
    """Give up all but `read`, the libraries and the own `folder`, as far as this kernel helps.

    `home` is where this project lies; of it, only the source of the warehouse stays readable.
    Must run before any thread is started (RuntimeError): all of this binds later threads only.
    """
    network = _leave_network()  # first: a new user namespace forgets which signal the parent's end sends
    hold(parent=parent, memory_mb=memory_mb, spool_mb=spool_mb)
    libraries = [path for path in sys.path if Path(path).resolve() != home.resolve()]
    files = landlock.restrict(read=[*read, *libraries, home / "warehouse", *_SYSTEM_FILES], write=[folder])
    _give_up_privileges()
    return InForce(landlock=files, network=network, calls=seccomp.restrict())


def shut(*, parent: int, memory_mb: int, cpu_seconds: int) -> InForce:
    """Give up all files, for a child that has loaded and read what it needs and from now on only computes.

    What it has open stays open. `memory_mb` is all of its address space; at `cpu_seconds` of work it gets SIGXCPU.
    Must run before any thread is started (RuntimeError).
    """
    _must_be_alone()
    network = _leave_network()
    _die_with(parent)
    files = landlock.restrict(read=(), write=())
    _give_up_privileges()
    calls = seccomp.restrict()
    _limit(resource.RLIMIT_AS, memory_mb * MIB)
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        _limit(what, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    return InForce(landlock=files, network=network, calls=calls)


def hold(*, parent: int, memory_mb: int, spool_mb: int) -> None:
    """Limits and signals alone, for a child that runs no user's SQL itself and must reach the network.

    Must run before any thread is started (RuntimeError).
    """
    _must_be_alone()
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


def _must_be_alone() -> None:
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("threads that run already would stay outside the fence")


def _leave_network() -> bool:
    """Move to an empty network; without privilege that takes a new user namespace too, which not every host allows."""
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    left = bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
    libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # a new user namespace hides /proc/self from its own process
    return left


def _give_up_privileges() -> None:
    """What root may do, or the first in a user namespace, but for reading files that belong to others."""
    kept = _CAP_DAC_OVERRIDE | _CAP_DAC_READ_SEARCH
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    effective, permitted, *_ = struct.unpack("=6I", held.raw)
    if libc.capset(header, struct.pack("=6I", effective & kept, permitted & kept, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(_PARENT_IS_GONE), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))
