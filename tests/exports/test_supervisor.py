"""What a supervisor knows of its cluster: the question and its answer, the lock, and what a killed one left."""

import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.signing import SignedPackage

from exports import canary, dispatch, queue, supervisor
from exports.broker import DurableORM
from exports.canary import Canary
from exports.lease import group_of, name_of, owner
from exports.models import Job, JobState
from exports.supervisor import AlreadyRunning, Patience, Supervisor

pytestmark = pytest.mark.django_db


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bird(clock):
    """A canary that has just asked."""
    asking = Canary("canary-here", every=5, within=10, clock=clock)
    clock.now = 5
    assert asking.sings(idle)
    return asking


def idle():
    return False


def busy():
    return True


def test_an_answer_in_time_is_good_and_the_next_question_comes_later(bird, clock):
    OrmQ.objects.all().delete()
    assert bird.sings(idle)
    clock.now = 9
    assert bird.sings(idle)
    assert not bird.asked


def test_no_answer_in_time_means_that_the_cluster_is_stuck(bird, clock):
    clock.now = 14
    assert bird.sings(idle)
    clock.now = 16
    assert not bird.sings(idle)


def test_a_cluster_whose_workers_are_all_busy_is_not_stuck(bird, clock):
    clock.now = 14
    assert bird.sings(busy)
    clock.now = 20
    assert bird.sings(idle)


def test_only_the_pusher_of_the_same_cluster_fetches_the_question(bird, monkeypatch):
    until = timezone.now() + timedelta(minutes=1)
    assert canary.fetch(until) is None
    monkeypatch.setenv(canary.KEY, "canary-there")
    assert canary.fetch(until) is None
    monkeypatch.setenv(canary.KEY, "canary-here")
    _, payload = canary.fetch(until)
    assert canary.asks(SignedPackage.loads(payload))
    assert canary.fetch(until) is None


def test_a_question_takes_no_room_from_hints(bird):
    room = dispatch.room()
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="x", lock=timezone.now())
    assert (room, dispatch.room()) == (dispatch.HINTS_A_WORKER * Conf.WORKERS, room - 1)


def test_hints_that_a_dead_cluster_had_fetched_keep_no_job_waiting():
    for _ in range(dispatch.HINTS_A_WORKER * Conf.WORKERS):
        OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="x", lock=timezone.now() + timedelta(minutes=1))
    job = Job.objects.create(name="q", database_name="d", sql="select 1", next_attempt_at=timezone.now())
    dispatch.tick()
    assert Job.objects.get(pk=job.pk).hinted_at


def test_a_new_cluster_forgets_the_hints_of_the_former_one(monkeypatch):
    monkeypatch.setattr(DurableORM, "begun", False)
    now = timezone.now()
    Job.objects.create(name="q", database_name="d", sql="select 1", next_attempt_at=now, hinted_at=now)
    DurableORM().begin()
    assert Job.objects.get().hinted_at is None


def test_a_cluster_is_busy_when_each_of_its_workers_has_a_job(monkeypatch):
    monkeypatch.setattr(Conf, "WORKERS", 1)
    now = timezone.now()
    lease = {"lease_token": uuid.uuid4(), "lease_until": now + timedelta(minutes=1), "lease_owner": owner()}
    assert not supervisor._busy(os.getpgid(0))
    Job.objects.create(name="q", database_name="d", sql="s", next_attempt_at=now, state=JobState.RUNNING, **lease)
    assert supervisor._busy(os.getpgid(0))
    assert not supervisor._busy(1)


@pytest.fixture
def other():
    """A process in a group of its own, which is called like a worker that sends notifications."""
    name = "open('/proc/self/comm', 'w').write('cluster:aside')"
    program = [sys.executable, "-c", f"{name}; print(1, flush=True); input()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, start_new_session=True) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_worker_that_does_something_else_than_a_job_is_busy_too(monkeypatch, other):
    monkeypatch.setattr(Conf, "WORKERS", 1)
    assert supervisor._busy(other.pid)
    assert not supervisor._busy(os.getpgid(0))
    other.kill()
    other.wait()
    assert not supervisor._busy(other.pid)


@pytest.mark.parametrize(
    ("task", "called"),
    [("exports.run.run_job", "worker"), (canary.TASK, "worker"), ("exports.upkeep.run", "aside")],
)
def test_a_worker_says_by_its_name_that_it_does_something_else(monkeypatch, task, called):
    names = ["worker"]
    monkeypatch.setattr(queue, "_be_called", names.append)
    pre_execute.send(sender="django_q", func=None, task={"func": task})
    assert names[-1] == called
    post_execute_in_worker.send(sender="django_q", func=None, task={"func": task})
    assert names[-1] == "worker"


def test_a_process_that_ended_has_no_group():
    assert group_of(name_of(os.getpid()).rpartition(":")[0] + ":1") is None
    assert group_of("elsewhere:1:1") is None


def test_a_second_supervisor_of_the_same_name_is_refused(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    program = f"import fcntl, time; f = open({str(tmp_path)!r} + '/lock', 'a'); fcntl.lockf(f, fcntl.LOCK_EX); print(1)"
    held = tmp_path / "clusters" / f"{Supervisor('x').name}.lock"
    held.parent.mkdir()
    held.touch()
    (tmp_path / "lock").symlink_to(held)
    command = [sys.executable, "-c", f"{program}; import sys; sys.stdout.flush(); time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(AlreadyRunning):
            Supervisor("x").run(lambda: True)
        other.kill()


def test_what_a_killed_supervisor_left_is_killed(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    one = Supervisor("x", Patience(grace=20))
    with supervisor._open(one.name, "pid") as file:
        assert supervisor._locked(file)
        left = subprocess.Popen(
            ["/bin/sleep", "60"],
            start_new_session=True,
            pass_fds=[file.fileno()],
            preexec_fn=lambda: supervisor._begin(file),
        )
    with one._group():
        assert left.wait(10) == -signal.SIGKILL


def test_nothing_is_killed_by_a_number_that_another_host_wrote(settings, tmp_path):
    other = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    supervisor._kill_left(f"elsewhere:{other.pid}:1")
    time.sleep(0.1)
    assert other.poll() is None
    other.kill()
    other.wait()
