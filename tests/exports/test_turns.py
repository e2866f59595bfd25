"""Jobs of one tag send one after the other, and each gets its turn."""

import pytest
from django.utils import timezone

from exports import turns
from exports.endings import RetryLater
from exports.lease import JobKilled, Lease
from exports.models import Job, TagLease
from exports.turns import Turns

pytestmark = pytest.mark.django_db
TAG = "line_conversion:/v1/tag/events"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(turns, "POLL_SECONDS", 0.0)


def sender(priority=0):
    job = Job.objects.create(
        name="q", database_name="d", sql="select 1", next_attempt_at=timezone.now(), priority=priority
    )
    lease = Lease(job.pk)
    assert lease.claim()
    return Turns(job, lease)


def takes(turn):
    try:
        turn.take(TAG)
    except RetryLater:
        return False
    return True


def test_only_one_job_has_the_turn():
    first, second = sender(), sender()
    assert (takes(first), takes(second)) == (True, False)
    first.give()
    assert takes(second)


def test_a_turn_is_kept_from_request_to_request(django_assert_num_queries):
    turn = sender()
    turn.take(TAG)
    with django_assert_num_queries(0):
        turn.take(TAG)


def test_who_has_waited_goes_first_when_the_turn_is_over():
    first, second = sender(), sender()
    first.take(TAG)
    assert not takes(second)
    first.until = 0.0
    assert not takes(first)
    assert takes(second)


def test_alone_a_job_goes_on_when_its_turn_is_over():
    turn = sender()
    turn.take(TAG)
    turn.until = 0.0
    assert takes(turn)


def test_a_booking_that_nobody_comes_for_lapses(monkeypatch):
    first, second = sender(), sender()
    first.take(TAG)
    assert not takes(second)
    TagLease.objects.update(next_until=timezone.now() - timezone.timedelta(seconds=1))
    first.until = 0.0
    assert takes(first)


def test_the_turn_of_a_job_without_worker_is_free():
    first, second = sender(), sender()
    first.take(TAG)
    Job.objects.filter(pk=first.lease.pk).update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    assert takes(second)


def test_a_higher_priority_has_longer_turns():
    assert sender(priority=2).length == 4 * sender().length == 16 * sender(priority=-2).length


def test_stop_ends_the_wait(monkeypatch):
    monkeypatch.setattr(turns, "WAIT_SECONDS", 60.0)
    first, second = sender(), sender()
    first.take(TAG)
    second.lease.kill = True
    with pytest.raises(JobKilled):
        second.take(TAG)


def test_another_tag_is_another_turn():
    first, second = sender(), sender()
    first.take(TAG)
    second.take("line_conversion:/v1/other/events")
    assert TagLease.objects.count() == 2


def test_a_turn_at_another_tag_gives_up_the_first():
    turn = sender()
    turn.take(TAG)
    turn.take("line_conversion:/v1/other/events")
    assert TagLease.objects.get(tag=TAG).token is None
