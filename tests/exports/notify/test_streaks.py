"""One outage does not send a thousand messages."""

from datetime import UTC, datetime, timedelta

import pytest

from exports import schedules
from exports.models import ErrorKind, JobState
from exports.notify import streaks
from exports.notify.models import Event, Message
from exports.schedule_models import Schedule
from tests.exports.notify.conftest import end

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONFIGURATION, TRANSIENT = ErrorKind.CONFIGURATION, ErrorKind.TRANSIENT


@pytest.mark.parametrize(("count", "told"), [(1, True), (2, False), (3, True), (4, False), (5, True), (6, False)])
def test_the_first_third_and_fifth_failure_are_told(count, told):
    assert streaks.worth_telling(count, NOON, NOON) is told


@pytest.mark.parametrize(("hours", "told"), [(23, False), (24, True)])
def test_later_failures_are_told_once_a_day(hours, told):
    assert streaks.worth_telling(40, NOON, NOON + timedelta(hours=hours)) is told


def told():
    """The events told, in order."""
    return list(Message.objects.order_by("pk").values_list("event", flat=True))


def test_five_configuration_errors_are_three_messages_and_the_last_says_disabled(schedule, default):
    for _ in range(5):
        end(schedule, kind=CONFIGURATION)
    assert told() == [Event.FAILURE, Event.FAILURE, Event.DISABLED]
    last = Message.objects.first()
    assert last.subject.endswith("failed, and the schedule is disabled")
    assert "5 jobs in a row ended in a configuration error." in last.body


def test_transient_failures_are_told_too_and_never_disable(schedule, default):
    for _ in range(8):
        end(schedule, kind=TRANSIENT)
    assert told() == [Event.FAILURE] * 3
    assert Schedule.objects.get().enabled


def test_a_long_outage_is_told_again_after_a_day(schedule, default, time_machine):
    time_machine.move_to(NOON)
    for _ in range(6):
        end(schedule, kind=TRANSIENT)
    time_machine.move_to(NOON + timedelta(hours=25))
    end(schedule, kind=TRANSIENT)
    end(schedule, kind=TRANSIENT)
    assert told() == [Event.FAILURE] * 4


def test_another_cause_is_told_at_once(schedule, default):
    for kind in (TRANSIENT, TRANSIENT, CONFIGURATION):
        end(schedule, kind=kind)
    assert told() == [Event.FAILURE] * 2


def test_the_first_success_after_failures_is_told_once(schedule, default):
    for state in (JobState.ERROR, JobState.ERROR, JobState.SUCCESS, JobState.SUCCESS):
        end(schedule, state, TRANSIENT)
    assert told() == [Event.FAILURE, Event.RECOVERY]


def test_after_a_success_failures_count_anew(schedule, default):
    for state in (JobState.ERROR, JobState.SUCCESS, JobState.ERROR):
        end(schedule, state, TRANSIENT)
    assert told() == [Event.FAILURE, Event.RECOVERY, Event.FAILURE]


def test_a_schedule_that_was_enabled_again_counts_anew(schedule, default, editor):
    for _ in range(5):
        end(schedule, kind=CONFIGURATION)
    schedules.resume(schedule, user=editor)
    end(schedule, kind=CONFIGURATION)
    assert told()[-1] == Event.FAILURE
    assert "Configuration errors in a row: 1." in Message.objects.first().body


def test_many_rejects_are_told_in_the_same_rhythm_until_there_are_few(schedule, default):
    for invalid in (20, 20, 20, 20, 2, 20):
        end(schedule, JobState.SUCCESS, exports=True, accepted=100 - invalid, invalid=invalid)
    assert told() == [Event.REJECTS] * 3
