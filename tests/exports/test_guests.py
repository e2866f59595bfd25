"""Apps above beside jobs: their steps with each tick, and a fair share of the queue."""

import pytest
from django.utils import timezone

from exports import dispatch, guests
from exports.guests import Work, share
from tests.exports.test_lease import job

NOW = timezone.now()


def work(due, told, *, held=0):
    return Work(lambda now, most: list(due)[:most], lambda pk, now: told.append(pk), lambda now: held)


def test_room_is_filled_in_turns():
    told = []
    share([work([1, 2, 3], told), work([11, 12, 13], told)], 4, NOW)
    assert told == [1, 11, 2, 12]


def test_what_has_more_in_the_queue_waits():
    told = []
    share([work([1, 2, 3], told, held=2), work([11, 12, 13], told)], 4, NOW)
    assert told == [11, 12, 1, 13]


def test_one_that_waits_alone_gets_all_the_room():
    told = []
    share([work([1, 2, 3], told, held=5), work([], told)], 2, NOW)
    share([work([4], told), work([5], told)], 0, NOW)
    assert told == [1, 2]


@pytest.mark.django_db
def test_a_guest_that_faults_holds_up_no_job(monkeypatch):
    def fault(now):
        raise ZeroDivisionError

    monkeypatch.setattr(guests, "_steps", [fault])
    waiting = job()
    with pytest.raises(ExceptionGroup):
        dispatch.tick()
    waiting.refresh_from_db()
    assert waiting.hinted_at
