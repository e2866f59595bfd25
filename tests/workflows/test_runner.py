"""Attempts run: tasks in their order, with what they see, and what becomes of the attempt."""

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from exports import drain
from exports.dispatch import HINTS_A_WORKER
from exports.drain import Drained
from exports.models import Job, JobState
from tests.exports.factories import a_job
from tests.workflows.factories import SESSION_TIME
from tests.workflows.running import log, run, tree
from tests.workflows.scripted import scripted, start  # noqa: F401 - fixtures
from workflows import dispatch, recording, runner, secrets
from workflows.models import Attempt, AttemptState, Task, TaskJob, TaskState
from workflows.operators.base import Done, Later, Subtask, TaskFailed

pytestmark = pytest.mark.django_db


def test_tasks_run_one_after_the_other(start, scripted):  # noqa: F811
    attempt = run(start("+a:\n  echo>: ${session_date}\n+b:\n  +c:\n    echo>: two\n  +d:\n    echo>: three\n"))
    assert attempt.state == AttemptState.SUCCESS
    assert scripted.order == ["+daily+a", "+daily+b+c", "+daily+b+d"]
    assert scripted.seen["+daily+a"] == ["2026-03-01"]
    assert set(tree(attempt).values()) == {"success"}


LOOP = """\
_export: {brand: acme, td: {database: shop}}
+loop:
  loop>: 2
  _do:
    _export: {name: "${brand}-${i}"}
    +a: {echo>: "${name}"}
    +b: {echo>: "${found} ${td.database} ${td.last}"}
+after: {echo>: "${found}"}
"""


def test_a_task_sees_what_is_exported_above_it_and_stored_before_it(start, scripted):  # noqa: F811
    scripted.answers["+a"] = lambda step: Done(stored={"found": f"by {step.command}", "td": {"last": 3}})
    assert run(start(LOOP)).state == AttemptState.SUCCESS
    assert scripted.seen["+daily+loop+loop-1+a"] == ["acme-1"]
    assert scripted.seen["+daily+loop+loop-0+b"] == ["by acme-0 shop 3"]
    assert scripted.seen["+daily+after"] == ["by acme-1"]


def test_a_store_can_take_something_away(start, scripted):  # noqa: F811
    scripted.answers["+a"] = Done(stored={"td": {"rows": {"x": 1}}})
    scripted.answers["+b"] = Done(stored={"td": {"rows": {"y": 2}}}, reset=[("td", "rows")])
    run(start("+a: {echo>: a}\n+b: {echo>: b}\n+c: {echo>: '${JSON.stringify(td.rows)}'}\n"))
    assert scripted.seen["+daily+c"] == ['{"y":2}']


RETRY = "+g:\n  _retry: {limit: 2, interval: 60}\n  +a: {echo>: '${typeof n}'}\n  +b: {echo>: b}\n"


def test_a_group_is_repeated_later_without_what_it_stored_and_with_keys_of_its_own(start, scripted):  # noqa: F811
    scripted.answers |= {"+a": Done(stored={"n": 1}), "+b": TaskFailed("away")}
    attempt = run(start(RETRY))
    group = Task.objects.get(name="+g")
    assert (group.state, group.rounds, attempt.state) == (TaskState.RETRY, 1, AttemptState.RUNNING)
    assert timedelta(seconds=50) < group.next_run_at - timezone.now() <= timedelta(seconds=60)
    scripted.answers["+b"] = Done()
    run(attempt, now=lambda: timezone.now() + timedelta(seconds=61))
    assert Attempt.objects.get().state == AttemptState.SUCCESS
    assert scripted.seen["+daily+g+a"] == ["undefined", "undefined"]
    assert len(set(scripted.keys["+daily+g+b"])) == 2
    assert list(Task.objects.filter(name="+b").order_by("pk").values_list("round", "state")) == [
        (0, "error"),
        (1, "success"),
    ]


