"""Pushed projects, and steps of operators."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.utils import timezone

from workflows import contents, operators, projects
from workflows.models import Attempt, Session, Task, TaskState, Workflow
from workflows.operators.base import OPERATORS, Step
from workflows.script.expressions import Scripts

SESSION_TIME = datetime(2026, 3, 1, tzinfo=UTC)


def pushed(user, files: Mapping[str, str], project: str = "shop", **how: Any) -> Workflow:
    """The first workflow of these files, as a project."""
    packed = {path: text.encode() for path, text in files.items()}
    revision = projects.push(project, packed, user=user, **how)
    return Workflow.objects.filter(revision=revision, present=True).order_by("name").first()


def attempt_of(workflow: Workflow, user) -> Attempt:
    """One that nothing runs."""
    session, _ = Session.objects.get_or_create(workflow=workflow, session_time=SESSION_TIME)
    number = session.attempts.count() + 1
    name = f"retry-{number}" if number > 1 else ""
    return Attempt.objects.create(
        session=session, number=number, retry_attempt_name=name, revision=workflow.revision, created_by=user
    )


class Log(list):
    def __call__(self, text: str, level: str = "INFO") -> None:
        self.append((level, text))

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self)


def step(
    user,
    op: str,
    command: Any = None,
    *,
    files: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    memory: Mapping[str, Any] | None = None,
    attempt: Attempt | None = None,
    **values: Any,
) -> Step:
    """A step of a task of an attempt of its own; `step.log.text` is what it logged. Run it with `taken`."""
    if attempt is None:
        workflow = pushed(user, {"daily.dig": "+a:\n  echo>: hi\n", **(files or {})}, project="steps")
        attempt = attempt_of(workflow, user)
    task = Task.objects.create(
        attempt=attempt,
        position=Task.objects.count(),
        name="+a",
        full_name="+daily+a",
        file="daily.dig",
        path=[0],
        op=op,
        state=TaskState.RUNNING,
    )
    return Step(
        task=task,
        attempt=attempt,
        files=contents.files(attempt.revision_id),
        folder=values.pop("folder", ""),
        command=command,
        params=params or {},
        variables=variables or {},
        memory=memory or {},
        key=f"task-{task.pk}-0",
        now=values.pop("now", timezone.now()),
        scripts=Scripts(Path(settings.MOMENT_FILE)),
        lease=SimpleNamespace(check=lambda: None),
        log=Log(),
        **values,
    )


def taken(step: Step):
    """The outcome of a step."""
    operators.load()
    return OPERATORS[step.task.op](step)
