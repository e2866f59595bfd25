"""One worker at a time runs a job (or what else workers take): a lease with an expiry, taken and kept by conditional
UPDATEs.

The row's times come from the database's clock; this process trusts its own, read before the UPDATE.
"""

import os
import random
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now
from django.utils import timezone

from exports import drain
from exports.drain import Drained
from exports.models import WAITING, Job, JobState
from exports.waiting import in_turn

T = TypeVar("T")
MARGIN = 1.0  # seconds before the lease's end at which this process stops trusting it


class LostLease(Exception):
    """Another worker has the job, or may have it: touch nothing."""


class JobKilled(Exception):
    """The user pressed Stop."""


def db_retry(action: Callable[[], T], seconds: float = 8) -> T:
    """Repeat an idempotent action while the console's own database is away: that is never a verdict on the job."""
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.2 + random.random() / 4)  # noqa: S311 - spreads retries, decides nothing


@cache
def _here() -> str:
    """This boot of this host, and the space its process numbers belong to: containers may share a host's name."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{socket.gethostname()}/{boot[:8]}/{Path('/proc/self/ns/pid').readlink()}"


def _born(pid: int) -> str:
    """When a process started, in clock ticks since boot, which no change of the clock moves. Empty if it ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def owner() -> str:
    """host:pid:start of this process."""
    return name_of(os.getpid())


def name_of(pid: int) -> str:
    """host:pid:start of a process of this host."""
    return f"{_here()}:{pid}:{_born(pid)}"


def alive(who: str) -> bool:
    """Whether the process named by `owner()` still runs; those of other hosts are taken for alive."""
    here, pid, born = who.rsplit(":", 2)
    return here != _here() or _born(int(pid)) == born


def group_of(who: str) -> int | None:
    """The process group of the process named by `owner()`; None if it has ended or is of another host."""
    here, pid, born = who.rsplit(":", 2)
    if here != _here() or _born(int(pid)) != born:
        return None
    with suppress(ProcessLookupError):
        return os.getpgid(int(pid))
    return None


def uptime() -> float:
    """Seconds that go on while the machine sleeps, unlike those of time.monotonic()."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """The right to run job `pk`, held by this process under a token of its own.

    What else workers take has a lease of its own kind: a subclass that says `mine`, `_free` and `_stop_wanted`, of a
    model with the columns lease_token, lease_until and lease_owner, and states of the same name.
    """

    what = "job"

    def __init__(self, pk: int) -> None:
        self.pk = pk
        self.token = uuid.uuid4()
        self.length = timedelta(seconds=settings.LEASE_SECONDS)
        self.until = 0.0
        self.kill = False
        self.lost = False
        self.breakable = False
        self.cancel: Callable[[], None] | None = None

    def mine(self) -> Any:
        return Job.objects.filter(pk=self.pk, lease_token=self.token, state=JobState.RUNNING)

    def _free(self) -> Any:
        """It, if a worker may take it now."""
        due = Job.objects.filter(state__in=WAITING, next_attempt_at__lte=timezone.now(), kill_requested=False)
        return in_turn(due.filter(pk=self.pk))

    def _stop_wanted(self) -> bool:
        return bool(self.mine().filter(kill_requested=True).exists())

    def claim(self, **values: Any) -> bool:
        """Take what waits, if its time and turn have come; `values` go into its row. Exactly one worker succeeds."""
        read = uptime()
        held = {"lease_token": self.token, "lease_until": Now() + self.length, "lease_owner": owner()}
        free = self._free()
        taken = db_retry(lambda: free.update(state=JobState.RUNNING, **held, **values))
        self.until = read + self.length.total_seconds()
        # No row changed may also mean: committed, but the answer was lost.
        return bool(taken or db_retry(self.mine().count))

    def beat(self) -> None:
        """Prolong the lease, and hear whether the user pressed Stop."""
        read = uptime()
        if not self.mine().update(lease_until=Now() + self.length):
            self.lost = True
            return
        self.until = read + self.length.total_seconds()
        self.kill = self._stop_wanted()

    def check(self) -> None:
        """Before every step that others can see. Raises JobKilled, LostLease or Drained."""
        self.check_mine()
        if drain.begun():
            raise Drained

    def check_mine(self) -> None:
        """As `check`, for a step that belongs to the one before. Raises JobKilled or LostLease."""
        if self.kill:
            raise JobKilled
        if not self._sure():
            raise LostLease

    def confirm(self) -> None:
        """Before the job's files are written: not Stop matters, and in doubt the database knows. Raises LostLease."""
        if not self._sure() and not db_retry(self.mine().exists):
            raise LostLease

    def _sure(self) -> bool:
        return not self.lost and uptime() <= self.until - MARGIN

    def save(self, **values: Any) -> None:
        """Write to the job's row, only while it is ours. Absolute values only: it may be repeated."""
        if not db_retry(lambda: self.mine().update(lease_until=Now() + self.length, **values)):
            raise LostLease

    def pause(self, **values: Any) -> bool:
        """Give the job back: it waits to retry, or as `values` say. False: it is not ours, or Stop was pressed."""
        changes = {"state": JobState.RETRY_WAIT, "lease_token": None, "lease_until": None, **values}
        return bool(db_retry(lambda: self.mine().filter(kill_requested=False).update(**changes)))

    @contextmanager
    def stoppable(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within, `cancel` is called (more than once, from a thread) when Stop is pressed or the cluster ends; what it
        breaks off then ends as that. Raises JobKilled, LostLease or Drained, whatever was raised within."""
        outer, self.cancel = self.cancel, cancel
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            self.cancel = outer

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within, Stop raises JobKilled at once, even out of a blocked system call (main thread only)."""
        self.check_mine()
        self.breakable = True
        try:
            yield
        finally:
            self.breakable = False


@contextmanager
def heartbeat(lease: Lease) -> Iterator[None]:
    """Keep the lease alive from a thread, which also carries Stop to a running query or a blocked request.

    The end of the cluster stops a query, which begins anew elsewhere; a request is given the time to be answered.
    """
    stop, main = threading.Event(), threading.main_thread()
    in_main = threading.current_thread() is main

    def interrupt(number: int, frame: object) -> None:
        if lease.breakable:
            lease.breakable = False
            raise JobKilled

    def carry_stop() -> None:
        cancel = lease.cancel
        if cancel:
            cancel()
        if lease.kill and lease.breakable and in_main and main.ident:
            signal.pthread_kill(main.ident, signal.SIGUSR1)

    def beat() -> None:
        while not stop.wait(settings.HEARTBEAT_SECONDS):
            try:
                lease.beat()
            except Exception:  # the database is away: check() stops the requests in time
                connection.close()
                continue
            if lease.lost:
                break
            if lease.kill or drain.begun():
                carry_stop()
        connection.close()

    if in_main:
        signal.signal(signal.SIGUSR1, interrupt)
    thread = threading.Thread(target=beat, daemon=True, name=f"heartbeat of {lease.what} {lease.pk}")
    thread.start()
    try:
        yield
    finally:
        lease.breakable = False
        stop.set()
        thread.join(5)