def test_the_numbers_of_a_retry_may_be_computed(start, scripted):  # noqa: F811
    scripted.answers["+a"] = TaskFailed("away")
    attempt = run(start("_export: {n: 2}\n+a:\n  echo>: a\n  _retry: {limit: '${n}', interval: '${n - 2}'}\n"))
    assert (attempt.state, len(set(scripted.keys["+daily+a"]))) == (AttemptState.ERROR, 3)


def test_an_error_body_is_told_what_failed(start, scripted):  # noqa: F811
    attempt = run(
        start("+g:\n  +a: {fail>: no rows}\n_error:\n  echo>: ${error.task_name} ${error.message} ${error.code}\n")
    )
    assert scripted.seen["+daily^error"] == ["+daily+g+a no rows 7"]
    assert (attempt.state, attempt.error) == (AttemptState.ERROR, "+daily+g+a: no rows")
    errors = dict(Task.objects.values_list("name", "error"))
    assert (errors["+a"], errors["+g"]) == ("no rows", "+daily+g+a has failed.")


def test_a_check_sees_what_the_tasks_have_stored(start, scripted):  # noqa: F811
    scripted.answers["+a"] = Done(stored={"n": 5})
    attempt = run(start("_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n_check: {echo>: '${n}'}\n"))
    assert (attempt.state, scripted.seen["+daily^check"]) == (AttemptState.SUCCESS, ["5"])


def test_what_is_wrong_in_an_expression_is_told_at_the_task(start, scripted):  # noqa: F811
    run(start("+a: {echo>: '${sesion_date}'}\n"))
    told = "echo>: ${sesion_date} cannot be evaluated: sesion_date is not defined. Did you mean session_date"
    assert Task.objects.get(name="+a").error.startswith(told)


def test_a_fault_of_ours_ends_the_task_with_a_sentence_and_is_in_the_servers_log(start, scripted, caplog):  # noqa: F811
    scripted.answers["+a"] = ZeroDivisionError("inside")
    attempt = run(start("+a: {echo>: a}\n"))
    assert (attempt.state, Task.objects.get(name="+a").error) == (AttemptState.ERROR, recording.FAULT)
    assert "inside" in caplog.text
    assert "inside" not in log(attempt)


def test_a_fault_in_what_follows_breaks_the_attempt_off(start, scripted, monkeypatch, caplog):  # noqa: F811
    attempt = start("+a: {echo>: a}\n+b: {echo>: b}\n")
    monkeypatch.setattr("workflows.advancing.flow.advance", lambda *a, **b: {}["gone"])
    attempt = run(attempt)
    assert attempt.state == AttemptState.ERROR
    assert list(Task.objects.order_by("pk").values_list("state", flat=True)) == ["error", "canceled", "canceled"]


def test_what_database_columns_do_not_take_is_made_fit(start, scripted):  # noqa: F811
    scripted.answers["+a"] = Done(stored={"x": "a\0b", "n": float("nan"), "at": SESSION_TIME})
    assert run(start("+a: {echo>: a}\n+b: {echo>: '${x}'}\n")).state == AttemptState.SUCCESS
    assert Task.objects.get(name="+a").stored == {
        "x": "a\N{REPLACEMENT CHARACTER}b",
        "n": None,
        "at": str(SESSION_TIME),
    }


def test_the_variables_of_what_an_operator_makes_are_made_fit_as_well(start, scripted):  # noqa: F811
    def made(step):
        return Done(subtasks=[Subtask("+x", [1], "daily.dig", {"at": SESSION_TIME, "n": float("nan"), "t": "a\0"})])

    scripted.answers["+a"] = made
    run(start("+a: {echo>: a}\n+b: {echo>: '${typeof at} ${at}'}\n", params={"at": 1}))
    assert Task.objects.get(name="+x").export == {"at": str(SESSION_TIME), "n": None, "t": "a\N{REPLACEMENT CHARACTER}"}
    assert scripted.seen["+daily+a+x"] == [f"string {SESSION_TIME}"]


