"""Whole attempts, whatever the workflow: they end as they should, and no task runs twice at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
import yaml
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.flow.test_any_tree import TREES
from tests.workflows.running import run, tree
from tests.workflows.scripted import scripted, start  # noqa: F401 - fixtures
from workflows import dispatch, runner, sessions
from workflows.models import Attempt, AttemptState, Task, TaskState
from workflows.operators.base import Done, TaskFailed

pytestmark = pytest.mark.django_db
NUMBERS = count(1)


def written(spec):
    """A task of tests.workflows.flow.trees as a file has it; what an operator makes is the body of a loop."""
    inside = {f"+t{number}": written(one) for number, one in enumerate(spec.tasks)}
    if spec.op and inside:
        value = {"loop>": 1, "_do": inside}
    else:
        value = {"echo>": f"fails {spec.fails}"} if spec.op else inside
    if spec.limit is not None:
        value["_parallel"] = {"limit": spec.limit} if spec.limit else True
    if spec.retry.limit:
        value["_retry"] = {"limit": spec.retry.limit, "interval": 0}
    bodies = {"_error": spec.error, "_check": spec.check}
    value |= {key: written(body) for key, body in bodies.items() if body and (body.op or body.tasks)}
    return {**value, "_disable": True} if spec.disabled else value


def as_written(spec):
    """What `written` leaves out is not there: bodies with nothing in them, and failures of a loop itself."""
    for one in [*spec.tasks, *filter(None, (spec.error, spec.check))]:
        as_written(one)
    if spec.op and spec.tasks:
        spec.fails = 0
    if spec.check and not spec.check.op and not spec.check.tasks:
        spec.check = None
    return spec


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=TREES)
def test_any_workflow_ends_as_its_tasks_do(editor, scripted, spec):  # noqa: F811
    spec = as_written(spec)
    scripted.order = []

    def fails(step):
        if step.task.rounds < int(step.command.split()[1]):
            raise TaskFailed("away")
        return Done()

    scripted.answers = dict.fromkeys([f"+t{n}" for n in range(5)] + ["^error", "^check", "+loop-0"], fails)
    files = {"daily.dig": yaml.safe_dump(written(spec), sort_keys=False) or "{}"}
    workflow = pushed(editor, files, project=f"p{next(NUMBERS)}")
    attempt = sessions.start(workflow, SESSION_TIME, user=editor)
    attempt = run(attempt, now=lambda: timezone.now() + timedelta(seconds=1))
    assert attempt.state == (AttemptState.SUCCESS if spec.good else AttemptState.ERROR)
    assert set(tree(attempt).values()) <= {"success", "error", "canceled"}
    assert Task.objects.filter(attempt=attempt, parent=None).get().state == attempt.state


BUSY = """\
_parallel: true
+l:
  loop>: 6
  _parallel: {limit: 3}
  _do:
    +a: {echo>: "${i}"}
    +b: {echo>: "${i}"}
+g:
  +c: {echo>: c}
  +d: {echo>: d}
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed", [False, True])
def test_many_workers_at_an_attempt_run_each_task_once(start, scripted, editor, killed):  # noqa: F811
    attempt, running, twice = start(BUSY), Counter(), []

    def alone(step):
        running[step.task.pk] += 1
        twice.extend([step.task] if running[step.task.pk] > 1 else [])
        if killed and len(scripted.order) >= 7:
            sessions.kill(step.attempt, user=editor)
        return Done()

    scripted.answers = dict.fromkeys(("+a", "+b", "+c", "+d"), alone)

    def work(number):
        try:
            end = time.monotonic() + 60
            while not Attempt.objects.get().finished and time.monotonic() < end:
                ready = Task.objects.filter(state=TaskState.READY).order_by("?").values_list("pk", flat=True)
                for pk in list(ready[:1]):
                    runner.run_task(pk)
                dispatch.wake(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    attempt.refresh_from_db()
    assert not twice
    if killed:
        assert attempt.state == AttemptState.KILLED
        assert not set(tree(attempt).values()) & {"ready", "running", "blocked", "planned"}
    else:
        assert (attempt.state, len(scripted.order)) == (AttemptState.SUCCESS, 1 + 12 + 2)
