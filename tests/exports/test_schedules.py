"""What people do with schedules: set, change, pause, enable, remove, run now, backfill."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine

from exports import dispatch, firing, queries, schedules, timing
from exports import jobs as jobs_of_people
from exports.errors import NotPossible
from exports.models import Job, Query
from exports.schedule_models import Schedule, Slot
from exports.timing import ScheduleError, Timing
from tests.exports.factories import a_job, a_query
from tests.exports.queries import a_text
from tests.exports.schedules import a_schedule, at, hours, skipped

pytestmark = pytest.mark.django_db
HOURLY = Timing("0 * * * *")


@pytest.fixture(autouse=True)
def at_half_past_nine():
    with time_machine.travel(at(9, 30), tick=False):
        yield


def jobs(schedule):
    return list(Job.objects.filter(schedule=schedule).order_by("pk"))


# --- set, change, remove ------------------------------------------------------------------------------------------


def test_a_schedule_waits_for_its_first_slot_from_now_on(editor):
    schedule = schedules.save(a_query(), Timing("0 9 * * *", "Asia/Tokyo", delay=90), user=editor)
    schedule.refresh_from_db()
    assert (schedule.next_slot, schedule.next_run_at) == (at(0, day=25), at(0, 1, 30, day=25))
    assert (schedule.enabled, schedule.changed_by, schedule.changed_at) == (True, editor, at(9, 30))


def test_a_new_schedule_has_no_slot_before_it_was_made():
    schedule = schedules.save(a_query(), Timing("0 * * * *", delay=3600), user=None)
    assert schedule.next_slot == at(10)


def test_every_setting_that_is_wrong_is_named():
    with pytest.raises(ScheduleError) as refused:
        schedules.save(a_query(), Timing("0 0 31 2 *", "EST", -1, "never", "both"), user=None)
    assert refused.value.problems == {
        "cron": "This never runs: day of month 31 does not exist in month 2.",
        "time_zone": "There is no time zone “EST”. Write a name such as Asia/Tokyo, or UTC.",
        "delay": "The delay must be 0 to 2,592,000 seconds (30 days).",
        "missed": "Missed slots: never is not one of each, latest, skip.",
        "overlap": "Overlap: both is not one of queue, skip.",
    }


def test_monthly_is_for_the_api_only():
    query = a_query()
    with pytest.raises(ScheduleError):
        schedules.save(query, Timing("@monthly"), user=None)
    schedule = schedules.save(query, Timing("@monthly"), user=None, monthly=True)
    with time_machine.travel(at(0, day=1) + timedelta(days=30), tick=False):
        dispatch.tick()
    assert [job.scheduled_for.month for job in jobs(schedule)] == [12]


def test_a_change_counts_from_the_next_slot_on():
    schedule = a_schedule(slot=at(10))
    changed = schedules.save(schedule.query, Timing("45 * * * *"), user=None)
    assert (changed.pk, changed.next_slot) == (schedule.pk, at(9, 45))


def test_a_change_keeps_the_slots_that_wait_for_their_delay():
    schedule = a_schedule(slot=at(9), delay=3600)
    changed = schedules.save(schedule.query, Timing("0 * * * *", delay=7200), user=None)
    assert (changed.next_slot, changed.next_run_at) == (at(9), at(11))


def test_a_change_of_the_times_drops_the_slots_that_wait_for_their_delay():
    schedule = a_schedule(slot=at(9), delay=3600)
    changed = schedules.save(schedule.query, Timing("*/5 * * * *", delay=3600), user=None)
    assert changed.next_slot == at(9, 35)


def test_a_change_repeats_no_slot():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(9, 30))
    schedules.save(schedule.query, Timing("0 * * * *", delay=3600), user=None)
    firing.fire(at(11))
    assert hours(schedule) == [9, 10]


def test_a_schedule_waits_for_its_start_and_has_no_slot_after_its_end():
    query = a_query()
    times = Timing("0 * * * *", starts_at=at(11, 30), ends_at=at(13))
    schedule = schedules.save(query, times, user=None)
    assert (schedule.next_slot, schedules.timing_of(query)) == (at(12), times)
    over = schedules.save(query, replace(times, starts_at=at(7), ends_at=at(9, 29)), user=None)
    assert (over.next_slot, over.next_run_at, over.enabled, over.ended) == (None, None, True, True)


def test_an_end_that_moves_lets_a_schedule_go_on_without_the_slots_between():
    schedule = a_schedule(slot=at(7), ends_at=at(7))
    firing.fire(at(7))
    changed = schedules.save(schedule.query, Timing("0 * * * *", ends_at=at(12)), user=None)
    firing.fire(at(10))
    assert (changed.next_slot, hours(schedule)) == (at(10), [7, 10])


@pytest.mark.parametrize(
    ("cron", "span", "says"),
    [
        ("0 * * * *", (at(11), at(10)), {"ends_at": timing.BACKWARDS}),
        ("0 9 * * *", (at(9, 0, 1), at(8, day=25)), {"ends_at": timing.NO_SLOT}),
        ("0 0 1 1 *", (at(10), at(10)), {"ends_at": timing.NO_SLOT}),
        ("0 * * * *", (at(10).replace(year=9999), None), {"starts_at": "The start must be in the years 1970 to 8999."}),
        ("0 * * * *", (None, at(10).replace(year=1)), {"ends_at": "The end must be in the years 1970 to 8999."}),
    ],
)
def test_a_start_and_an_end_that_cannot_be_are_named(cron, span, says):
    with pytest.raises(ScheduleError) as refused:
        schedules.save(a_query(), Timing(cron, starts_at=span[0], ends_at=span[1]), user=None)
    assert refused.value.problems == says and not Schedule.objects.exists()


def test_a_version_keeps_start_and_end_and_the_next_schedule_begins_without():
    query = a_query()
    times = Timing("0 9 * * *", "Asia/Tokyo", 60, starts_at=at(0), ends_at=at(0, day=30))
    queries.update(query, replace(queries.stored(query), schedule=times), base=query.version, user=None)
    kept = query.versions.get(number=query.version).schedule
    assert (kept["starts_at"], timing.read(kept)) == ("2026-11-24T00:00:00+00:00", times)
    schedules.remove(query)
    query = Query.objects.get()
    assert schedules.settings_of(query) == Timing("", "Asia/Tokyo", 60)
    query.idle_schedule |= {"starts_at": "2026-11-24T09:00:00+09:00", "ends_at": None}
    assert schedules.settings_of(query).starts_at == at(0)


def test_a_removed_schedule_leaves_its_jobs():
    schedule = a_schedule(slot=at(9))
    firing.fire(at(9))
    schedules.remove(schedule.query)
    firing.fire(at(10))
    assert (schedules.of(schedule.query), Job.objects.count()) == (None, 1)


def test_a_deleted_query_takes_its_schedule_with_it():
    schedule = a_schedule(slot=at(10))
    queries.delete(schedule.query)
    assert not Schedule.objects.exists()


# --- pause, resume ------------------------------------------------------------------------------------------------


def test_a_paused_schedule_does_not_run_and_says_who_paused_it(editor):
    schedule = a_schedule(slot=at(9))
    assert schedules.pause(schedule, user=editor)
    assert not schedules.pause(schedule, user=editor)
    firing.fire(at(12))
    schedule.refresh_from_db()
    assert (jobs(schedule), schedule.disabled_at) == ([], at(9, 30))
    assert schedule.disabled_why == f"Paused by {editor.display_name}."


def test_a_change_does_not_enable_a_paused_schedule(editor):
    schedule = a_schedule(slot=at(10))
    schedules.pause(schedule, user=editor)
    changed = schedules.save(schedule.query, Timing("*/5 * * * *"), user=editor)
    assert (changed.enabled, changed.cron, changed.next_run_at) == (False, "*/5 * * * *", None)


def test_a_resumed_schedule_goes_on_from_now_and_its_failures_count_anew(editor):
    schedule = a_schedule(slot=at(5), failures=5)
    schedules.pause(schedule, user=editor)
    resumed = schedules.resume(schedule, user=editor)
    assert (resumed.enabled, resumed.failures, resumed.next_slot) == (True, 0, at(10))
    assert (resumed.disabled_at, resumed.disabled_why, resumed.changed_by) == (None, "", editor)


def test_a_schedule_that_ended_meanwhile_is_resumed_without_a_next_slot(editor):
    schedule = a_schedule(slot=at(5), ends_at=at(9))
    schedules.pause(schedule, user=editor)
    assert schedules.resume(schedule, user=editor).ended


def test_a_schedule_that_cannot_be_read_is_not_resumed(editor):
    schedule = a_schedule(slot=at(10))
    schedules.pause(schedule, user=editor)
    Schedule.objects.update(cron="61 * * * *")
    with pytest.raises(ScheduleError, match="61 is not within"):
        schedules.resume(schedule, user=editor)


# --- run now ------------------------------------------------------------------------------------------------------


def test_a_run_now_is_beside_the_slots(editor):
    schedule = a_schedule(slot=at(10), overlap="skip")
    job = schedules.run_now(schedule.query, user=editor)
    assert (job.scheduled_for, job.schedule, job.created_by, job.query_version) == (None, None, editor, 3)
    firing.fire(at(10))
    assert hours(schedule) == [10]


def test_a_run_now_may_stand_for_another_time(editor):
    job = schedules.run_now(a_query(), user=editor, scheduled_for=at(3))
    assert job.scheduled_for == at(3)


def test_a_job_that_goes_on_from_another_stands_for_the_same_time(editor):
    parent = a_job(scheduled_for=at(3))
    assert jobs_of_people.start(text=a_text(), name="q", user=editor, parent=parent).scheduled_for == at(3)
    assert jobs_of_people.run_again(parent, user=editor).scheduled_for == at(3)


# --- backfill -----------------------------------------------------------------------------------------------------


def test_a_backfill_runs_the_slots_from_a_past_time_on():
    schedule = a_schedule(slot=at(10))
    made = schedules.backfill(schedule, at(4, 30), 3).jobs
    assert [job.scheduled_for for job in made] == [at(5), at(6), at(7)]
    assert list(schedule.slots.values_list("backfilled", flat=True)) == [True] * 3


def test_a_backfill_ends_at_the_present():
    schedule = a_schedule(slot=at(10))
    schedules.backfill(schedule, at(8), 10)
    assert hours(schedule) == [8, 9]


def test_a_backfill_knows_no_slot_before_the_start_and_after_the_end():
    schedule = a_schedule(slot=at(7), starts_at=at(6), ends_at=at(7, 59))
    schedules.backfill(schedule, at(4), 10)
    assert hours(schedule) == [6, 7]
    with pytest.raises(NotPossible):
        schedules.backfill(schedule, at(8), 1)


def test_a_backfill_tells_the_slots_that_have_run_and_runs_those_that_were_skipped():
    schedule = a_schedule(slot=at(7), missed="latest")
    firing.fire(at(8, 30))
    assert (hours(schedule), list(skipped(schedule))) == ([8], [7])
    found = schedules.backfill(schedule, at(7), 3)
    assert [job.scheduled_for for job in found.jobs] == [at(7), at(9)]
    assert [slot.job for slot in found.known] == jobs(schedule)[:1]
    assert skipped(schedule) == {}


def test_a_slot_is_backfilled_once():
    schedule = a_schedule(slot=at(10))
    schedules.backfill(schedule, at(8), 2)
    assert schedules.backfill(schedule, at(8), 2).jobs == []
    assert hours(schedule) == [8, 9]


def test_a_backfilled_slot_that_waits_for_its_delay_does_not_run_again():
    schedule = a_schedule(slot=at(9), delay=3600)
    schedules.backfill(schedule, at(9))
    firing.fire(at(10))
    assert hours(schedule) == [9]
    assert Schedule.objects.get().next_slot == at(10)


def test_backfilled_slots_run_one_at_a_time():
    schedule = a_schedule(slot=at(10), overlap="skip")
    schedules.backfill(schedule, at(4), 5)
    assert [Job.objects.exclude(hinted_at=None).count() for _ in range(2) if dispatch.tick() is None] == [1, 1]
    assert all(one.pk < other.pk for one, other in pairwise(jobs(schedule)))


def test_a_disabled_schedule_can_be_backfilled(editor):
    schedule = a_schedule(slot=at(10))
    schedules.pause(schedule, user=editor)
    assert len(schedules.backfill(schedule, at(4), 2).jobs) == 2


@pytest.mark.parametrize(("first", "count"), [(at(4), 0), (at(4), 11), (at(9, 15), 1), (at(12), 1)])
def test_a_backfill_of_nothing_or_of_too_much_is_refused(first, count):
    schedule = a_schedule(slot=at(10))
    with pytest.raises(NotPossible, match="Backfill"):
        schedules.backfill(schedule, first, count)
    assert not Slot.objects.exists()


def test_the_next_slots_are_told_in_advance():
    assert HOURLY.next_slots(2, at(9, 30)) == [at(10), at(11)]
