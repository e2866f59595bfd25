"""Keeps a cluster running: starts `qcluster`, asks it every few seconds, and starts it anew, as a whole, when it has
ended or no longer answers.

The cluster's processes are a group of their own and hold a lock: what an earlier supervisor left behind is found by it
and killed before another cluster starts.
"""

import ctypes
import fcntl
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now
from django_q.conf import Conf

from exports import canary, dispatch, queue
from exports.canary import Canary
from exports.lease import group_of, name_of
from exports.models import Job, JobState

logger = logging.getLogger(__name__)
MANAGE = settings.BASE_DIR / "manage.py"
NAME = re.compile(r"[A-Za-z0-9-]{1,28}")
LOOK_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Patience:
    """Seconds. ask: between an answer and the next question; answer: what it may take while a worker is free; grace:
    what running jobs have to stop by themselves when the cluster ends."""

    ask: float = 5.0
    answer: float = 10.0
    grace: float = 25.0


class AlreadyRunning(Exception):
    """Another supervisor of this name runs on this host."""


class Supervisor:
    """One cluster on this host; `name` tells it from others over the same DATA_DIR."""

    def __init__(self, name: str = "main", patience: Patience = Patience()) -> None:
        self.name = f"{socket.gethostname()}-{name}"
        self.patience = patience
        self.canary = Canary(f"canary-{self.name}", every=patience.ask, within=patience.answer)

    def run(self, ended: Callable[[], bool]) -> None:
        """Until `ended` says so; then drain. Raises AlreadyRunning."""
        with self._alone(), self._group() as lock:
            _when_here(self.canary.reset)
            process = self._start(lock)
            while not ended():
                time.sleep(LOOK_SECONDS)
                wrong = self._look(process)
                if wrong:
                    process = self._restart(process, lock, wrong)
            self._drain(process)

    # --- one at a time

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold what only a living supervisor holds."""
        with _open(self.name, "lock") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning from error
            yield

    @contextmanager
    def _group(self) -> Iterator[IO[str]]:
        """Hold what the cluster's processes inherit, killing those of an earlier one that still do. → where the
        cluster's first process is on record."""
        with _open(self.name, "pid") as file:
            end = time.monotonic() + self.patience.grace
            while not _locked(file):
                if time.monotonic() > end:
                    raise AlreadyRunning
                file.seek(0)
                _kill_left(file.read())
                time.sleep(0.2)
            yield file

    # --- the cluster

    def _start(self, lock: IO[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, str(MANAGE), "qcluster"],
            env=os.environ | {canary.KEY: self.canary.key},
            start_new_session=True,
            pass_fds=[lock.fileno()],
            preexec_fn=lambda: _begin(lock),
        )
        logger.info("The cluster %s runs as process %s", self.name, process.pid)
        return process

    def _look(self, process: "subprocess.Popen[bytes]") -> str:
        """What is wrong with the cluster; empty: nothing, or nothing that can be known now."""
        try:
            _tick()
            if process.poll() is not None:
                return f"its first process ended with code {process.returncode}"
            return "" if self.canary.sings(lambda: _busy(process.pid)) else "it no longer answers"
        except (OperationalError, InterfaceError):
            connection.close()
            self.canary.patience()
            return ""

    def _restart(self, process: "subprocess.Popen[bytes]", lock: IO[str], wrong: str) -> "subprocess.Popen[bytes]":
        """The leases of the dead processes are given up, and their hints forgotten, by the next tick and the start."""
        logger.error("The cluster %s starts anew: %s", self.name, wrong)
        _end_group(process)
        _when_here(self.canary.reset)
        return self._start(lock)

    def _drain(self, process: "subprocess.Popen[bytes]") -> None:
        """Let the running jobs stop after their present request; what has not ended in time is killed."""
        logger.info("The cluster %s ends", self.name)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.patience.grace)
        _end_group(process)
        _when_here(self.canary.reset)
        _when_here(dispatch.tick)


def _open(name: str, kind: str) -> IO[str]:
    folder = Path(settings.DATA_DIR) / "clusters"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return (folder / f"{name}.{kind}").open("a+")


def _locked(file: IO[str]) -> bool:
    """`flock`, on purpose: it is shared by the processes that inherit the file, and ends with the last of them."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill_left(first: str) -> None:
    """Kill the group whose first process is named so. That one may be gone, but then its number is not given anew while
    others of its group live."""
    with suppress(ValueError):
        here, pid, _ = first.rsplit(":", 2)
        if name_of(os.getpid()).startswith(f"{here}:"):
            logger.warning("Processes of an earlier cluster are killed: group %s", pid)
            _kill_group(int(pid))


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    _kill_group(process.pid)
    process.wait()


def _busy(group: int) -> bool:
    """Whether no worker of this cluster is free: then nobody can answer."""
    running = Job.objects.filter(state=JobState.RUNNING, lease_until__gt=Now())
    owners = running.values_list("lease_owner", flat=True)
    return sum(group_of(who) == group for who in owners) + queue.aside(group) >= int(Conf.WORKERS)


def _when_here(action: Callable[[], None]) -> None:
    """Do it unless the database is away: what it is for is then made up for later."""
    try:
        action()
    except (OperationalError, InterfaceError):
        connection.close()


def _begin(lock: IO[str]) -> None:
    """In the cluster's first process: be on record, and drain when the supervisor dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    lock.seek(0)
    lock.truncate()
    lock.write(name_of(os.getpid()))
    lock.flush()


def _tick() -> None:
    """A fault in the dispatcher must not keep a cluster that has ended from starting anew."""
    try:
        dispatch.tick()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("The dispatcher failed; it tries again")
