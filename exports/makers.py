"""What made a job, where that is something of an app above, such as a task of a workflow.

The apps above know, and are not known here: each registers a finder at its start.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exports.models import Job


@dataclass(frozen=True)
class Maker:
    """What people call it, and the address of its page."""

    name: str
    address: str


Finder = Callable[[Job], Maker | None]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Asked for one job at a time, when its page is shown."""
    _finders.append(finder)


def of(job: Job) -> Maker | None:
    return next(filter(None, (find(job) for find in _finders)), None)
