"""Whether the cluster of this process is ending: its jobs then stop at the next good place and give themselves back.

A byte of memory that the cluster's processes share since their fork: other clusters do not see it.
"""

import mmap

_ending = mmap.mmap(-1, 1)


class Drained(Exception):
    """The cluster ends: the job waits for another worker, and goes on where it stands."""


def begin() -> None:
    _ending[0] = 1


def over() -> None:
    """Only a process that outlives the end of a cluster needs this: a test."""
    _ending[0] = 0


def begun() -> bool:
    return _ending[0] == 1
