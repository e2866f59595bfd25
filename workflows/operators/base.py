"""What an operator is to the runner: a function that takes one step, and says what comes next.

An operator is called in a worker, again and again with the same `Step`, until it returns Done or raises TaskFailed. A
worker may die in the middle of a step, which then is taken anew: what a step makes that others can see must be made
once only (`Step.key` is the same in each try of a step, such as for `domain_key`), and what the next step has to know
it leaves in `memory`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exports.lease import Lease
from workflows.models import Attempt, Task
from workflows.script.expressions import Scripts


class TaskFailed(Exception):
    """The task ends in error: what is wrong, and what the user can do. `params` go into ${error} beside its message."""

    def __init__(self, message: str, advice: str = "", **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.params = params


@dataclass(frozen=True)
class Subtask:
    """A task that an operator makes: the body at `path` of the workflow in `file`, with variables of its own."""

    name: str  # such as "+loop-3"
    path: Sequence[int | str]
    file: str
    export: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """The operator has done its work. `stored` is for the tasks after it, once what `reset` names is removed.

    `subtasks` run next, one after the other, or up to `parallel` at once (0: all); the task ends when they have.
    """

    stored: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[tuple[str, ...]] = ()
    subtasks: Sequence[Subtask] = ()
    parallel: int = 1


@dataclass(frozen=True)
class Later:
    """The worker is free meanwhile; the next step comes `at` a time, when `job` or `attempt` has ended, whichever comes
    first."""

    memory: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    job: int | None = None
    attempt: int | None = None


Outcome = Done | Later


@dataclass
class Step:
    """One step of a task.

    `command` and `params`: the operator's value (None: left empty) and parameters, with ${…} computed, and with what
    `_export` gives to the operator (`td: {database: …}`). `variables`: all that the task sees. `${secret:…}` is still
    in all of them: `secrets.fill` puts it in. `memory`: what the step before left, {} in the first one.
    """

    task: Task
    attempt: Attempt
    files: Mapping[str, bytes]
    folder: str  # of the workflow's file; paths count from it
    command: Any
    params: Mapping[str, Any]
    variables: Mapping[str, Any]
    memory: Mapping[str, Any]
    key: str
    now: datetime
    scripts: Scripts
    lease: Lease
    log: Callable[..., None]  # (text, level="INFO"): a line in the task's log; secrets of the project are masked


Operator = Callable[[Step], Outcome]
OPERATORS: dict[str, Operator] = {}


def operator(name: str) -> Callable[[Operator], Operator]:
    """Above the function that does what `name>` says."""

    def register(function: Operator) -> Operator:
        OPERATORS[name] = function
        return function

    return register