def test_a_task_cannot_store_without_end(start, scripted):  # noqa: F811
    scripted.answers["+a"] = Done(stored={"x": "a" * 1_000_001})
    run(start("+a: {echo>: a}\n"))
    assert "at most 1,000,000 are allowed" in Task.objects.get(name="+a").error


# --- waiting


def test_no_worker_has_a_task_that_waits_for_a_job_and_it_goes_on_with_what_it_kept(start, scripted):  # noqa: F811
    job = a_job(state=JobState.RUNNING, lease_token=uuid.uuid4(), lease_until=timezone.now() + timedelta(hours=1))
    scripted.answers["+a"] = lambda step: Done(stored=step.memory) if step.memory else Later({"n": 1}, job=job.pk)
    attempt = run(start("+a: {echo>: a}\n"))
    task = Task.objects.get(name="+a")
    assert (task.state, task.job, task.lease_token) == (TaskState.WAITING, job, None)
    Job.objects.update(state=JobState.SUCCESS, lease_token=None, lease_until=None, finished_at=timezone.now())
    attempt = run(attempt)
    assert (attempt.state, Task.objects.get(name="+a").stored) == (AttemptState.SUCCESS, {"n": 1})
    assert len(set(scripted.keys["+daily+a"])) == 1


def test_a_task_that_waits_for_a_time_goes_on_then(start, scripted):  # noqa: F811
    at = timezone.now() + timedelta(hours=1)
    scripted.answers["+a"] = lambda step: Done() if step.memory else Later({"n": 1}, at=at)
    attempt = run(start("+a: {echo>: a}\n"))
    dispatch.wake(at - timedelta(seconds=1))
    assert Task.objects.get(name="+a").state == TaskState.WAITING
    assert run(attempt, now=lambda: at).state == AttemptState.SUCCESS


def test_a_task_whose_job_is_deleted_looks_what_has_become_of_it(start, scripted):  # noqa: F811
    job = a_job()
    scripted.answers["+a"] = lambda step: Done() if step.memory else Later({"n": 1}, job=job.pk)
    attempt = run(start("+a: {echo>: a}\n"))
    TaskJob.objects.create(task=Task.objects.get(name="+a"), job=job)
    job.delete()
    assert run(attempt).state == AttemptState.SUCCESS
    assert not TaskJob.objects.exists()


# --- workers


def test_a_worker_goes_on_with_other_tasks_of_the_attempt_and_leaves_some_to_others(start, scripted):  # noqa: F811
    start("_parallel: true\n" + "".join(f"+t{i}: {{echo>: hi}}\n" for i in range(60)))
    runner.run_task(Task.objects.filter(state=TaskState.READY).first().pk)
    assert len(scripted.order) == runner.MOST_IN_A_ROW


def test_workers_are_told_of_what_becomes_ready_as_far_as_there_is_room(start, scripted, monkeypatch):  # noqa: F811
    monkeypatch.setattr(runner, "MOST_IN_A_ROW", 1)
    start("+a: {echo>: a}\n+b:\n  _parallel: true\n" + "".join(f"  +t{i}: {{echo>: hi}}\n" for i in range(60)))
    OrmQ.objects.all().delete()
    runner.run_task(Task.objects.get(name="+a").pk)
    assert OrmQ.objects.count() == HINTS_A_WORKER * Conf.WORKERS
    assert Task.objects.get(name="+t0").hinted_at is None  # the worker that was at it goes on with this one


def test_a_worker_of_a_cluster_that_ends_takes_nothing(start, scripted):  # noqa: F811
    start("+a: {echo>: a}\n")
    drain.begin()
    try:
        assert runner.run_task(Task.objects.get(name="+a").pk) == "the cluster ends"
    finally:
        drain.over()
    assert Task.objects.get(name="+a").state == TaskState.READY


