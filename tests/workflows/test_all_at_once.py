"""Pushes, schedules, people and a delete, all at the same rows at once: each does its work or says why not, none waits
for another that waits for it, and none breaks off."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from exports.errors import NotPossible
from tests.workflows.factories import SESSION_TIME
from workflows import projects, runner, schedules, sessions
from workflows.models import Attempt, AttemptState, Project, Task, TaskState, Workflow, WorkflowSchedule

EACH_MINUTE = "schedule:\n  minutes_interval>: 1\n"
TASKS = "+a:\n  echo>: a\n+b:\n  fail>: b\n"
TIMES = 30  # that each of the people does something


def push(user, chance):
    text = chance.choice([EACH_MINUTE, ""]) + TASKS
    files = {"a.dig": text.encode(), "b.dig": (EACH_MINUTE + TASKS).encode()}
    since = timezone.now() - timedelta(minutes=5)
    projects.push(chance.choice(["one", "two"]), files, user=user, schedule_from=since)


def delete(user, chance):
    for project in Project.objects.order_by("?")[:1]:
        projects.delete(project, user=user)


def start(user, chance):
    for workflow in Workflow.objects.order_by("?")[:1]:
        sessions.start(workflow, SESSION_TIME, user=user, retry_name=chance.choice(["", "more"]))


def again(user, chance):
    for attempt in Attempt.objects.exclude(state=AttemptState.RUNNING).order_by("?")[:1]:
        chance.choice([sessions.resume, sessions.retry])(attempt, user=user, latest=chance.choice([True, False]))


def kill(user, chance):
    for attempt in Attempt.objects.filter(state=AttemptState.RUNNING)[:3]:
        sessions.kill(attempt, user=user)


def fire(user, chance):
    schedules.fire(timezone.now(), seconds=0.2)


def backfill(user, chance):
    for schedule in WorkflowSchedule.objects.order_by("?")[:1]:
        schedules.backfill(schedule, timezone.now() - timedelta(minutes=4), 3, user=user)


def work(user, chance):
    for pk in Task.objects.filter(state=TaskState.READY).values_list("pk", flat=True)[:3]:
        runner.run_task(pk)


WAYS = (push, push, delete, delete, start, again, kill, fire, backfill, work)
TOLD = (NotPossible, sessions.AttemptExists, Workflow.DoesNotExist, WorkflowSchedule.DoesNotExist)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(2))
def test_who_works_at_the_same_project_at_once_waits_in_order(editor, seed):
    def person(number):
        chance = random.Random(seed * 100 + number)
        try:
            for way in chance.choices(WAYS, k=TIMES):
                try:
                    way(editor, chance)
                except TOLD:
                    continue
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(person, range(5)))
    assert not Task.objects.filter(error__contains="fault in the console").exists()
    assert not Attempt.objects.filter(error__contains="fault in the console").exists()
    assert not WorkflowSchedule.objects.exclude(problem="").exists()
