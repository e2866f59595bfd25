"""Each outcome is recorded once: also when its answer was lost, and never by who lost the job."""

import uuid

import pytest
from django.utils import timezone

from exports import accounting, rejects
from exports.accounting import Ending, Ledger
from exports.lease import Lease, LostLease
from exports.models import Job, JobReason, JobRequest, JobState
from exports.rejects import Reject

pytestmark = pytest.mark.django_db

BAD = Reject(2, "invalid", (("phone", "phone", "must be a phone number"),))
ENDING = Ending(0, 10, accepted=9, rejects=(BAD,))


@pytest.fixture
def lease(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    job = Job.objects.create(
        name="q", database_name="d", sql="select 1", next_attempt_at=timezone.now(), rows=30, not_attempted=30
    )
    held = Lease(job.pk)
    assert held.claim()
    return held


def settle(lease, ending, **known):
    Ledger(lease, Job.objects.get()).settle(ending, **known)


def counts():
    return Job.objects.values_list("position", "invalid", "accepted", "unknown", "not_attempted").get()


def test_an_outcome_moves_the_position_and_the_counts(lease):
    settle(lease, ENDING)
    assert counts() == (10, 1, 9, 0, 20)


def test_an_outcome_that_is_told_twice_counts_once(lease):
    job = Job.objects.get()
    for _ in range(2):
        Ledger(lease, job).settle(ENDING)
    assert counts() == (10, 1, 9, 0, 20)


def reasons():
    return list(JobReason.objects.values_list("field", "code", "rows"))


def test_reasons_are_counted_once_whoever_counts_them(lease):
    settle(lease, ENDING)
    for _ in range(2):
        accounting.tally(lease.pk)
    settle(lease, Ending(10, 20, accepted=9, rejects=(BAD._replace(row=12),)))
    assert reasons() == [("phone", "phone", 1)]
    accounting.tally(lease.pk)
    assert reasons() == [("phone", "phone", 2)]


def test_the_end_of_a_job_counts_the_reasons_that_are_left(lease):
    settle(lease, ENDING)
    assert accounting.end(lease.mine(), lease.pk, JobState.KILLED)
    assert reasons() == [("phone", "phone", 1)]


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b'[2,"inv')])
def test_a_job_ends_though_its_rejects_are_gone_or_damaged(lease, damage):
    settle(lease, ENDING)
    damage(Job.objects.get().folder / rejects.NAME)
    assert accounting.end(lease.mine(), lease.pk, JobState.KILLED)
    assert not reasons()


def test_who_lost_the_job_records_nothing(lease):
    Job.objects.update(lease_token=uuid.uuid4())
    with pytest.raises(LostLease):
        settle(lease, ENDING)
    assert counts() == (0, 0, 0, 0, 30)
    assert not JobReason.objects.exists()


def test_an_outcome_of_other_rows_than_the_next_ones_is_refused(lease):
    with pytest.raises(LostLease):
        settle(lease, Ending(10, 20, accepted=10))
    assert counts() == (0, 0, 0, 0, 30)


def test_invalid_rows_found_twice_count_once(lease):
    for _ in range(2):
        assert accounting.record_invalid(lease, [BAD]) == 1
    assert counts() == (0, 1, 0, 0, 29)
    assert [r.row for r in rejects.read(Job.objects.get().folder, Job.objects.get().rejects_bytes)] == [2]


@pytest.mark.parametrize(
    ("state", "maybe_in", "first_row", "unknown"),
    [
        ("sending", False, 0, 10),  # no answer has come
        ("retrying", True, 0, 10),  # a server error: some may be in
        ("retrying", False, 0, 0),  # asked to slow down: nothing is in
        ("stopped", True, 0, 10),
        ("stopped", False, 0, 0),
        ("divided", True, 0, 10),  # refused at a later try; an earlier one may have left some in
        ("divided", False, 0, 0),
    ],
)
def test_at_the_end_what_may_be_in_is_unknown(lease, state, maybe_in, first_row, unknown):
    request = {"number": 1, "first_row": first_row, "end_row": 10, "events": 10, "state": state, "maybe_in": maybe_in}
    JobRequest.objects.create(job_id=lease.pk, sent_at=timezone.now(), **request)
    assert accounting.end(lease.mine(), lease.pk, JobState.ERROR)
    assert counts() == (0, 0, 0, unknown, 30 - unknown)


def test_a_job_ends_once(lease):
    assert accounting.end(lease.mine(), lease.pk, JobState.KILLED)
    assert not accounting.end(lease.mine(), lease.pk, JobState.ERROR)
    assert Job.objects.get().state == JobState.KILLED
