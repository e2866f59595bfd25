"""What of an attempt that is resumed is not run again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.models import Attempt, Task, TaskState


@dataclass
class Resumed:
    """The tasks of the attempt before, without those of earlier rounds. `since`: the full name of the task from which
    on everything runs again; "": what ended well does not. `anew`: all runs, though the attempt resumes one."""

    anew: bool = False
    since: str = ""
    by_name: dict[str, Task] = field(default_factory=dict)
    below: dict[int, list[Task]] = field(default_factory=dict)

    @classmethod
    def of(cls, attempt: Attempt, task: Task) -> "Resumed":
        """For what is made within a task. Nothing, in an attempt that resumes none."""
        if attempt.resumed_from_id is None:
            return cls()
        if task.rounds or task.memory.get("anew"):
            return ANEW
        root = Task.objects.only("memory").get(attempt=attempt, parent=None)
        found = cls(since=root.memory.get("resume_from", ""))
        found._read(attempt.resumed_from_id)
        return found

    def _read(self, attempt: int) -> None:
        rounds: dict[int, int] = {}
        below = defaultdict(list)
        for task in Task.objects.filter(attempt=attempt).order_by("pk"):  # a parent is made before its children
            if task.parent_id is None or rounds.get(task.parent_id) == task.round:
                rounds[task.pk] = task.rounds
                self.by_name[task.full_name] = task
                if task.parent_id is not None:
                    below[task.parent_id].append(task)
        self.below = {parent: sorted(children, key=lambda task: task.position) for parent, children in below.items()}

    def copy(self, full_name: str, export: Mapping[str, Any]) -> Task | None:
        """The task of this name if it ended well, with the same variables, and is not to run again."""
        task = self.by_name.get(full_name)
        if task is None or task.state != TaskState.SUCCESS or self._again(full_name) or task.export != dict(export):
            return None
        return task

    def _again(self, full_name: str) -> bool:
        """Whether it is the task from which on all runs, or above or within it."""
        return bool(self.since) and (_within(full_name, self.since) or _within(self.since, full_name))

    def children(self, task: Task) -> list[Task]:
        return self.below.get(task.pk, [])


ANEW = Resumed(anew=True)


def _within(name: str, above: str) -> bool:
    return name == above or name.startswith((f"{above}+", f"{above}^"))
