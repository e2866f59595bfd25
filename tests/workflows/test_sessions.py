"""How attempts start, go on from where they failed, run again, and are killed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from exports.errors import NotPossible
from exports.models import Job, JobState
from tests.exports.factories import a_job
from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import run, tree
from tests.workflows.scripted import scripted, start  # noqa: F401 - fixtures
from workflows import dispatch, runner, sessions
from workflows.leases import TaskLease
from workflows.models import Attempt, AttemptState, Revision, Session, Task, TaskJob, TaskState, Workflow
from workflows.operators.base import Done, Later, TaskFailed

pytestmark = pytest.mark.django_db
SIMPLE = "+a: {echo>: a}\n"


# --- starting


def test_an_attempt_is_there_with_the_tasks_of_its_groups(start):  # noqa: F811
    attempt = start("+a:\n  +b: {echo>: b}\n  +c: {echo>: c}\n+d: {loop>: 3, _do: {+e: {echo>: e}}}\n")
    assert (attempt.number, attempt.session.session_time) == (1, SESSION_TIME)
    assert tree(attempt) == {
        "+daily": "planned",
        "+daily+a": "planned",
        "+daily+d": "blocked",
        "+daily+a+b": "ready",
        "+daily+a+c": "blocked",
    }


def test_a_session_has_one_attempt_of_a_retry_name(start, editor):  # noqa: F811
    first = start(SIMPLE)
    workflow = Workflow.objects.get()
    with pytest.raises(sessions.AttemptExists) as error:
        sessions.start(workflow, SESSION_TIME, user=editor)
    assert error.value.attempt == first
    second = sessions.start(workflow, SESSION_TIME, user=editor, retry_name="more")
    assert (second.number, Session.objects.count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_that_start_a_session_at_once_one_does(editor):
    workflow, ready = pushed(editor, {"daily.dig": SIMPLE}), threading.Barrier(4)

    def begin(number):
        ready.wait()
        try:
            return sessions.start(workflow, SESSION_TIME, user=editor)
        except sessions.AttemptExists as error:
            return error.attempt
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(begin, range(4)))) == 1
    assert (Attempt.objects.count(), Task.objects.count()) == (1, 2)


def test_a_workflow_with_a_schedule_knows_the_sessions_around(editor, scripted):  # noqa: F811
    files = {"daily.dig": f"timezone: Asia/Tokyo\nschedule: {{daily>: '07:00:00'}}\n{SIMPLE}"}
    workflow, day = pushed(editor, files), timedelta(days=1)
    noon = SESSION_TIME + timedelta(hours=15)  # midnight in Tokyo
    sessions.start(workflow, noon - 2 * day, user=editor, by_schedule=True)
    sessions.start(workflow, noon - day, user=editor)
    attempt = sessions.start(workflow, noon, user=editor, by_schedule=True)
    assert (attempt.last_session_time, attempt.next_session_time) == (noon - day, noon + day)
    assert (attempt.last_executed_session_time, attempt.timezone) == (noon - 2 * day, "Asia/Tokyo")


def test_a_revision_without_the_workflow_cannot_run_it(editor):
    workflow = pushed(editor, {"daily.dig": SIMPLE})
    pushed(editor, {"other.dig": SIMPLE})
    with pytest.raises(NotPossible, match="no workflow daily"):
        sessions.start(workflow, SESSION_TIME, user=editor, revision=Revision.objects.first())
    assert not Session.objects.exists()


def test_too_many_tasks_are_told_at_the_start_or_by_the_task_that_makes_them(start, scripted):  # noqa: F811
    attempt = start("".join(f"+t{i}: {{echo>: hi}}\n" for i in range(1000)))
    assert (attempt.state, Task.objects.count()) == (AttemptState.ERROR, 1)
    assert "1,000 tasks" in attempt.error
    attempt = run(
        sessions.start(attempt.session.workflow, SESSION_TIME + timedelta(days=1), user=None, revision=_loop())
    )
    assert attempt.state == AttemptState.ERROR
    assert "1,000 tasks" in Task.objects.get(attempt=attempt, name="+l").error


def _loop():
    workflow = pushed(None, {"daily.dig": "+l: {loop>: 999, _do: {echo>: hi}}\n"})
    return workflow.revision


# --- resuming

STEPS = """\
+a: {echo>: a}
+g:
  +b: {echo>: b}
  +c: {echo>: "${n}"}
