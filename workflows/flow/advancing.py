"""From the states of an attempt's tasks to what changes next.

The rules are digdag's, but for `_parallel: {limit: N}`, where the next task starts as soon as one has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workflows.flow.model import FINAL, HELD_UP, Changes, Kind, State, Task, Traits


def advance(tasks: Iterable[Task], traits: Callable[[int], Traits], *, killed: bool = False) -> Changes:
    """Once made, the changes leave nothing to do until a task has run or waited; but where `bodies` are wanted, once
    more when they are there. `traits`: of a task by its id, asked only where it matters. Changes nothing itself."""
    return _Flow(tasks, traits, killed).changes()


class _Flow:
    def __init__(self, tasks: Iterable[Task], traits: Callable[[int], Traits], killed: bool) -> None:
        self.tasks = {task.id: task for task in tasks}
        self.traits = traits
        self.killed = killed
        self.now = {task.id: task.state for task in self.tasks.values()}
        self.found = Changes()
        self.below: dict[int | None, list[Task]] = {}
        for task in sorted(self.tasks.values(), key=lambda task: (task.position, task.id)):
            parent = self.tasks.get(task.parent) if task.parent is not None else None
            if parent is None or task.round == parent.rounds:
                self.below.setdefault(task.parent, []).append(task)

    def changes(self) -> Changes:
        root = self.below[None][0]
        if self.killed:
            self._kill()
        else:
            self._settle(root)
            if self.now[root.id] == State.BLOCKED:
                self._start(root)
        self.found.states = {pk: state for pk, state in self.now.items() if state != self.tasks[pk].state}
        self.found.ended = self.now[root.id] if self._ended(root) else None
        return self.found

    def _ended(self, task: Task) -> bool:
        return self.now[task.id] in FINAL

    # --- a kill

    def _kill(self) -> None:
        """What no worker has ends at once; what is above a running task ends with it."""
        busy: set[int | None] = set()
        for task in self.tasks.values():
            if self.now[task.id] in HELD_UP:
                self.now[task.id] = State.CANCELED
            elif self.now[task.id] == State.DONE:
                self.now[task.id] = State.SUCCESS
            elif self.now[task.id] == State.FAILED:
                self.now[task.id] = State.ERROR
            elif self.now[task.id] == State.RUNNING:
                busy.update(self._above(task))
        for pk, state in self.now.items():
            if state == State.PLANNED and pk not in busy:
                self.now[pk] = State.CANCELED

    def _above(self, task: Task) -> Iterable[int]:
        while task.parent is not None:
            yield task.parent
            task = self.tasks[task.parent]

    # --- one task after the other, each from below

    def _settle(self, task: Task) -> None:
        """Bring a task that has started as far as it comes."""
        state = self.now[task.id]
        if state == State.FAILED:
            self._fail(task, task.id)
        elif state == State.DONE:
            self._succeed(task)
        elif state == State.PLANNED:
            self._children(task)

    def _start(self, task: Task) -> None:
        """The turn of a task has come."""
        if self.traits(task.id).disabled:
            self.now[task.id] = State.SUCCESS
            self.found.disabled.append(task.id)
        elif task.group:
            self.now[task.id] = State.PLANNED
            self._children(task)
        else:
            self.now[task.id] = State.READY

    def _children(self, task: Task) -> None:
        kinds = {kind: [child for child in self.below.get(task.id, ()) if child.kind == kind] for kind in Kind}
        if kinds[Kind.ERROR]:
            if self._body(kinds[Kind.ERROR][0]):
                self._end_in_error(task, self._cause(task))
        elif kinds[Kind.CHECK]:
            if self._body(kinds[Kind.CHECK][0]):
                self._checked(task, kinds[Kind.CHECK][0])
        else:
            self._tasks(task, kinds[Kind.TASK])

    def _body(self, body: Task) -> bool:
        """Whether an `_error` or a `_check` has ended."""
        if self.now[body.id] == State.BLOCKED:
            self._start(body)
        else:
            self._settle(body)
        return self._ended(body)

    def _checked(self, task: Task, check: Task) -> None:
        if self.now[check.id] == State.SUCCESS:
            self.now[task.id] = State.SUCCESS
        else:
            self._fail(task, self._cause(check))

    def _tasks(self, task: Task, children: list[Task]) -> None:
        for child in children:
            if self.now[child.id] != State.BLOCKED:
                self._settle(child)
        blocked = [child for child in children if self.now[child.id] == State.BLOCKED]
        if blocked:
            self._begin(blocked, self.traits(task.id).parallel, self._active(children))
        if all(map(self._ended, children)):
            wrong = next((child for child in children if self.now[child.id] != State.SUCCESS), None)
            if wrong:
                self._fail(task, self._cause(wrong))
            else:
                self._succeed(task)

    def _active(self, children: list[Task]) -> int:
        return sum(self.now[child.id] != State.BLOCKED and not self._ended(child) for child in children)

    def _begin(self, blocked: list[Task], parallel: int, active: int) -> None:
        """Those whose turn it is; `active` others are on their way."""
        for task in blocked:
            if self._may_start(task, parallel, active):
                self._start(task)
                active += not self._ended(task)

    def _may_start(self, task: Task, parallel: int, active: int) -> bool:
        """Cancels a task that comes after one that has failed."""
        if task.upstream is None:
            return not parallel or active < parallel
        before = self.now[task.upstream]
        if before in FINAL and before != State.SUCCESS:
            self._cancel(task)
        return before == State.SUCCESS

    def _cancel(self, task: Task) -> None:
        if not self._ended(task):
            self.now[task.id] = State.CANCELED
        for child in self.below.get(task.id, ()):
            self._cancel(child)

    # --- ends

    def _succeed(self, task: Task) -> None:
        if self.traits(task.id).has_check:
            self._want(task, Kind.CHECK, None)
        else:
            self.now[task.id] = State.SUCCESS

    def _fail(self, task: Task, cause: int) -> None:
        traits = self.traits(task.id)
        if task.rounds < traits.retry.limit:
            self.now[task.id] = State.RETRY
            self.found.repeat[task.id] = traits.retry.wait(task.rounds)
        elif traits.has_error:
            self._want(task, Kind.ERROR, cause)
        else:
            self._end_in_error(task, cause)

    def _want(self, task: Task, kind: Kind, cause: int | None) -> None:
        self.now[task.id] = State.PLANNED
        self.found.bodies.append((task.id, kind, cause))

    def _end_in_error(self, task: Task, cause: int) -> None:
        self.now[task.id] = State.ERROR
        if cause != task.id:
            self.found.failed[task.id] = cause

    def _cause(self, task: Task) -> int:
        """The task that failed first, in the order of the file; not one of an `_error`."""
        for child in self.below.get(task.id, ()):
            if child.kind != Kind.ERROR and self.now[child.id] == State.ERROR:
                return self._cause(child)
        return task.id
