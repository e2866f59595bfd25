"""Runs of one schedule: one at a time in their order, or the later one is skipped."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import dispatch, firing
from exports.lease import Lease
from exports.models import Job, JobState
from exports.run import run_job
from tests.exports.factories import a_job
from tests.exports.schedules import a_schedule, at, hours, skipped

pytestmark = pytest.mark.django_db


def jobs(schedule):
    return list(Job.objects.filter(schedule=schedule).order_by("pk"))


def ended(job, state=JobState.SUCCESS):
    Job.objects.filter(pk=job.pk).update(state=state)


def waiting_for_a_worker():
    return set(dispatch._due(timezone.now() + timedelta(minutes=1)).values_list("pk", flat=True))


def test_runs_of_a_schedule_wait_for_each_other_without_a_worker():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(11))
    first, second, third = jobs(schedule)
    assert waiting_for_a_worker() == {first.pk}
    ended(first, JobState.ERROR)
    assert waiting_for_a_worker() == {second.pk}
    ended(second)
    assert waiting_for_a_worker() == {third.pk}


def test_a_run_that_waits_to_retry_holds_up_the_next():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(10))
    later = timezone.now() + timedelta(hours=1)
    Job.objects.filter(pk=jobs(schedule)[0].pk).update(state=JobState.RETRY_WAIT, next_attempt_at=later)
    assert waiting_for_a_worker() == set()


def test_a_resumed_run_waits_for_a_later_one_that_runs():
    schedule = a_schedule(slot=at(9))
    resumed = a_job(JobState.QUEUED, schedule=schedule)
    running = a_job(JobState.RUNNING, schedule=schedule)
    assert waiting_for_a_worker() == set()
    Job.objects.filter(pk=running.pk).update(state="success", lease_token=None)
    assert waiting_for_a_worker() == {resumed.pk}


def test_a_resumed_run_and_a_later_one_that_was_woken_before_do_not_run_at_once():
    schedule = a_schedule(slot=at(9))
    resumed, later = (a_job(JobState.QUEUED, schedule=schedule, hinted_at=timezone.now()) for _ in range(2))
    assert run_job(later.pk) == "not waiting"
    assert Lease(resumed.pk).claim()


def test_a_run_that_was_woken_too_early_is_woken_at_once_when_its_turn_has_come():
    schedule = a_schedule(slot=at(9))
    resumed, later = (a_job(JobState.QUEUED, schedule=schedule, hinted_at=timezone.now()) for _ in range(2))
    run_job(later.pk)
    ended(resumed)
    assert waiting_for_a_worker() == {later.pk}


def test_jobs_of_other_schedules_do_not_wait():
    schedules = [a_schedule(slot=at(9)) for _ in range(2)]
    firing.fire(at(9))
    assert waiting_for_a_worker() == {job.pk for each in schedules for job in jobs(each)}


def test_a_slot_is_skipped_while_the_run_before_it_has_not_ended():
    schedule = a_schedule(slot=at(9), overlap="skip")
    firing.fire(at(9))
    firing.fire(at(10))
    assert hours(schedule) == [9]
    assert skipped(schedule) == {10: f"Job {jobs(schedule)[0].pk} of this schedule had not ended yet."}


def test_a_slot_runs_once_the_run_before_it_has_ended():
    schedule = a_schedule(slot=at(9), overlap="skip")
    firing.fire(at(9))
    ended(jobs(schedule)[0])
    firing.fire(at(10))
    assert hours(schedule) == [9, 10]


def test_of_missed_slots_that_may_not_overlap_the_first_runs():
    schedule = a_schedule(slot=at(9), overlap="skip")
    firing.fire(at(11, 30))
    assert hours(schedule) == [9]
    assert skipped(schedule)[11] == "The run before it had not ended yet."
