"""A workflow as its file has it: what runs, in the order of the file. Nothing is computed yet: values may have ${…}.

Values are nodes, which know their places; `nodes.plain` makes them plain data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from workflows.dig.nodes import Map, Node, plain
from workflows.dig.problems import Place

Params = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Retry:
    """`_retry`: how often, and the seconds between. Texts are ${…}, computed before the task runs."""

    limit: int | str
    interval: int | str = 0
    max_interval: int | str | None = None
    exponential: bool = False  # the interval doubles with each retry


@dataclass(frozen=True, slots=True)
class Parallel:
    """`_parallel`: whether subtasks run at the same time (a text is ${…}), and how many at most."""

    on: bool | str
    limit: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task with an operator (`op`), or a group of subtasks, which may be none."""

    name: str  # "+load", or "^sub", "^error", "^check" for the body of _do, _error, _check
    full_name: str  # from the workflow's name on: "+daily+load^sub+insert"
    place: Place
    op: str | None = None  # without ">"
    command: Node | None = None  # the operator's value; None where it has none
    params: Params = field(default_factory=dict)
    export: Params = field(default_factory=dict)
    env: Params = field(default_factory=dict)
    parallel: Parallel | None = None
    retry: Retry | None = None
    error: "Task | None" = None
    check: "Task | None" = None
    do: "Task | None" = None
    else_do: "Task | None" = None
    disabled: bool = False  # does nothing, and what stands in it was not read
    subtasks: tuple["Task", ...] = ()

    @property
    def file(self) -> str:
        return self.place.file

    @property
    def line(self) -> int:
        return self.place.line

    def plain_params(self) -> dict[str, object]:
        return {name: plain(value) for name, value in self.params.items()}

    def plain_export(self) -> dict[str, object]:
        return {name: plain(value) for name, value in self.export.items()}

    def walk(self) -> Iterator["Task"]:
        """The task and all within it, its bodies first."""
        yield self
        bodies = (self.do, self.else_do, self.error, self.check)
        for task in chain(filter(None, bodies), self.subtasks):
            yield from task.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One .dig file. `name` is that of the file, without folder and ".dig"."""

    name: str
    file: str
    timezone: str = "UTC"
    schedule: Map | None = None
    export: Params = field(default_factory=dict)
    parallel: Parallel | None = None
    retry: Retry | None = None
    error: Task | None = None
    check: Task | None = None
    tasks: tuple[Task, ...] = ()

    def walk(self) -> Iterator[Task]:
        """All tasks, also those of _do, _error and _check."""
        for task in chain(self.tasks, filter(None, (self.error, self.check))):
            yield from task.walk()
