"""require>: which session, whether it is started, and how its end is told."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.workflows.factories import SESSION_TIME, attempt_of, pushed, step, taken
from workflows import projects
from workflows.models import Attempt, AttemptState, Session, Task, TaskState, Workflow
from workflows.operators.base import Done, Later, TaskFailed

pytestmark = pytest.mark.django_db
FILES = {"load.dig": "+l:\n  wait>: 1h\n"}


def require(user, memory=None, *, attempt=None, name="load", **params):
    return step(user, "require", name, files=FILES, params=params, memory=memory, attempt=attempt)


def begun(first):
    """What the steps come to, up to the one that waits for an attempt or is done."""
    outcome = taken(first)
    while isinstance(outcome, Later) and outcome.attempt is None:
        first.memory = outcome.memory
        outcome = taken(first)
    return outcome


def ended(attempt, state=AttemptState.SUCCESS):
    Attempt.objects.filter(pk=attempt).update(state=state, finished_at=timezone.now())


def test_it_starts_the_session_and_waits_for_it(editor):
    first = require(editor, params='{"rows": 3}')
    outcome = begun(first)
    attempt = Attempt.objects.get(pk=outcome.attempt)
    assert (str(attempt.session.workflow), attempt.session.session_time) == ("steps / load", SESSION_TIME)
    assert (attempt.params, attempt.created_by, attempt.retry_attempt_name) == ({"rows": 3}, editor, "")
    assert outcome.at == first.now + timedelta(minutes=5)
    ended(attempt.pk)
    first.memory = outcome.memory
    assert taken(first) == Done()
    assert "steps / load" in first.log.text


@pytest.mark.parametrize("rerun", ["none", "failed", "all"])
def test_a_step_taken_anew_finds_what_it_started(editor, rerun):
    first = require(editor, rerun_on=rerun)
    first.memory = taken(first).memory
    attempt = taken(first).attempt
    ended(attempt, AttemptState.ERROR)
    with pytest.raises(TaskFailed, match=f"Error \\(attempt {attempt}\\)"):
        taken(first)
    assert Session.objects.get(workflow__name="load").attempts.count() == 1


@pytest.mark.parametrize(
    ("state", "rerun", "again"),
    [
        (AttemptState.SUCCESS, "none", False),
        (AttemptState.SUCCESS, "failed", False),
        (AttemptState.SUCCESS, "all", True),
        (AttemptState.ERROR, "failed", True),
        (AttemptState.KILLED, "failed", True),
        (AttemptState.RUNNING, "all", False),
    ],
)
def test_an_attempt_that_is_there_is_run_again_as_it_is_said(editor, state, rerun, again):
    first = require(editor, rerun_on=rerun)
    before = attempt_of(Workflow.objects.get(name="load"), editor)
    if state != AttemptState.RUNNING:
        ended(before.pk, state)
    outcome = begun(first)
    attempts = Session.objects.get(workflow__name="load").attempts.order_by("pk")
    assert attempts.count() == (2 if again else 1)
    assert getattr(outcome, "attempt", None) == (None if isinstance(outcome, Done) else attempts.last().pk)


def test_a_failure_is_one_of_this_task_unless_it_is_to_be_ignored(editor):
    first = require(editor)
    ended(attempt_of(Workflow.objects.get(name="load"), editor).pk, AttemptState.ERROR)
    with pytest.raises(TaskFailed, match="ended: Error"):
        taken(first)
    assert taken(require(editor, attempt=first.attempt, ignore_failure="true")) == Done()


def test_a_retry_name_makes_one_more_attempt(editor):
    first = require(editor, retry_attempt_name="evening")
    ended(attempt_of(Workflow.objects.get(name="load"), editor).pk)
    attempt = begun(first).attempt
    assert Attempt.objects.get(pk=attempt).retry_attempt_name == "evening"
    ended(attempt)
    assert taken(require(editor, attempt=first.attempt, retry_attempt_name="evening")) == Done()


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-02-01T00:00:00+09:00", datetime(2026, 1, 31, 15, tzinfo=UTC)),
        ("2026-02-01 09:00:00", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T00:00:00Z", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_its_time_may_be_another(editor, written, time):
    first = require(editor, session_time=written)
    first.attempt.timezone = "Asia/Tokyo"
    assert Attempt.objects.get(pk=begun(first).attempt).session.session_time == time


def test_it_may_stand_in_another_project(editor):
    other = pushed(editor, {"far.dig": "+l:\n  wait>: 1h\n"}, project="other").project
    for about in ({"project_name": "other"}, {"project_id": str(other.pk)}):
        assert (
            Attempt.objects.get(pk=begun(require(editor, name="far", **about)).attempt).session.workflow.name == "far"
        )


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"name": "lode"}, "The project steps has no workflow lode"),
        ({"name": "load.dig"}, r"has no workflow load.dig. Did you mean load\?"),
        ({"name": "daily"}, "steps / daily cannot require its own session"),
        ({"name": "daily", "session_time": "2026-02-01"}, "cannot start itself by require>"),
        ({"project_name": "x"}, "There is no project “x”"),
        ({"project_id": 999}, "There is no project with the number 999"),
        ({"session_time": "soon"}, "“session_time” must be a time such as"),
        ({"params": "x"}, "“params” must be a map"),
    ],
)
def test_what_cannot_be_required_is_told(editor, about, told):
    with pytest.raises(TaskFailed, match=told):
        begun(require(editor, **about))
    assert not Session.objects.filter(workflow__name="load").exclude(attempts=None).exists()


def test_a_workflow_of_an_earlier_revision_is_not_there(editor):
    first = require(editor)
    projects.push("steps", {"daily.dig": b"+a:\n  echo>: hi\n"}, user=editor)
    with pytest.raises(TaskFailed, match="no workflow load"):
        taken(first)


def test_attempts_that_wait_for_each_other_do_not_wait_for_ever(editor):
    first = require(editor)
    other = attempt_of(Workflow.objects.get(name="load"), editor)
    third = attempt_of(Workflow.objects.get(name="daily"), editor)
    for waiting, awaited in ((other, third), (third, first.attempt)):
        Task.objects.create(
            attempt=waiting, position=0, name="+w", full_name="+w", state=TaskState.WAITING, awaited=awaited
        )
    with pytest.raises(TaskFailed, match="steps / load waits for this workflow itself"):
        taken(first)


def test_a_row_of_sessions_that_each_start_the_next_ends(editor):
    first = require(editor)
    attempts = [first.attempt, *(attempt_of(Workflow.objects.get(name="daily"), editor) for _ in range(51))]
    for awaited, waiting in itertools.pairwise(attempts):
        Task.objects.create(
            attempt=waiting, position=0, name="+w", full_name="+w", state=TaskState.WAITING, awaited=awaited
        )
    with pytest.raises(TaskFailed, match="More than 50 sessions wait for each other"):
        taken(first)
