"""An attempt's tasks, as far as it matters for what runs next."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The states of workflows.models.TaskState, and two that a task has for a moment only: its operator has ended."""

    BLOCKED = "blocked"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    PLANNED = "planned"
    RETRY = "retry"
    SUCCESS = "success"
    ERROR = "error"
    CANCELED = "canceled"
    DONE = "done"
    FAILED = "failed"


FINAL = frozenset({State.SUCCESS, State.ERROR, State.CANCELED})
HELD_UP = frozenset({State.BLOCKED, State.READY, State.WAITING, State.RETRY})
"""No worker has them, so that a kill ends them at once."""


LONGEST_WAIT = 7 * 24 * 3600
"""Seconds. An attempt ends after them, and a date that is centuries away cannot be reckoned with."""


class Kind(StrEnum):
    """What a task is to its parent."""

    TASK = ""
    CHECK = "check"
    ERROR = "error"


@dataclass(frozen=True)
class Retry:
    """How often a failure is repeated, and the seconds in between: of the first interval, and at most."""

    limit: int
    interval: float = 0
    longest: float | None = None
    doubles: bool = False

    def wait(self, rounds: int) -> float:
        """Seconds before the next try of a task that was repeated so often; not beyond what an attempt can take."""
        seconds = min(self.interval * (2 ** min(rounds, 60) if self.doubles else 1), LONGEST_WAIT)
        return seconds if self.longest is None else min(seconds, self.longest)


NEVER = Retry(0)


@dataclass(frozen=True)
class Traits:
    """What a task's file says of it. `parallel`: how many of its children run at once, 0: all; those of one that runs
    them one after the other have each other as `upstream`."""

    disabled: bool = False
    parallel: int = 0
    retry: Retry = NEVER
    has_error: bool = False
    has_check: bool = False


@dataclass(slots=True)
class Task:
    """A task of an attempt. `round`: of its parent's `rounds`, so that others are of earlier tries and do not matter.
    `group`: it has no operator."""

    id: int
    parent: int | None
    position: int
    state: State
    upstream: int | None = None
    round: int = 0
    rounds: int = 0
    kind: Kind = Kind.TASK
    group: bool = False


@dataclass
class Changes:
    """What follows. `states`: the new state by task, only where it is another one. `repeat`: the tasks that wait to be
    repeated → seconds. `bodies`: the `_error` and `_check` to be made, as (task, kind, the task that failed first).
    `failed`: groups that end in error → the task that failed first. `disabled`: those that ended because of it.
    `ended`: the root has, and the attempt with it.
    """

    states: dict[int, State] = field(default_factory=dict)
    repeat: dict[int, float] = field(default_factory=dict)
    bodies: list[tuple[int, Kind, int | None]] = field(default_factory=list)
    failed: dict[int, int] = field(default_factory=dict)
    disabled: list[int] = field(default_factory=list)
    ended: State | None = None
