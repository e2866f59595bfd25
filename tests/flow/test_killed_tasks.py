"""Attempts of workflows outlive the processes that run them, and obey a kill: real clusters, real signals."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import pytest

from exports.models import Job, JobState
from tests.flow.conftest import cluster
from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import tree
from warehouse.models import Database
from workflows import sessions
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

NOWHERE = "http://127.0.0.1:9"
SLOW = "${(function () { var end = Date.now() + 700; while (Date.now() < end); return 'done'; })()}"


@pytest.fixture
def start(editor):
    def begin(text):
        return sessions.start(pushed(editor, {"daily.dig": text}), SESSION_TIME, user=editor)

    return begin


def wait(attempt, done=lambda attempt: attempt.finished, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        attempt = Attempt.objects.get(pk=attempt.pk)
        if done(attempt):
            return attempt
        time.sleep(0.02)
    raise AssertionError(f"{attempt} is {attempt.state} after {seconds} s: {tree(attempt)}")


def runs(name):
    return lambda attempt: Task.objects.filter(name=name, state=TaskState.RUNNING).exists()


def test_a_worker_killed_in_the_middle_of_a_step_costs_time_alone(start, kill):
    attempt = start(f'+a: {{echo>: "{SLOW}"}}\n+g:\n  _parallel: true\n  +b: {{echo>: "{SLOW}"}}\n  +c: {{echo>: c}}\n')
    with cluster(NOWHERE, WORKERS="2"):
        for name in ("+a", "+b"):
            wait(attempt, runs(name))
            kill(Task.objects.get(name=name))
        attempt = wait(attempt)
    assert (attempt.state, set(tree(attempt).values())) == (AttemptState.SUCCESS, {"success"})
    told = Counter(TaskLog.objects.filter(level="INFO").values_list("task__name", "text"))
    assert told == {("+a", "done"): 1, ("+b", "done"): 1, ("+c", "c"): 1}
    assert TaskLog.objects.filter(text__contains="Another one takes the step anew").count() == 2


MANY = """\
+l:
  loop>: 12
  _parallel: {limit: 4}
  _do:
    +a: {echo>: "a ${i}"}
    +b: {echo>: "b ${i}"}
    _check: {echo>: "c ${i}"}
+end: {echo>: end}
"""


def test_whatever_worker_is_killed_and_when_all_tasks_run_to_their_ends(start):
    """Between a commit and what follows it, too."""
    chance, kills = random.Random(), 0
    attempt = start(MANY)
    with cluster(NOWHERE, "one", WORKERS="2"), cluster(NOWHERE, "two", WORKERS="2"):
        while not Attempt.objects.get(pk=attempt.pk).finished and kills < 12:
            time.sleep(chance.random() * 0.5)
            held = Task.objects.filter(state=TaskState.RUNNING).exclude(lease_owner="")
            for who in held.values_list("lease_owner", flat=True)[:1]:
                kills += 1
                with suppress(ProcessLookupError):
                    os.kill(int(who.rsplit(":", 2)[1]), signal.SIGKILL)
        attempt = wait(attempt)
    assert (attempt.state, set(tree(attempt).values())) == (AttemptState.SUCCESS, {"success"})
    steps = Counter(TaskLog.objects.filter(level="INFO").values_list("task", flat=True))
    again = Counter(TaskLog.objects.filter(level="WARN").values_list("task", flat=True))
    assert len(steps) == 12 * 3 + 1
    assert all(steps[task] <= 1 + again[task] for task in steps)


def test_attempts_of_a_cluster_that_ends_go_on_in_the_next(start):
    attempt = start("".join(f'+t{i}: {{echo>: "{SLOW}"}}\n' for i in range(4)))
    for name, command in (("+t0", "cluster"), ("+t1", "qcluster")):
        with cluster(NOWHERE, command=command):
            wait(attempt, runs(name))
    assert not Task.objects.filter(state=TaskState.RUNNING).exists()
    with cluster(NOWHERE):
        assert wait(attempt).state == AttemptState.SUCCESS
    assert not TaskLog.objects.filter(level="WARN").exists()
    assert TaskLog.objects.count() == 4


SEQUENCE = "unnest(sequence(1, 1000000))"
WITHOUT_END = f"select sum(x % y) from {SEQUENCE} a(x), {SEQUENCE} b(y), {SEQUENCE} c(z) where x + y < z"


def test_a_kill_ends_the_attempt_with_the_job_that_it_waits_for(start, editor):
    Database.objects.create(name="shop")
    attempt = start(f"_export: {{td: {{database: shop}}}}\n+a:\n  td>:\n  query: {WITHOUT_END}\n+b: {{echo>: b}}\n")
    with cluster(NOWHERE, WORKERS="1"):
        wait(attempt, lambda _: Job.objects.filter(state=JobState.RUNNING).exists())
        assert sessions.kill(attempt, user=editor)
        attempt = wait(attempt, lambda attempt: attempt.finished, 5)
        wait(attempt, lambda _: Job.objects.get().finished, 10)
        assert Job.objects.get().state == JobState.KILLED, Job.objects.get().error
    assert (attempt.state, tree(attempt)["+daily+b"]) == (AttemptState.KILLED, "canceled")
