"""Plain SQL does what the ORM would have done, on either database."""

import uuid
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from exports.models import Job, JobRequest, JobState
from exports.statements import Insert, Select, Update

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 3, 9, 15, 0, 123456, tzinfo=UTC)


@pytest.fixture
def job():
    return Job.objects.create(
        name="q",
        database_name="d",
        sql="select 1",
        next_attempt_at=timezone.now(),
        rows=5,
        not_attempted=5,
        state=JobState.RUNNING,
        lease_token=uuid.uuid4(),
        lease_until=timezone.now(),
    )


def test_an_update_sets_and_adds_where_all_is_as_asked(job):
    update = Update(
        Job, sets=("division", "throttled_since"), adds=("accepted", "not_attempted"), where=("id", "lease_token")
    )
    assert update({"é": [1]}, AT, 2, -2, job.pk, job.lease_token) == 1
    job.refresh_from_db()
    assert (job.division, job.throttled_since, job.accepted, job.not_attempted) == ({"é": [1]}, AT, 2, 3)


def test_an_update_of_a_row_that_is_otherwise_changes_nothing(job):
    update = Update(Job, sets=("tries",), where=("id", "lease_token"))
    assert update(7, job.pk, uuid.uuid4()) == 0
    job.refresh_from_db()
    assert job.tries == 0


def test_an_inserted_row_is_what_was_saved(job):
    values = {"number": 1, "first_row": 0, "end_row": 9, "events": 8, "bytes": 700, "state": "sending", "sent_at": AT}
    request = JobRequest(job=job, attempts=[{"code": None}], maybe_in=True, **values)
    Insert(JobRequest)(request)
    found = JobRequest.objects.get(pk=request.pk)
    assert {name: getattr(found, name) for name in values} == values
    assert (found.job, found.attempts, found.maybe_in) == (job, [{"code": None}], True)


def test_an_inserted_row_can_be_saved_again(job):
    request = JobRequest(job=job, number=1, first_row=0, end_row=9, events=8, state="sending", sent_at=AT)
    Insert(JobRequest)(request)
    request.state = "accepted"
    request.save()
    assert JobRequest.objects.get().state == "accepted"


def test_a_select_tells_a_changed_row_from_an_unchanged_one(job):
    select = Select(Job, ("division", "sql"))
    before = select(job.pk)
    assert select(job.pk) == before
    Job.objects.update(division={"a": 1})
    assert select(job.pk) != before
    assert select(job.pk + 1) is None
