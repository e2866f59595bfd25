"""What apps above do with the dispatcher and the workers of jobs. They register at their start, and are not known here.

A guest that faults holds up no job, and the queue is shared fairly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

Step = Callable[[datetime], object]


@dataclass(frozen=True)
class Work:
    """What waits for a worker. `due`: (now, most) → the ids of which no worker has been told, the first of them first.
    `hint`: tells a worker of one. `hinted`: of how many workers were told that have not taken them. `forget`: what a
    cluster that is gone was told has to be told anew."""

    due: Callable[[datetime, int], list[int]]
    hint: Callable[[int, datetime], None]
    hinted: Callable[[datetime], int]
    forget: Callable[[], None] = lambda: None


_steps: list[Step] = []
_works: list[Work] = []


def register(*steps: Step, work: Work) -> None:
    """`steps` are taken with each tick, by any number of processes at once."""
    _steps.extend(steps)
    _works.append(work)


def steps() -> Sequence[Step]:
    return _steps


def works() -> Sequence[Work]:
    return _works


def share(works: Sequence[Work], room: int, now: datetime) -> None:
    """Fill the room in the queue; of several kinds of work, the one that has the fewest in it comes next."""
    if not room:
        return
    waiting = [(work, work.due(now, room)) for work in works]
    waiting = [(work, due) for work, due in waiting if due]
    held = [work.hinted(now) for work, _ in waiting] if len(waiting) > 1 else [0]
    for _ in range(room):
        left = [(held[number], number) for number, (_, due) in enumerate(waiting) if due]
        if not left:
            return
        _, number = min(left)
        work, due = waiting[number]
        work.hint(due.pop(0), now)
        held[number] += 1
