"""The console's processes as they are now, by their parts; read from /proc."""

import ctypes
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    name: str
    zombie: bool


def adopt_orphans():
    """From now on a descendant whose parent dies becomes this process's own child: none can hide."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def processes():
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            head, _, rest = (folder / "stat").read_text().rpartition(")")
            state, parent = rest.split()[:2]
            found[int(folder.name)] = Process(int(folder.name), int(parent), head.partition("(")[2], state == "Z")
    return found


def children(pid, everyone=None):
    everyone = everyone or processes()
    return [p for p in everyone.values() if p.parent == pid and not p.zombie]


def descendants(pid):
    everyone = processes()
    found, look = [], [pid]
    while look:
        more = children(look.pop(), everyone)
        found += more
        look += [p.pid for p in more]
    return found


def bury(but):
    """Take leave of dead orphans; those of `but` have someone who waits for them."""
    for process in processes().values():
        if process.parent == os.getpid() and process.zombie and process.pid not in but:
            os.waitpid(process.pid, 0)


def parts(supervisor):
    """{part of the cluster: pids}; parts that are not there now are left out."""
    everyone = processes()
    main = [p.pid for p in children(supervisor, everyone)]
    sentinel = [p.pid for pid in main for p in children(pid, everyone)]
    found = {"main": main, "sentinel": sentinel}
    for pid in sentinel:
        for process in children(pid, everyone):
            found.setdefault(process.name.removeprefix("cluster:"), []).append(process.pid)
    return {part: pids for part, pids in found.items() if pids}


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid):
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
