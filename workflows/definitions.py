"""What a project's files say: its workflows, and where each of their tasks stands. Knows no Django.

A task's address is its path from the workflow on: numbers are subtasks, names are bodies (`do`, `else_do`, `error`,
`check`). The workflow itself is the task at [], a group.
"""

from collections.abc import Sequence
from typing import Any

from workflows.dig import checking
from workflows.dig.model import Task, Workflow
from workflows.dig.nodes import plain
from workflows.dig.problems import Place
from workflows.dig.reading import read
from workflows.dig.yaml import Project

BODIES = ("do", "else_do", "error", "check")


def workflows(project: Project) -> dict[str, Workflow]:
    """The project's workflows by name. Raises DigError."""
    found = (read(project, path) for path in checking.workflow_files(project))
    return {workflow.name: workflow for workflow in found}


def root(workflow: Workflow) -> Task:
    """The workflow as the task that all others are in."""
    return Task(
        name=f"+{workflow.name}",
        full_name=f"+{workflow.name}",
        place=Place(workflow.file),
        export=workflow.export,
        parallel=workflow.parallel,
        retry=workflow.retry,
        error=workflow.error,
        check=workflow.check,
        subtasks=workflow.tasks,
    )


def at(workflow: Workflow, path: Sequence[int | str]) -> Task:
    """The task at an address. Raises LookupError."""
    task = root(workflow)
    for step in path:
        found = task.subtasks[step] if isinstance(step, int) else getattr(task, step) if step in BODIES else None
        if found is None:
            raise LookupError(f"{task.full_name} has no {step}")
        task = found
    return task


def schedule_of(workflow: Workflow) -> dict[str, Any] | None:
    """The value of its `schedule:`, plain; None without one, or if it is left empty."""
    value = plain(workflow.schedule) if workflow.schedule else None
    return value if isinstance(value, dict) and value else None
