"""One worker at a time: leases, takeovers, Stop."""

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from exports import dispatch, jobs
from exports.lease import JobKilled, Lease, LostLease, alive, db_retry, heartbeat, owner
from exports.models import Job, JobRequest, JobState

pytestmark = pytest.mark.django_db


def job(**values):
    defaults = {"name": "q", "database_name": "d", "sql": "select 1", "next_attempt_at": timezone.now()}
    return Job.objects.create(**defaults | values)


def running(**values):
    defaults = {
        "state": JobState.RUNNING,
        "lease_token": uuid.uuid4(),
        "lease_until": timezone.now() + timedelta(minutes=1),
        "lease_owner": owner(),
    }
    return job(**defaults | values)


def test_only_the_first_claim_succeeds():
    pk = job().pk
    first, second = Lease(pk), Lease(pk)
    assert first.claim()
    assert not second.claim()


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_succeeds():
    pk, ready = job().pk, threading.Barrier(6)

    def claim(number):
        ready.wait()
        try:
            return Lease(pk).claim()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(claim, range(6))) == 1


def test_a_beat_prolongs_the_lease():
    mine = Lease(job().pk)
    mine.claim()
    Job.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    mine.until = 0.0
    mine.beat()
    mine.check()
    assert Job.objects.get().lease_until > timezone.now() + timedelta(seconds=30)


def test_a_broken_connection_is_tried_again():
    answers = iter([OperationalError("away"), InterfaceError("closed"), "here"])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert db_retry(ask) == "here"


def test_a_job_that_kills_every_worker_ends():
    running(lease_until=timezone.now() - timedelta(seconds=1), takeovers=dispatch.TAKEOVERS, rows=5, not_attempted=5)
    dispatch.tick()
    assert (Job.objects.get().state, Job.objects.get().not_attempted) == (JobState.ERROR, 5)
    assert "workers died" in Job.objects.get().error


def test_stop_is_heard_when_the_worker_gives_the_job_back_in_that_moment():
    job(state=JobState.RETRY_WAIT, kill_requested=True)
    dispatch.tick()
    assert Job.objects.get().state == JobState.KILLED


def test_hints_do_not_pile_up():
    for _ in range(30):
        job()
    for _ in range(5):
        Job.objects.update(hinted_at=None)
        dispatch.tick()
    assert OrmQ.objects.count() == dispatch.HINTS_A_WORKER * Conf.WORKERS


def test_of_waiting_jobs_the_urgent_one_is_woken_first():
    for _ in range(30):
        job()
    urgent = job(priority=2)
    dispatch.tick()
    assert Job.objects.get(pk=urgent.pk).hinted_at


def test_a_job_is_not_claimed_before_its_time():
    assert not Lease(job(next_attempt_at=timezone.now() + timedelta(seconds=5)).pk).claim()


def test_a_lost_lease_may_not_write():
    mine = Lease(job().pk)
    mine.claim()
    Job.objects.update(lease_token=uuid.uuid4())
    with pytest.raises(LostLease):
        mine.save(progress=5)
    assert not mine.pause()


def test_a_lease_that_ran_out_stops_this_process():
    mine = Lease(job().pk)
    mine.claim()
    mine.until = 0.0
    with pytest.raises(LostLease):
        mine.check()


def test_stop_reaches_the_holder_with_the_next_beat():
    mine = Lease(job().pk)
    mine.claim()
    assert jobs.stop(Job.objects.get())
    mine.beat()
    with pytest.raises(JobKilled):
        mine.check()


@pytest.mark.django_db(transaction=True)
def test_stop_breaks_a_blocked_call(settings):
    settings.HEARTBEAT_SECONDS = 0.05
    mine = Lease(job().pk)
    mine.claim()
    jobs.stop(Job.objects.get())
    with pytest.raises(JobKilled), heartbeat(mine), mine.interruptible():
        threading.Event().wait(10)


def test_a_waiting_job_is_stopped_at_once():
    assert jobs.stop(job(state=JobState.RETRY_WAIT))
    assert Job.objects.get().state == JobState.KILLED
    assert Job.objects.get().finished_at


def test_a_finished_job_cannot_be_stopped():
    assert not jobs.stop(job(state=JobState.SUCCESS))


def test_the_job_of_a_dead_process_waits_again():
    host = owner().rsplit(":", 2)[0]
    running(lease_owner=f"{host}:999999:1")
    dispatch.tick()
    assert (Job.objects.get().state, Job.objects.get().takeovers) == (JobState.QUEUED, 1)


def test_the_job_of_a_living_process_is_left_alone():
    running()
    dispatch.tick()
    assert Job.objects.get().state == JobState.RUNNING


def test_a_process_that_stopped_beating_loses_its_job():
    running(lease_until=timezone.now() - timedelta(seconds=1))
    dispatch.tick()
    assert Job.objects.get().state == JobState.QUEUED


def test_a_dead_job_that_was_to_stop_ends_with_its_request_in_flight_unknown():
    dead = running(
        lease_until=timezone.now() - timedelta(seconds=1), kill_requested=True, rows=30, not_attempted=25, accepted=5
    )
    JobRequest.objects.create(
        job=dead, number=2, first_row=5, end_row=15, events=10, state="sending", sent_at=timezone.now()
    )
    dispatch.tick()
    dead.refresh_from_db()
    assert (dead.state, dead.unknown, dead.not_attempted) == (JobState.KILLED, 10, 15)
    assert JobRequest.objects.get().state == JobRequest.State.UNKNOWN


def test_a_waiting_job_gets_one_hint_at_a_time():
    job()
    dispatch.tick()
    dispatch.tick()
    assert OrmQ.objects.count() == 1


def test_a_process_is_known_by_ticks_since_boot_which_no_change_of_the_clock_moves():
    ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    assert owner().endswith(f":{os.getpid()}:{ticks}")


def test_a_process_knows_whether_another_one_lives():
    host = owner().rsplit(":", 2)[0]
    assert alive(owner())
    assert not alive(f"{host}:{os.getpid()}:1")  # same number, another process
    assert alive("another-host:1:1")
