"""Operators that do as they are told, in place of the real ones."""

from collections import defaultdict

import pytest

from tests.workflows.factories import SESSION_TIME, pushed
from workflows import contents, definitions, operators, sessions
from workflows.operators.base import OPERATORS, Done, Subtask, TaskFailed


class Scripted:
    """`echo>` and `http>`, `fail>`, `loop>`. `seen`, `keys` and `steps`: of each echo>, by the task's full name."""

    def __init__(self):
        self.seen, self.keys, self.steps = defaultdict(list), defaultdict(list), defaultdict(list)
        self.order, self.answers = [], {}

    def echo(self, step):
        """What `answers` has for the task's name: an outcome, an error, or a function of the step."""
        name = step.task.full_name
        self.order.append(name)
        self.seen[name].append(step.command)
        self.keys[name].append(step.key)
        self.steps[name].append(step)
        step.log(str(step.command))
        answer = self.answers.get(step.task.name, Done())
        if isinstance(answer, Exception):
            raise answer
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
    told = {"echo": found.echo, "http": found.echo, "fail": found.fail, "loop": found.loop}
    for name, operator in told.items():
        monkeypatch.setitem(OPERATORS, name, operator)
    return found


@pytest.fixture
def start(editor):
    """`start(text of daily.dig, or all files)` → an attempt"""

    def begin(text, **how):
        files = {"daily.dig": text} if isinstance(text, str) else text
        return sessions.start(pushed(editor, files), SESSION_TIME, user=editor, **how)

    return begin