+d: {echo>: d}
"""


@pytest.fixture
def failed(start, scripted):  # noqa: F811
    """An attempt of STEPS in which +c has failed; it does no more."""
    scripted.answers |= {"+a": Done(stored={"n": 7}), "+c": TaskFailed("away")}
    attempt = run(start(STEPS))
    assert attempt.state == AttemptState.ERROR
    scripted.answers.pop("+c")
    scripted.order.clear()
    return attempt


def test_an_attempt_goes_on_from_the_task_that_failed_with_what_was_stored(failed, scripted, editor):  # noqa: F811
    again = run(sessions.resume(failed, user=editor))
    assert (again.state, again.number, again.resumed_from) == (AttemptState.SUCCESS, 2, failed)
    assert scripted.order == ["+daily+g+c", "+daily+d"]
    assert scripted.seen["+daily+g+c"][-1] == "7"
    assert set(Task.objects.filter(attempt=again, copied=True).values_list("name", flat=True)) == {"+a", "+b"}


def test_it_can_go_on_from_an_earlier_task(failed, scripted, editor):  # noqa: F811
    run(sessions.resume(failed, user=editor, from_task="+daily+g"))
    assert scripted.order == ["+daily+g+b", "+daily+g+c", "+daily+d"]


def test_all_can_run_again(failed, scripted, editor):  # noqa: F811
    again = run(sessions.retry(failed, user=editor))
    assert scripted.order == ["+daily+a", "+daily+g+b", "+daily+g+c", "+daily+d"]
    assert (again.state, again.retry_attempt_name) == (AttemptState.SUCCESS, "retry-2")


def test_what_comes_after_a_new_task_of_the_latest_revision_runs(failed, scripted, editor):  # noqa: F811
    pushed(editor, {"daily.dig": STEPS.replace("+g:", "+new: {echo>: new}\n+g:")})
    failed.session.workflow.refresh_from_db()
    run(sessions.resume(failed, user=editor, latest=True))
    assert scripted.order == ["+daily+new", "+daily+g+b", "+daily+g+c", "+daily+d"]


LOOP = "+l:\n  loop>: 3\n  _parallel: true\n  _do:\n    +x: {echo>: '${i}'}\n    +y: {echo>: '${i}'}\n"


def test_of_a_loop_only_what_did_not_end_well_runs(start, scripted, editor):  # noqa: F811
    def second_fails(step):
        if step.command == "1":
            raise TaskFailed("away")
        return Done()

    scripted.answers["+y"] = second_fails
    attempt = run(start(LOOP))
    scripted.answers, scripted.order = {}, []
    again = run(sessions.resume(attempt, user=editor))
    assert again.state == AttemptState.SUCCESS
    assert scripted.order == ["+daily+l", "+daily+l+loop-1+y"]


def test_a_loop_that_comes_after_a_task_that_runs_again_runs_all(start, scripted, editor):  # noqa: F811
    scripted.answers["+z"] = TaskFailed("away")
    attempt = run(start("+a: {echo>: a}\n" + LOOP + "+z: {echo>: z}\n"))
    scripted.answers, scripted.order = {}, []
    run(sessions.resume(attempt, user=editor, from_task="+daily+a"))
    assert len(scripted.order) == 1 + 1 + 6 + 1


def test_a_task_that_succeeded_in_its_last_try_is_not_run(start, scripted, editor):  # noqa: F811
    answers = iter([TaskFailed("away"), Done(stored={"n": 1})])

    def answer(step):
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    scripted.answers |= {"+b": answer, "+c": TaskFailed("away")}
    attempt = run(start("+g:\n  _retry: 1\n  +a: {echo>: a}\n  +b: {echo>: b}\n+c: {echo>: c}\n"))
    scripted.answers, scripted.order = {}, []
    run(sessions.resume(attempt, user=editor))
    assert scripted.order == ["+daily+c"]


def test_what_cannot_be_resumed_is_told(start, scripted, editor):  # noqa: F811
    attempt = start(SIMPLE)
    for again in (sessions.retry, sessions.resume):
        with pytest.raises(NotPossible, match="still runs"):
            again(attempt, user=editor)
    attempt = run(attempt)
    with pytest.raises(NotPossible, match="All tasks ended well"):
        sessions.resume(attempt, user=editor)
    with pytest.raises(NotPossible, match=r"no task \+daily\+x"):
        sessions.resume(attempt, user=editor, from_task="+daily+x")
    sessions.kill(sessions.retry(attempt, user=editor, retry_name="mine"), user=editor)
    with pytest.raises(NotPossible, match="has the name mine"):
        sessions.retry(attempt, user=editor, retry_name="mine")


# --- killing


def test_a_kill_ends_what_waits_at_once_and_stops_its_jobs(start, scripted, editor):  # noqa: F811
    job = a_job(state=JobState.QUEUED)

    def made(step):
        TaskJob.objects.create(task=step.task, job=job)
        return Later({}, job=job.pk)

    scripted.answers["+a"] = made
    attempt = start("_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n+c:\n  +d: {echo>: d}\n")
    runner.run_task(Task.objects.get(name="+a").pk)
    Task.objects.filter(name="+b").update(state=TaskState.RETRY)
    assert sessions.kill(attempt, user=editor)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.KILLED
    assert set(tree(attempt).values()) == {"canceled"}
    assert Job.objects.get().state == JobState.KILLED
    assert not sessions.kill(attempt, user=editor)


def test_a_running_task_hears_of_a_kill_and_what_it_makes_meanwhile_does_not_run(start, scripted, editor):  # noqa: F811
    job = a_job(state=JobState.QUEUED)

    def killed_meanwhile(step):
        assert sessions.kill(step.attempt, user=editor)
        assert Attempt.objects.get().state == AttemptState.RUNNING
        step.lease.beat()
        assert step.lease.kill
        TaskJob.objects.create(task=step.task, job=job)
        return Later({}, job=job.pk)

    scripted.answers["+a"] = killed_meanwhile
    attempt = run(start("+a: {echo>: a}\n+b: {echo>: b}\n"))
    assert attempt.state == AttemptState.KILLED
    assert tree(attempt) == {"+daily": "canceled", "+daily+a": "canceled", "+daily+b": "canceled"}
    assert Job.objects.get().state == JobState.KILLED


def test_the_operator_of_a_killed_attempt_is_broken_off_where_it_checks(start, scripted, editor):  # noqa: F811
    def checks(step):
        sessions.kill(step.attempt, user=editor)
        step.lease.beat()
        step.lease.check()
        raise AssertionError("it went on")

    scripted.answers["+a"] = checks
    assert run(start(SIMPLE)).state == AttemptState.KILLED
    assert Task.objects.get(name="+a").error == ""


def test_nothing_is_made_of_a_loop_that_ends_after_a_kill(start, scripted, editor):  # noqa: F811
    attempt = start(LOOP)
    loop = Task.objects.get(name="+l")
    lease = TaskLease(loop.pk)
    assert lease.claim()
    sessions.kill(attempt, user=editor)
    Task.objects.filter(pk=loop.pk).update(lease_token=None, state=TaskState.READY)
    runner.run_task(loop.pk)
    attempt.refresh_from_db()
    assert (attempt.state, Task.objects.count()) == (AttemptState.KILLED, 2)


def test_an_attempt_older_than_seven_days_ends(start, scripted):  # noqa: F811
    attempt = start(SIMPLE)
    dispatch.end_overdue(timezone.now() + timedelta(days=6, hours=23))
    dispatch.end_overdue(timezone.now() + timedelta(days=7, hours=1))
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.KILLED
    assert "7 days" in attempt.error