def test_a_step_that_is_drained_is_taken_anew_elsewhere_with_the_same_key(start, scripted):  # noqa: F811
    answers = iter([Drained(), Done()])

    def answer(step):
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    scripted.answers["+a"] = answer
    attempt = run(start("+a: {echo>: a}\n"))
    assert attempt.state == AttemptState.SUCCESS
    assert (len(scripted.order), len(set(scripted.keys["+daily+a"]))) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_no_verdict_on_the_task(start, scripted):  # noqa: F811
    answers = iter([OperationalError("away"), Done()])

    def answer(step):
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    scripted.answers["+a"] = answer
    assert run(start("+a: {echo>: a}\n")).state == AttemptState.SUCCESS
    assert len(scripted.order) == 2


def test_a_worker_that_has_lost_its_task_writes_nothing(start, scripted):  # noqa: F811
    attempt = start("+a: {echo>: a}\n+b: {echo>: b}\n")

    def lose(step):
        Task.objects.filter(pk=step.task.pk).update(lease_token=uuid.uuid4())
        return Done(stored={"x": 1})

    scripted.answers["+a"] = lose
    assert runner.run_task(Task.objects.get(name="+a").pk) == "lost"
    assert (tree(attempt)["+daily+b"], Task.objects.get(name="+a").stored) == ("blocked", {})


# --- what people see


SECRETS = """\
+a:
  http>: http://me:pass@host/?token=abc&x=1
  query: "${long}"
  content: {access_token: abc, max_retry: 3, by_name: "${secret:token}", api_key: k, result: '{"access_token": "z"}'}
  content_type: ${secret:token} s3cretvalue
"""


def test_values_of_a_task_are_shown_without_secrets_and_without_end(start, scripted, editor):  # noqa: F811
    attempt = start(SECRETS, params={"long": "x" * 3000})
    secrets.keep(attempt.session.workflow.project, "token", "s3cretvalue", user=editor)
    run(attempt)
    shown, mask = Task.objects.get(name="+a").params, secrets.MASK
    assert shown["content_type"] == f"${{secret:token}} {mask}"
    assert shown["content"] == {
        "access_token": mask,
        "max_retry": 3,
        "by_name": "${secret:token}",
        "api_key": mask,
        "result": f'{{"access_token": "{mask}"}}',
    }
    assert shown["http>"] == f"http://me:{mask}@host/?token={mask}&x=1"
    assert len(shown["query"]) < 2100
    assert "s3cretvalue" not in log(attempt)


def test_text_that_a_task_has_read_is_not_computed_and_asks_for_no_secret(start, scripted):  # noqa: F811
    scripted.answers["+a"] = Done(stored={"row": "${1 + 1} ${secret:token}", "s": "$", "rest": "{secret:token}"})
    attempt = run(
        start(
            "_parallel: false\n+a: {echo>: a}\n+b: {echo>: 'B ${session_id}'}\n"
            "+c: {echo>: '${row.length > 0} ${secret:own}'}\n+d: {echo>: '${s}${rest}'}\n"
        )
    )
    assert scripted.steps["+daily+b"][0].variables["row"] == "${1 + 1} $ {secret:token}"
    assert scripted.seen["+daily+c"] == ["true ${secret:own}"]
    assert attempt.state == AttemptState.ERROR
    assert "Secrets are named in the workflow's file" in Task.objects.get(name="+d").error


def test_parameters_come_from_the_task_or_from_what_is_exported(start, monkeypatch):  # noqa: F811
    seen = {}

    def mail(step):
        seen.update(step.params)
        return Done()

    runner.operators.load()
    monkeypatch.setitem(runner.OPERATORS, "mail", mail)
    text = (
        "_export: {mail: {to: [a@b.c], cc: [d@e.f]}, cc: [own@e.f]}\n+a: {mail>: {data: hi}, subject: '${task_name}'}\n"
    )
    assert run(start(text)).state == AttemptState.SUCCESS
    assert seen == {"subject": "+daily+a", "to": ["a@b.c"], "cc": ["own@e.f"]}
