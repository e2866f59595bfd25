"""Workflows that run without a console: trees of tasks, and a player of what `advance` says."""

from dataclasses import dataclass, field, replace
from itertools import count

from workflows.flow.advancing import advance
from workflows.flow.model import FINAL, NEVER, Kind, Retry, State, Task, Traits


@dataclass
class Spec:
    """A task. `op`: it has an operator, which fails in its first `fails` rounds and then makes the tasks in it. `limit`
    of those at once; None: one after the other; 0: all."""

    op: bool = True
    fails: int = 0
    tasks: list["Spec"] = field(default_factory=list)
    limit: int | None = None
    retry: Retry = NEVER
    error: "Spec | None" = None
    check: "Spec | None" = None
    disabled: bool = False

    @property
    def good(self):
        """Whether it ends well; what is repeated goes as it went before."""
        if self.disabled:
            return True
        inner = [*self.tasks, *([self.check] if self.check else [])]
        return self.fails <= self.retry.limit and all(one.good for one in inner)


def op(fails=0, **more):
    return Spec(fails=fails, **more)


def group(*tasks, **more):
    return Spec(op=False, tasks=list(tasks), **more)


class Play:
    """An attempt. Tasks get ids in the order in which they are made; the root is 1."""

    def __init__(self, spec):
        self.tasks, self.specs, self.ids = {}, {}, count(1)
        self.killed, self.ended = False, None
        self.order, self.waits = [], []
        self._make(spec, None, 0, 0)
        self.go()

    def _make(self, spec, parent, position, number, *, upstream=None, kind=Kind.TASK):
        task = Task(
            id=next(self.ids),
            parent=parent,
            position=position,
            state=State.BLOCKED,
            upstream=upstream,
            round=number,
            kind=kind,
            group=not spec.op,
        )
        self.tasks[task.id], self.specs[task.id] = task, spec
        if not spec.op and not spec.disabled:
            self._inside(task)
        return task.id

    def _inside(self, task):
        spec, before = self.specs[task.id], None
        for position, one in enumerate(spec.tasks):
            upstream = before if spec.limit is None else None
            before = self._make(one, task.id, position, task.rounds, upstream=upstream)

    def _traits(self, pk):
        spec = self.specs[pk]
        return Traits(spec.disabled, spec.limit or 0, spec.retry, spec.error is not None, spec.check is not None)

    def go(self):
        """Make what changes."""
        while True:
            changes = advance(map(replace, self.tasks.values()), self._traits, killed=self.killed)
            for pk, state in changes.states.items():
                self.tasks[pk].state = state
            for pk, seconds in changes.repeat.items():
                self.tasks[pk].rounds += 1
                self.waits.append(seconds)
            for pk, kind, _ in changes.bodies:
                spec = self.specs[pk]
                body = spec.error if kind == Kind.ERROR else spec.check
                self._make(body, pk, 1000 + (kind == Kind.ERROR), self.tasks[pk].rounds, kind=kind)
            self.changes = changes
            if not changes.bodies:
                self.ended = changes.ended
                return

    def kill(self):
        self.killed = True
        self.go()

    def able(self):
        """The tasks that a worker could take, has, or that wait to be repeated."""
        states = (State.READY, State.RUNNING, State.WAITING, State.RETRY)
        return [pk for pk, task in self.tasks.items() if task.state in states]

    def move(self, pk, *, wait=False):
        """What happens next to a task that is able to."""
        task, spec = self.tasks[pk], self.specs[pk]
        if task.state == State.READY and task.group:
            self._inside(task)
            task.state = State.PLANNED
        elif task.state == State.READY:
            task.state = State.RUNNING
            self.order.append(pk)
        elif task.state in (State.RETRY, State.WAITING):
            task.state = State.READY
        elif wait:
            task.state = State.WAITING
        elif task.rounds < spec.fails:
            task.state = State.FAILED
        elif spec.tasks and not self.killed:
            self._inside(task)
            task.state = State.PLANNED
        else:
            task.state = State.DONE
        self.go()

    def finish(self):
        """To the end, always with the first task that is able to."""
        while self.ended is None:
            self.move(self.able()[0])
        return self

    def states(self):
        return [str(task.state) for task in self.tasks.values()]

    def below(self, pk):
        return [task for task in self.tasks.values() if task.parent == pk and task.round == self.tasks[pk].rounds]

    def all_final(self):
        return all(task.state in FINAL for task in self.tasks.values())
