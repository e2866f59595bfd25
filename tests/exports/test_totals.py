"""Totals of ended jobs: each job once an ending, and nothing falls when jobs are resumed or deleted."""

import pytest
from django.db.models import Sum
from django.utils import timezone

from exports import events
from exports.models import Job, JobState
from exports.upkeep_models import JobTotal
from tests.exports.factories import a_job

pytestmark = pytest.mark.django_db


def end(job, state="success", **counts):
    Job.objects.filter(pk=job.pk).update(**counts)
    return events.end(Job.objects.filter(pk=job.pk), job.pk, state)


def waiting(**values):
    return a_job(JobState.QUEUED, **values)


def summed():
    return JobTotal.objects.aggregate(jobs=Sum("jobs"), accepted=Sum("accepted"), left=Sum("not_attempted"))


def test_each_job_counts_when_it_ends():
    end(waiting(accepted=5)), end(waiting(accepted=7)), waiting(accepted=9)
    assert summed() == {"jobs": 2, "accepted": 12, "left": 0}


def test_they_are_told_apart_by_outcome_connector_and_mode():
    end(waiting(accepted=5)), end(waiting(accepted=5, invalid=1)), end(waiting(exports=False), "error")
    end(waiting(accepted=5, mode="test"))
    kinds = JobTotal.objects.order_by("pk").values_list("outcome", "connector_key", "mode")
    line = "line_conversion"
    expected = [("success", line, "send"), ("rejects", line, "send"), ("error", "", "send"), ("success", line, "test")]
    assert list(kinds) == expected


def test_a_job_that_may_not_end_does_not_count():
    job = waiting()
    assert not events.end(Job.objects.filter(pk=job.pk, state="running"), job.pk, "success")
    assert not JobTotal.objects.exists()


def test_a_resumed_job_adds_only_what_its_rows_have_gained():
    job = waiting(accepted=40, not_attempted=60, position=40)
    end(job, "killed")
    Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None, next_attempt_at=timezone.now())
    end(job, accepted=100, not_attempted=0, position=100)
    assert summed() == {"jobs": 2, "accepted": 100, "left": 60}


def test_totals_outlive_their_jobs():
    end(waiting(accepted=5))
    Job.objects.all().delete()
    assert summed() == {"jobs": 1, "accepted": 5, "left": 0}
