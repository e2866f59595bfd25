"""Workflows of control operators, from their start to their end."""

import pytest

from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import run
from workflows import sessions
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState

pytestmark = pytest.mark.django_db


def ran(user, text, **files):
    """The attempt of a workflow daily.dig at its end; other files by their names with / for __."""
    named = {name.replace("__", "/") + ".dig": one for name, one in files.items()}
    workflow = pushed(user, {"daily.dig": text, **named}).project.workflows.get(name="daily")
    attempt = sessions.start(workflow, SESSION_TIME, user=user)
    run(attempt)
    attempt.refresh_from_db()
    return attempt


def echoed(attempt):
    lines = TaskLog.objects.filter(task__attempt=attempt, task__op="echo")
    return list(lines.order_by("pk").values_list("text", flat=True))


def states(attempt):
    return {task.full_name: task.state for task in Task.objects.filter(attempt=attempt)}


def test_loops_within_loops_with_conditions(editor):
    attempt = ran(
        editor,
        """
+brands:
  for_each>: {brand: [acme, zeta]}
  _do:
    +each:
      loop>: 2
      _do:
        +choose:
          if>: ${brand == 'acme' && i == 1}
          _do:
            echo>: ${brand} ${i} yes
          _else_do:
            +no:
              echo>: ${brand} ${i} no
""",
    )
    assert attempt.state == AttemptState.SUCCESS
    assert echoed(attempt) == ["acme 0 no", "acme 1 yes", "zeta 0 no", "zeta 1 no"]
