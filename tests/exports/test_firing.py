"""Due slots: each gets one job or a reason why it has none, and no schedule holds up another."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError

from exports import dispatch, firing
from exports.models import ExportTarget, Job, JobState
from exports.results import NAME, KeptResult
from exports.run import run_job
from exports.schedule_models import Schedule, Slot
from tests.exports.factories import a_query as another_query
from tests.exports.factories import an_authentication
from tests.exports.queries import a_query
from tests.exports.schedules import a_schedule, at, hours, skipped

pytestmark = pytest.mark.django_db


def jobs(schedule):
    return list(Job.objects.filter(schedule=schedule).order_by("pk"))


def test_a_due_slot_gets_a_job_of_the_query_as_it_is_saved(editor):
    query = a_query(user=editor)
    schedule = a_schedule(slot=at(9), query=query, user=editor)
    firing.fire(at(9))
    job = jobs(schedule)[0]
    assert (job.query, job.query_version, job.sql, job.created_by) == (query, 1, query.sql, editor)
    assert (job.scheduled_for, job.state) == (at(9), JobState.QUEUED)


def test_the_job_of_a_slot_exports_as_the_query_does():
    schedule, authentication = a_schedule(slot=at(9)), an_authentication()
    mapping = {"email": {"column": "email"}}
    ExportTarget.objects.create(query=schedule.query, authentication=authentication, mapping=mapping, settings={"a": 1})
    firing.fire(at(9))
    job = jobs(schedule)[0]
    assert (job.authentication, job.mapping, job.settings, job.mode) == (authentication, mapping, {"a": 1}, "send")


def test_the_log_says_for_which_slot_it_runs():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(9))
    assert jobs(schedule)[0].log.get().text == "Query queued by its schedule for 2026-11-24 18:00 JST."


def test_nothing_runs_before_its_time():
    schedule = a_schedule(slot=at(9), delay=600)
    firing.fire(at(9, 9, 59))
    assert jobs(schedule) == []


def test_a_delayed_slot_runs_later_for_its_own_time():
    schedule = a_schedule(slot=at(9), delay=600)
    firing.fire(at(9, 10))
    schedule.refresh_from_db()
    assert [job.scheduled_for for job in jobs(schedule)] == [at(9)]
    assert (schedule.next_slot, schedule.next_run_at) == (at(10), at(10, 10))


def test_slots_that_wait_for_a_delay_longer_than_their_distance_all_run():
    schedule = a_schedule(slot=at(9), delay=3 * 3600)
    for hour in range(9, 15):
        firing.fire(at(hour))
    assert hours(schedule) == [9, 10, 11]


def test_the_next_slot_follows_the_zone_of_the_schedule():
    schedule = a_schedule("0 9 * * *", slot=at(0), time_zone="Asia/Tokyo")
    firing.fire(at(0))
    schedule.refresh_from_db()
    assert schedule.next_run_at == at(0, day=25)


def test_a_local_time_that_comes_twice_has_two_slots():
    summer, winter = at(8, day=1), at(9, day=1)  # 01:00 PDT, 01:00 PST
    schedule = a_schedule("0 1 * * *", slot=summer, time_zone="America/Los_Angeles")
    firing.fire(summer)
    firing.fire(winter)
    assert [job.scheduled_for for job in jobs(schedule)] == [summer, winter]


def test_a_disabled_schedule_does_not_run():
    schedule = a_schedule(slot=at(9))
    Schedule.objects.update(enabled=False, next_slot=None, next_run_at=None)
    firing.fire(at(10))
    assert jobs(schedule) == []


def test_a_slot_is_recorded_with_its_job():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(9))
    slot = Slot.objects.get()
    assert (slot.scheduled_for, slot.job, slot.skipped, slot.backfilled) == (at(9), jobs(schedule)[0], "", False)


def test_a_slot_that_was_dealt_with_is_not_run_again():
    schedule = a_schedule(slot=at(9))
    Slot.objects.create(schedule=schedule, scheduled_for=at(9))
    firing.fire(at(9))
    schedule.refresh_from_db()
    assert (jobs(schedule), schedule.next_slot) == ([], at(10))


def test_the_dispatcher_wakes_a_worker_for_the_slot():
    schedule = a_schedule("* * * * *", slot=at(9))
    with time_machine.travel(at(9)):
        dispatch.tick()
    assert jobs(schedule)[0].hinted_at is not None


# --- missed slots -------------------------------------------------------------------------------------------------


def test_a_slot_that_is_a_minute_late_was_not_missed():
    schedule = a_schedule(slot=at(9), missed="skip")
    firing.fire(at(9, 1))
    assert hours(schedule) == [9]


def test_missed_slots_run_each_in_their_order():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(12, 30))
    schedule.refresh_from_db()
    assert (hours(schedule), skipped(schedule), schedule.next_slot) == ([9, 10, 11, 12], {}, at(13))


def test_of_many_missed_slots_the_last_ten_run():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(20, 30))
    assert hours(schedule) == list(range(11, 21))
    why = "Its time passed while no worker ran on this server. Of such slots the last 10 run."
    assert skipped(schedule) == {9: why, 10: why}


def test_of_missed_slots_only_the_latest_runs():
    schedule = a_schedule(slot=at(9), missed="latest")
    firing.fire(at(12, 30))
    assert hours(schedule) == [12]
    assert list(skipped(schedule)) == [9, 10, 11]


def test_missed_slots_are_skipped():
    schedule = a_schedule(slot=at(9), missed="skip")
    firing.fire(at(12))
    assert hours(schedule) == [12]
    assert skipped(schedule)[11] == "Its time passed while no worker ran on this server."


def test_the_history_of_a_long_absence_is_not_endless():
    schedule = a_schedule("* * * * *", slot=at(0, day=1), missed="skip")
    firing.fire(at(9))
    told = schedule.slots.exclude(skipped="").order_by("scheduled_for")
    assert told.count() == firing.MOST_TOLD
    assert told[0].skipped.endswith("Earlier ones are not listed.")


# --- the last ones -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [at(9), at(9, 0, 30), at(20, day=28)])
def test_a_schedule_of_one_minute_runs_once_however_late(now):
    schedule = a_schedule("0 9 24 11 *", slot=at(9), starts_at=at(9), ends_at=at(9))
    firing.fire(at(8, 59))
    for _ in range(2):
        firing.fire(now)
    schedule.refresh_from_db()
    assert (hours(schedule), schedule.slots.count()) == ([9], 1)
    assert (schedule.next_slot, schedule.next_run_at, schedule.ended, schedule.disabled_why) == (None, None, True, "")


def test_slots_after_the_end_do_not_exist_and_those_missed_before_it_run():
    schedule = a_schedule(slot=at(9), ends_at=at(11, 59), delay=600)
    firing.fire(at(20))
    schedule.refresh_from_db()
    assert (hours(schedule), skipped(schedule), schedule.ended) == ([9, 10, 11], {}, True)


def test_a_last_slot_that_is_skipped_ends_the_schedule_too():
    schedule = a_schedule(slot=at(9), starts_at=at(9), ends_at=at(9), missed="skip")
    firing.fire(at(12))
    schedule.refresh_from_db()
    assert (hours(schedule), list(skipped(schedule)), schedule.ended) == ([], [9], True)


# --- broken ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"cron": "61 * * * *"}, "The schedule cannot be read: minute: 61 is not within 0–59."),
        ({"time_zone": "Mars/Olympus"}, "The schedule cannot be read: There is no time zone “Mars/Olympus”."),
        ({"missed": "perhaps"}, "The schedule cannot be read: Missed slots: perhaps is not one of"),
    ],
)
def test_a_schedule_that_cannot_be_read_is_disabled_and_holds_up_no_other(broken, says, caplog):
    first, second = a_schedule(slot=at(9)), a_schedule(slot=at(9))
    Schedule.objects.filter(pk=first.pk).update(**broken)
    firing.fire(at(9))
    first.refresh_from_db()
    assert (first.enabled, first.next_run_at, hours(second)) == (False, None, [9])
    assert first.disabled_why.startswith(says)
    assert f"Schedule {first.pk} cannot be read" in caplog.text


def test_a_schedule_with_a_fault_is_tried_again_and_holds_up_no_other(monkeypatch, caplog):
    first, second = a_schedule(slot=at(9)), a_schedule(slot=at(9))
    make = firing._job

    def faulty(schedule, slot):
        if schedule.pk == first.pk:
            raise KeyError("lost")
        return make(schedule, slot)

    monkeypatch.setattr(firing, "_job", faulty)
    with caplog.at_level(logging.ERROR):
        firing.fire(at(9))
    first.refresh_from_db()
    assert (hours(first), hours(second)) == ([], [9])
    assert (first.next_slot, first.next_run_at, first.problem) == (at(9), at(9, 1), firing.PROBLEM)
    assert f"Schedule {first.pk}: its slot cannot be dealt with" in caplog.text


def test_a_fault_that_is_over_leaves_no_trace(monkeypatch):
    schedule = a_schedule(slot=at(9))
    Schedule.objects.update(problem=firing.PROBLEM, next_run_at=at(9, 1))
    firing.fire(at(9, 1))
    schedule.refresh_from_db()
    assert (hours(schedule), schedule.problem) == ([9], "")


def test_slots_that_a_fault_kept_from_running_say_so():
    schedule = a_schedule(slot=at(9), missed="latest")
    Schedule.objects.update(problem=firing.PROBLEM)
    firing.fire(at(10, 30))
    why = "Its time passed while a fault in the console kept it from running. Of such slots the latest one runs."
    assert (hours(schedule), skipped(schedule)) == ([10], {9: why})


def test_a_database_that_is_away_is_no_fault_of_a_schedule(monkeypatch):
    schedule = a_schedule(slot=at(9))

    def away(*args):
        raise OperationalError("away")

    monkeypatch.setattr(firing, "_advance", away)
    with pytest.raises(OperationalError):
        firing.fire(at(9))
    schedule.refresh_from_db()
    assert (schedule.next_run_at, schedule.problem) == (at(9), "")


def test_what_is_not_done_in_time_is_left_for_the_next_call(monkeypatch):
    monkeypatch.setattr(firing, "BATCH", 2)
    for _ in range(5):
        a_schedule(slot=at(9))
    firing.fire(at(9), seconds=0)
    assert Slot.objects.count() == 0
    firing.fire(at(9))
    assert Slot.objects.count() == 5


def test_a_deleted_job_leaves_its_slot():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(9))
    Job.objects.all().delete()
    assert (Slot.objects.get().job, Slot.objects.get().schedule) == (None, schedule)


@pytest.mark.django_db(transaction=True)
def test_td_scheduled_time_is_the_slot_not_the_run_time():
    query = another_query(sql="select td_scheduled_time() as slot", engine="trino")
    schedule = a_schedule(slot=at(9), query=query, delay=60)
    firing.fire(at(9, 1) + timedelta(seconds=1))
    job = jobs(schedule)[0]
    run_job(job.pk)
    assert KeptResult(job.folder / NAME).rows([0]).to_pylist() == [{"slot": int(at(9).timestamp())}]
