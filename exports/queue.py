"""What django-q2 needs to survive a killed process.

Its queues share `multiprocessing` locks, which are semaphores: one that dies with its holder stays taken for ever and
freezes the cluster. Here the locks are the kernel's file locks, freed when their holder dies. And a task is
acknowledged when it starts: it is only a hint, so a long job is never delivered a second time by the queue. The end of
a cluster is told to its workers, whose jobs do not run to their ends. And a worker says what it does, by its name.
Touches django-q2's internals: requirements.in pins its version.
"""

import fcntl
import functools
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import django_q.cluster
from django_q.brokers import get_broker
from django_q.queues import Queue
from django_q.signals import post_execute_in_worker, pre_execute

from exports import canary, drain

ROLES = ("worker", "pusher", "monitor")
JOB = "exports.run.run_job"
ASIDE = "aside"  # the name of a worker that does something else than a job, such as sending notifications


class FileLock:
    """POSIX `lockf`, on purpose: the lock belongs to the process. (`flock` would be shared by forks.)"""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the queue

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        fcntl.lockf(self.file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        fcntl.lockf(self.file, fcntl.LOCK_UN)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()


class RobustQueue(Queue):  # type: ignore[misc]
    """django-q2's queue with locks that die with their holder. For forked processes only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rlock = FileLock()
        self._wlock = FileLock()
        self._reset()

    def __getstate__(self) -> Any:
        raise TypeError("RobustQueue works with forked processes only")


def acknowledge_on_start(sender: str, func: Any, task: dict[str, Any], **kwargs: Any) -> None:
    if task.get("ack_id") and not canary.asks(task):
        get_broker().acknowledge(task["ack_id"])


def telling_workers(stop: Callable[..., bool]) -> Callable[..., bool]:
    """Cluster.stop, which waits for the workers to be done, with a word to them before."""

    @functools.wraps(stop)
    def told(cluster: Any) -> bool:
        drain.begin()
        return stop(cluster)

    return told


def named(role: str, target: Callable[..., None]) -> Callable[..., None]:
    """What a process of the cluster runs; `ps` and `top` then show which one it is."""

    @functools.wraps(target)
    def run(*args: Any, **kwargs: Any) -> None:
        _be_called(role)
        target(*args, **kwargs)

    return run


def _be_called(role: str) -> None:
    Path("/proc/self/comm").write_text(f"cluster:{role}")


def step_aside(sender: str, func: Any, task: dict[str, Any], **kwargs: Any) -> None:
    if task["func"] != JOB and not canary.asks(task):
        _be_called(ASIDE)


def come_back(sender: str, func: Any, task: dict[str, Any], **kwargs: Any) -> None:
    _be_called("worker")


def aside(group: int) -> int:
    """How many workers of this process group do something else than a job now."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text(errors="replace").rpartition(")")
            state, _, its_group = rest.split()[:3]
            found += name.endswith(f"(cluster:{ASIDE}") and state != "Z" and its_group == str(group)
    return found


def install() -> None:
    """Called once, when the app is ready."""
    django_q.cluster.Queue = RobustQueue
    django_q.cluster.Cluster.stop = telling_workers(django_q.cluster.Cluster.stop)
    for role in ROLES:
        setattr(django_q.cluster, role, named(role, getattr(django_q.cluster, role)))
    pre_execute.connect(acknowledge_on_start, dispatch_uid="acknowledge_on_start")
    pre_execute.connect(step_aside, dispatch_uid="step_aside")
    post_execute_in_worker.connect(come_back, dispatch_uid="come_back")
