"""What cannot be done holds up nothing else: neither other jobs nor schedules."""

from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from exports import dispatch, events, preview
from exports.models import Job, JobState
from tests.exports.factories import a_job
from tests.exports.schedules import a_schedule, at, hours

pytestmark = pytest.mark.django_db


def dead(**values):
    """A job whose worker is gone."""
    return a_job(JobState.RUNNING, lease_until=timezone.now() - timedelta(minutes=1), **values).pk


def states():
    return dict(Job.objects.order_by("pk").values_list("pk", "state"))


@pytest.fixture
def faulty(monkeypatch):
    """`faulty(pk)`: this job cannot be ended."""
    end = events.end

    def make(faulty):
        def end_or_fail(job, pk, state, **values):
            if pk == faulty:
                raise KeyError("lost")
            return end(job, pk, state, **values)

        monkeypatch.setattr(events, "end", end_or_fail)

    return make


def test_a_dead_worker_s_job_that_cannot_be_ended_holds_up_no_other(faulty, caplog):
    first, second, third = dead(takeovers=dispatch.TAKEOVERS), dead(takeovers=dispatch.TAKEOVERS), dead()
    faulty(first)
    dispatch.tick()
    assert states() == {first: JobState.RUNNING, second: JobState.ERROR, third: JobState.QUEUED}
    assert f"Job {first} cannot be ended" in caplog.text


def test_a_stopped_job_that_cannot_be_ended_holds_up_no_other(faulty):
    first, second = (a_job(JobState.RETRY_WAIT, kill_requested=True).pk for _ in range(2))
    faulty(first)
    dispatch.tick()
    assert states() == {first: JobState.RETRY_WAIT, second: JobState.KILLED}


def test_a_step_that_fails_holds_up_no_other_and_its_error_is_raised(monkeypatch):
    def fail(now):
        raise KeyError("lost")

    schedule = a_schedule("* * * * *", slot=at(9))
    monkeypatch.setattr(dispatch, "take_over", fail)
    with time_machine.travel(at(9), tick=False), pytest.raises(ExceptionGroup) as raised:
        dispatch.tick()
    assert raised.group_contains(KeyError)
    assert (hours(schedule), Job.objects.get().hinted_at) == ([9], at(9))


def test_a_database_that_is_away_ends_the_tick_at_once(monkeypatch):
    def away(now):
        raise OperationalError("away")

    monkeypatch.setattr(dispatch, "take_over", away)
    monkeypatch.setattr(dispatch, "hint_due", lambda now: pytest.fail("it went on"))
    with pytest.raises(OperationalError):
        dispatch.tick()


def test_what_cannot_be_tidied_keeps_nothing_else_from_it(monkeypatch):
    swept = []

    def fail():
        raise PermissionError("a folder of somebody else")

    monkeypatch.setattr(preview, "sweep", fail)
    monkeypatch.setattr(dispatch, "sweep", lambda: swept.append("tables"))
    with pytest.raises(ExceptionGroup):
        dispatch.tidy()
    assert swept == ["tables"]
