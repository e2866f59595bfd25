"""Many processes deal with the same slots, and some are killed: each slot has exactly one job all the same."""

import multiprocessing
import os
import signal
import time

import pytest
import time_machine
from django.db import connection, connections
from django_q.models import OrmQ

from exports import dispatch, firing
from exports.models import Job
from exports.schedule_models import Schedule, Slot
from tests.exports.schedules import a_schedule, at

pytestmark = pytest.mark.django_db(transaction=True)
fork = multiprocessing.get_context("fork")
SCHEDULES, ROUNDS, PROCESSES = 10, 20, 4
NOW = at(12)


def process(work, *values):
    def run():
        connections.close_all()
        work(*values)
        connections.close_all()

    connections.close_all()
    started = fork.Process(target=run)
    started.start()
    return started


def firing_on(stop, errors):
    with time_machine.travel(NOW):
        while not stop.is_set():
            try:
                firing.fire(NOW)
                dispatch.tick()
            except Exception as error:
                errors.put(repr(error))
                connection.close()


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def one_job_each(slots):
    jobs = list(Job.objects.values_list("schedule_id", "scheduled_for"))
    return (len(jobs), len(set(jobs)), Slot.objects.exclude(job=None).count()) == (slots, slots, slots)


def test_four_processes_make_one_job_of_each_slot():
    for _ in range(SCHEDULES):
        a_schedule("* * * * *", slot=at(13))
    stop, errors = fork.Event(), fork.SimpleQueue()
    processes = [process(firing_on, stop, errors) for _ in range(PROCESSES)]
    try:
        for turn in range(ROUNDS):
            slot = at(11, turn)
            Schedule.objects.update(cron=f"{turn} 11 * * *", next_slot=slot, next_run_at=slot)
            wait_until(lambda: not Schedule.objects.filter(next_run_at__lte=NOW).exists())
    finally:
        stop.set()
        [each.join(20) for each in processes]
    assert errors.empty()
    assert one_job_each(SCHEDULES * ROUNDS)
    hinted = [row.task["args"][0] for row in OrmQ.objects.all()]
    assert len(hinted) == len(set(hinted))


@pytest.mark.parametrize("point", ["_locked", "_advance", "queue", "_record_skipped"])
@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_is_killed_leaves_each_slot_with_one_job(point, after, monkeypatch):
    for _ in range(3):
        a_schedule(slot=at(11))

    def kill_here(*values, **named):
        if after:
            step(*values, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    step = getattr(firing, point)
    with monkeypatch.context() as patched:
        patched.setattr(firing, point, kill_here)
        killed = process(firing.fire, at(11))
        killed.join(20)
    assert killed.exitcode == -signal.SIGKILL
    firing.fire(at(11))
    assert one_job_each(3)


def test_a_process_that_is_killed_before_it_wakes_a_worker_leaves_that_to_another():
    a_schedule("* * * * *", slot=at(11))

    def fire_and_die():
        with time_machine.travel(at(11)):
            firing.fire(at(11))
        os.kill(os.getpid(), signal.SIGKILL)

    process(fire_and_die).join(20)
    with time_machine.travel(at(11)):
        dispatch.tick()
    assert (Job.objects.count(), OrmQ.objects.count()) == (1, 1)
