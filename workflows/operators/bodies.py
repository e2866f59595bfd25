"""The bodies of operators, `_do` and `_else_do`, as the tasks that come of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from workflows import contents, definitions
from workflows.dig.model import Task
from workflows.dig.operators import MOST_LOOPS
from workflows.operators import values
from workflows.operators.base import Done, Step, Subtask, TaskFailed
from workflows.script.expressions import ScriptError

Round = tuple[str, Mapping[str, Any]]
"""The name of a task that repeats a body, and its variables."""


def definition(step: Step) -> Task:
    """The step's task as its file has it."""
    return definitions.at(contents.workflow(step.attempt.revision_id, step.task.file), step.task.path)


def once(step: Step, name: str) -> Done:
    """Run the body `do` or `else_do`, if the task has it."""
    if getattr(definition(step), name) is None:
        return Done()
    return Done(subtasks=[Subtask("^sub", [*step.task.path, name], step.task.file)])


def each(step: Step, rounds: Iterable[Round]) -> Done:
    """Run `_do` once for each round, as `_parallel` says. Count them by `limited` before."""
    path = [*step.task.path, "do"]
    made = [Subtask(name, path, step.task.file, export) for name, export in rounds]
    return Done(subtasks=made, parallel=parallel(step))


def limited(count: int, op: str) -> None:
    """Raises TaskFailed if so many repetitions are too many."""
    if count > MOST_LOOPS:
        raise TaskFailed(
            f"{op} would repeat its tasks {count:,} times; at most {MOST_LOOPS:,} are allowed.",
            "Make the list or the range shorter, or divide it between several workflows.",
        )


def parallel(step: Step) -> int:
    """How many of its subtasks run at once, as `Done.parallel` has it."""
    found = definition(step).parallel
    if found is None:
        return 1
    written = {"_parallel": found.on, "limit": found.limit}
    try:
        computed = step.scripts.evaluate(written, step.variables)
    except ScriptError as error:
        raise TaskFailed(str(error)) from error
    if not values.boolean(computed["_parallel"], "_parallel"):
        return 1
    return 0 if computed["limit"] is None else values.number(computed["limit"], "_parallel: limit", 1)
