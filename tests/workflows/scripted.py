"""Operators that do as they are told, in place of the real ones."""

from collections import defaultdict

import pytest

from workflows import contents, definitions, operators
from workflows.operators.base import OPERATORS, Done, Subtask, TaskFailed


class Scripted:
    """`echo>` and `fail>`, `loop>` and `for_each>`; `seen`: the values of each echo> by the task's full name."""

    def __init__(self):
        self.seen = defaultdict(list)
        self.keys = defaultdict(list)
        self.order = []
        self.answers = {}

    def echo(self, step):
        """What `answers` has for the task: an outcome, or a function of the step."""
        self.order.append(step.task.full_name)
        self.seen[step.task.full_name].append(step.command)
        self.keys[step.task.full_name].append(step.key)
        step.log(str(step.command))
        answer = self.answers.get(step.task.name, Done())
        return answer(step) if callable(answer) else answer

    def fail(self, step):
        self.order.append(step.task.full_name)
        raise TaskFailed(str(step.command), "Mend it.", code=7)

    def loop(self, step):
        self.order.append(step.task.full_name)
        path = [*step.task.path, "do"]
        parallel = definitions.at(contents.workflow(step.attempt.revision_id, step.task.file), step.task.path).parallel
        limit = 1 if not parallel else parallel.limit or 0
        made = [Subtask(f"+loop-{i}", path, step.task.file, {"i": i}) for i in range(int(step.command))]
        return Done(subtasks=made, parallel=limit)


@pytest.fixture
def scripted(monkeypatch):
    operators.load()
    found = Scripted()
    for name in ("echo", "fail", "loop"):
        monkeypatch.setitem(OPERATORS, name, getattr(found, name))
    return found
