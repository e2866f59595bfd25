"""Attempts run: tasks in their order, with what they see, and what becomes of the attempt."""

import pytest

from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import run, tree
from tests.workflows.scripted import scripted  # noqa: F401 - fixture
from workflows import sessions
from workflows.models import AttemptState

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(editor):
    def begin(text, **how):
        files = {"daily.dig": text} if isinstance(text, str) else text
        return sessions.start(pushed(editor, files), SESSION_TIME, user=editor, **how)

    return begin


def test_tasks_run_one_after_the_other(start, scripted):  # noqa: F811
    attempt = run(start("+a:\n  echo>: ${session_date}\n+b:\n  +c:\n    echo>: two\n  +d:\n    echo>: three\n"))
    assert attempt.state == AttemptState.SUCCESS
    assert scripted.order == ["+daily+a", "+daily+b+c", "+daily+b+d"]
    assert scripted.seen["+daily+a"] == ["2026-03-01"]
    assert set(tree(attempt).values()) == {"success"}
