"""Totals of ended jobs: each job once an ending, and nothing falls when jobs are resumed or deleted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from exports import totals
from exports.models import Job, JobState
from exports.totals import SETTLED, sum_up
from exports.upkeep_models import JobTotal, TotalsUntil
from tests.exports.factories import a_job

pytestmark = pytest.mark.django_db


def over(job, ago=2 * SETTLED):
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - ago)
    return job


def summed():
    return JobTotal.objects.aggregate(jobs=Sum("jobs"), accepted=Sum("accepted"), left=Sum("not_attempted"))


def test_each_job_is_counted_once():
    over(a_job(accepted=5)), over(a_job(accepted=7))
    sum_up()
    sum_up()
    assert summed() == {"jobs": 2, "accepted": 12, "left": 0}


def test_a_job_that_has_just_ended_is_counted_later():
    job = over(a_job(accepted=5), SETTLED / 2)
    sum_up()
    assert not JobTotal.objects.exists()
    over(job)
    sum_up()
    assert summed()["jobs"] == 1


def test_running_jobs_are_not_counted():
    a_job(JobState.RUNNING, accepted=5)
    sum_up()
    assert not JobTotal.objects.exists()


def test_a_resumed_job_adds_only_what_its_rows_have_gained():
    job = over(a_job(JobState.KILLED, accepted=40, not_attempted=60, position=40))
    sum_up()
    Job.objects.filter(pk=job.pk).update(state="success", accepted=100, not_attempted=0, position=100)
    TotalsUntil.objects.update(at=timezone.now() - 1.8 * SETTLED)
    over(job, 1.5 * SETTLED)
    sum_up()
    assert summed() == {"jobs": 2, "accepted": 100, "left": 60}


def test_many_jobs_that_ended_at_the_same_moment_are_all_counted(monkeypatch):
    monkeypatch.setattr(totals, "BATCH", 3)
    at = timezone.now() - 2 * SETTLED
    for number in range(10):
        over(a_job(accepted=1, name=f"q{number}"))
    Job.objects.update(finished_at=at)
    over(a_job(accepted=1))
    sum_up()
    sum_up()
    assert summed()["jobs"] == 11


def test_totals_outlive_their_jobs():
    over(a_job(accepted=5))
    sum_up()
    Job.objects.all().delete()
    assert summed() == {"jobs": 1, "accepted": 5, "left": 0}


@pytest.mark.django_db(transaction=True)
def test_two_that_count_at_once_count_once():
    for _ in range(5):
        over(a_job(accepted=1))

    def count(_):
        try:
            sum_up()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert summed()["jobs"] == 5
