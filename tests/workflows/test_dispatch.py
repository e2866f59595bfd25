"""The dispatcher's part in workflows: dead workers, waits, hints, and how many queries an advance takes."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from exports import dispatch as exports_dispatch
from exports.lease import owner
from exports.models import Job
from tests.exports.test_lease import job
from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import log, run, tree
from tests.workflows.scripted import scripted, start  # noqa: F401 - fixtures
from workflows import dispatch, hints, runner, sessions
from workflows.leases import TaskLease
from workflows.models import Attempt, AttemptState, Task, TaskState
from workflows.operators.base import Done, Later

pytestmark = pytest.mark.django_db
SIMPLE = "+a: {echo>: a}\n+b: {echo>: b}\n"


def held(task, *, ago=1, by=None, **values):
    """The task is with a worker whose lease ended so many seconds ago."""
    until = timezone.now() - timedelta(seconds=ago)
    lease = {"lease_token": uuid.uuid4(), "lease_until": until, "lease_owner": by or owner()}
    Task.objects.filter(pk=task.pk).update(state=TaskState.RUNNING, **lease, **values)


# --- dead workers


@pytest.mark.parametrize(("ago", "by"), [(1, None), (-60, "dead")])
def test_the_step_of_a_dead_worker_is_taken_anew_with_the_same_key(start, scripted, ago, by):  # noqa: F811
    attempt = start(SIMPLE)
    task = Task.objects.get(name="+a")
    here, pid, born = owner().rsplit(":", 2)
    held(task, ago=ago, by=f"{here}:{pid}:{int(born) + 1}" if by else None)
    dispatch.take_over(timezone.now())
    task.refresh_from_db()
    assert (task.state, task.takeovers, task.lease_token) == (TaskState.READY, 1, None)
    assert run(attempt).state == AttemptState.SUCCESS
    assert "The worker that ran this task is gone" in log(attempt)
    assert Task.objects.get(name="+a").takeovers == 0


def test_a_living_worker_keeps_its_task(start):  # noqa: F811
    start(SIMPLE)
    held(Task.objects.get(name="+a"), ago=-60)
    dispatch.take_over(timezone.now())
    assert Task.objects.get(name="+a").state == TaskState.RUNNING


def test_a_task_that_kills_every_worker_fails(start, scripted):  # noqa: F811
    attempt = start(SIMPLE)
    held(Task.objects.get(name="+a"), takeovers=dispatch.TAKEOVERS)
    dispatch.take_over(timezone.now())
    attempt.refresh_from_db()
    assert (attempt.state, tree(attempt)["+daily+b"]) == (AttemptState.ERROR, "canceled")
    assert "workers died" in attempt.error


def test_a_killed_attempt_ends_when_its_last_worker_is_found_dead(start, editor):  # noqa: F811
    attempt = start(SIMPLE)
    held(Task.objects.get(name="+a"))
    sessions.kill(attempt, user=editor)
    dispatch.take_over(timezone.now())
    attempt.refresh_from_db()
    assert (attempt.state, tree(attempt)["+daily+a"]) == (AttemptState.KILLED, "canceled")


def test_an_attempt_in_which_nothing_follows_for_a_fault_holds_up_no_other(start, editor, monkeypatch, caplog):  # noqa: F811
    attempt = start(SIMPLE)
    held(Task.objects.get(name="+a"), takeovers=dispatch.TAKEOVERS)
    other = sessions.start(attempt.session.workflow, SESSION_TIME + timedelta(days=1), user=editor)
    held(Task.objects.get(attempt=other, name="+a"))
    monkeypatch.setattr("workflows.advancing.flow.advance", lambda *a, **b: {}["gone"])
    dispatch.take_over(timezone.now())
    assert "broken off" in caplog.text
    assert [Attempt.objects.get(pk=one.pk).state for one in (attempt, other)] == ["error", "running"]
    assert sessions.kill(other, user=editor)
    assert tree(other) == {"+daily": "error", "+daily+a": "canceled", "+daily+b": "canceled"}


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_a_task_one_gets_it(start):  # noqa: F811
    start(SIMPLE)
    first, second = (TaskLease(Task.objects.get(name="+a").pk) for _ in range(2))
    assert [first.claim(), second.claim()] == [True, False]
    assert runner.run_task(first.pk) == "not ready"


# --- waits


def test_a_task_goes_on_when_the_attempt_it_waits_for_has_ended(editor, scripted):  # noqa: F811
    other = sessions.start(pushed(editor, {"other.dig": SIMPLE}, project="other"), SESSION_TIME, user=editor)
    scripted.answers["+w"] = lambda step: Done() if step.memory else Later({"n": 1}, attempt=other.pk)
    waits = sessions.start(pushed(editor, {"daily.dig": "+w: {echo>: w}\n"}), SESSION_TIME, user=editor)
    assert run(waits).state == AttemptState.RUNNING
    run(other)
    assert run(waits).state == AttemptState.SUCCESS


def test_what_a_kill_has_ended_is_not_woken(start, scripted, editor):  # noqa: F811
    at = timezone.now() + timedelta(hours=1)
    scripted.answers["+a"] = Later({}, at=at)
    attempt = run(start(SIMPLE))
    sessions.kill(attempt, user=editor)
    dispatch.wake(at)
    assert set(tree(attempt).values()) == {"canceled"}


# --- hints


def test_a_hint_that_nobody_hears_is_given_anew(start):  # noqa: F811
    start(SIMPLE)
    task, now = Task.objects.get(name="+a"), timezone.now()
    assert (OrmQ.objects.count(), hints.due(now, 5)) == (1, [])
    late = now + timedelta(seconds=settings.LEASE_SECONDS / 2 + 1)
    assert hints.due(late, 5) == [task.pk]
    hints.forget()
    assert hints.due(now, 5) == [task.pk]


def test_jobs_and_tasks_share_the_queue(start):  # noqa: F811
    start("_parallel: true\n" + "".join(f"+t{i}: {{echo>: hi}}\n" for i in range(20)))
    OrmQ.objects.all().delete()
    hints.forget()
    for _ in range(20):
        job()
    Job.objects.update(hinted_at=None)
    exports_dispatch.tick()
    jobs, tasks = Job.objects.exclude(hinted_at=None).count(), Task.objects.exclude(hinted_at=None).count()
    assert jobs + tasks == OrmQ.objects.count() == exports_dispatch.HINTS_A_WORKER * exports_dispatch.Conf.WORKERS
    assert abs(jobs - tasks) <= 1


# --- queries


def queries(action):
    """How many, but for the inserts of tasks, of which SQLite takes a few rows at a time."""
    with CaptureQueriesContext(connection) as found:
        action()
    return sum('INSERT INTO "workflows_task" ' not in one["sql"] for one in found)


@pytest.mark.parametrize("text", ["_parallel: true\n", "_parallel: {limit: 2}\n", ""])
def test_a_step_takes_as_many_queries_whatever_the_number_of_tasks(editor, scripted, monkeypatch, text):  # noqa: F811
    monkeypatch.setattr(runner, "MOST_IN_A_ROW", 1)
    taken = []
    for number in (20, 200):
        files = {"daily.dig": text + "".join(f"+t{i}: {{echo>: hi}}\n" for i in range(number))}
        workflow = pushed(editor, files, project=f"p{number}")
        begun = queries(lambda workflow=workflow: sessions.start(workflow, SESSION_TIME, user=editor))
        attempt = Attempt.objects.get(session__workflow=workflow)
        first = Task.objects.filter(attempt=attempt, state=TaskState.READY).first()
        OrmQ.objects.all().delete()
        ran = queries(lambda pk=first.pk: runner.run_task(pk))
        OrmQ.objects.all().delete()
        taken.append((begun, ran, queries(lambda attempt=attempt: sessions.kill(attempt, user=editor))))
    assert taken[0] == taken[1]
