"""Sessions that start by themselves: each slot is dealt with once, whatever happens meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role, User
from exports.errors import NotPossible
from tests.workflows.factories import pushed
from workflows import schedules
from workflows.models import Attempt, AttemptState, Session, WorkflowSchedule
from workflows.script.schedule import parse

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def scheduled(user, lines="hourly>: 30:00", **how):
    """The schedule of a workflow that was pushed at noon."""
    text = "schedule:\n" + "".join(f"  {line}\n" for line in lines.split("\n")) + "+a:\n  echo>: hi\n"
    return pushed(user, {"daily.dig": text}, schedule_from=NOON, **how).schedule


def at(*hours):
    return [NOON + hour * HOUR for hour in hours]


def started():
    return sorted(Attempt.objects.values_list("session__session_time", flat=True))


def skipped():
    return {one.session_time: one.skipped for one in Session.objects.exclude(skipped="")}


def again(schedule):
    return WorkflowSchedule.objects.get(pk=schedule.pk)


def end_attempts():
    Attempt.objects.update(state=AttemptState.SUCCESS, finished_at=NOON)


def test_a_session_starts_at_its_run_time_and_not_before(editor):
    schedule = scheduled(editor)
    schedules.fire(NOON + 29 * MINUTE)
    assert started() == []
    schedules.fire(NOON + 30 * MINUTE)
    schedules.fire(NOON + 30 * MINUTE)
    attempt = Attempt.objects.get()
    assert (attempt.session.session_time, attempt.by_schedule, attempt.created_by) == (NOON, True, editor)
    schedule = again(schedule)
    assert (schedule.last_session_time, schedule.next_session_time) == (NOON, NOON + HOUR)
    assert schedule.next_run_at == NOON + 90 * MINUTE


def test_of_sessions_that_were_missed_the_last_ten_run_and_each_of_the_others_says_why(editor):
    scheduled(editor, "cron>: 0 * * * *")
    schedules.fire(NOON + 12 * HOUR)
    assert started() == at(*range(3, 13))
    assert skipped() == dict.fromkeys(at(0, 1, 2), schedules.MISSED)


def test_of_a_long_absence_a_hundred_are_told(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    schedules.fire(NOON + 1000 * HOUR)
    assert started() == at(*range(991, 1001))
    told = skipped()
    assert sorted(told) == at(*range(891, 991))
    assert told[NOON + 891 * HOUR].endswith("Earlier ones are not listed.")
    assert again(schedule).next_session_time == NOON + 1001 * HOUR


def test_skip_on_overtime_starts_none_while_an_attempt_runs(editor):
    scheduled(editor, "cron>: 0 * * * *\nskip_on_overtime: true")
    schedules.fire(NOON)
    schedules.fire(NOON + HOUR)
    assert started() == [NOON]
    assert skipped()[NOON + HOUR].startswith(f"Attempt {Attempt.objects.get().pk} of this workflow had not ended yet")
    end_attempts()
    schedules.fire(NOON + 2 * HOUR)
    assert started() == at(0, 2)


def test_without_it_sessions_run_side_by_side(editor):
    scheduled(editor, "cron>: 0 * * * *")
    for hour in range(2):
        schedules.fire(NOON + hour * HOUR)
    assert started() == at(0, 1)


def test_skip_delayed_by_starts_none_that_is_later(editor):
    scheduled(editor, "cron>: 0 * * * *\nskip_delayed_by: 30m")
    schedules.fire(NOON + HOUR + 31 * MINUTE)
    schedules.fire(NOON + 2 * HOUR + 30 * MINUTE)
    assert started() == at(2)
    assert skipped() == dict.fromkeys(at(0, 1), schedules.LATE)


def test_a_session_that_somebody_ran_is_not_run_again(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    schedules.sessions.start(schedule.workflow, NOON, user=editor)
    schedules.fire(NOON)
    assert started() == [NOON] and skipped() == {}
    assert again(schedule).next_session_time == NOON + HOUR


def test_behind_its_end_a_schedule_runs_no_more(editor):
    schedule = scheduled(editor, "daily>: 07:00:00\nstart: 2026-03-03\nend: 2026-03-04")
    schedules.fire(NOON + timedelta(days=9))
    assert [moment.day for moment in started()] == [3, 4]
    assert (again(schedule).next_session_time, again(schedule).next_run_at) == (None, None)


def test_one_that_faults_is_tried_again_in_a_minute_and_holds_up_no_other(editor, monkeypatch):
    broken, fine = scheduled(editor, "cron>: 0 * * * *"), scheduled(editor, "cron>: 0 * * * *", project="other")
    start = schedules.sessions.start

    def faulty(workflow, *args, **how):
        if workflow == broken.workflow:
            Session.objects.create(workflow=workflow, session_time=NOON)  # and nothing of it stays
            raise ZeroDivisionError
        return start(workflow, *args, **how)

    monkeypatch.setattr(schedules.sessions, "start", faulty)
    schedules.fire(NOON)
    assert [attempt.session.workflow for attempt in Attempt.objects.all()] == [fine.workflow]
    assert again(broken).problem == schedules.PROBLEM and again(broken).next_run_at == NOON + MINUTE
    monkeypatch.undo()
    schedules.fire(NOON + 30 * timedelta(seconds=1))
    assert Attempt.objects.count() == 1
    schedules.fire(NOON + MINUTE)
    assert Attempt.objects.filter(session__workflow=broken.workflow).get().session.session_time == NOON
    assert again(broken).problem == "" and again(broken).next_session_time == NOON + HOUR


def test_without_the_database_nothing_is_marked(editor, monkeypatch):
    schedule = scheduled(editor, "cron>: 0 * * * *")

    def gone(*args, **how):
        raise OperationalError

    monkeypatch.setattr(schedules.sessions, "start", gone)
    with pytest.raises(OperationalError):
        schedules.fire(NOON)
    assert again(schedule).problem == "" and again(schedule).next_run_at == NOON


def test_when_whoever_pushed_it_is_gone_that_is_told(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    WorkflowSchedule.objects.update(run_as=None)
    schedules.fire(NOON)
    assert again(schedule).problem == schedules.NOBODY and started() == []


def test_whoever_may_not_run_workflows_any_more_runs_none_by_schedule(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    User.objects.filter(pk=editor.pk).update(is_active=False)
    schedules.fire(NOON)
    assert "may not run workflows" in again(schedule).problem and started() == []


def test_one_that_cannot_be_read_any_more_says_so(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    WorkflowSchedule.objects.update(timezone="Mars/Olympus")
    schedules.fire(NOON)
    assert "Mars/Olympus is no time zone" in again(schedule).problem


def test_a_pause_lasts_until_resume_which_goes_on_with_the_next_session(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    assert schedules.pause(schedule, user=editor) and not schedules.pause(schedule, user=editor)
    schedules.fire(NOON + 3 * HOUR)
    assert (again(schedule).paused_by, started()) == (editor, [])
    assert schedules.next_runs(again(schedule), 3) == []
    schedules.resume(schedule, user=editor, now=NOON + 3 * HOUR + MINUTE)
    schedules.fire(NOON + 4 * HOUR)
    assert started() == at(4) and again(schedule).paused_at is None


def test_resume_keeps_what_was_skipped(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    schedules.skip(schedule, user=editor, count=5)
    schedules.pause(schedule, user=editor)
    assert schedules.resume(schedule, user=editor, now=NOON + HOUR).next_session_time == NOON + 5 * HOUR


def test_next_runs_are_told_with_session_and_run_time(editor):
    schedule = scheduled(editor, "hourly>: 30:00")
    assert schedules.next_runs(schedule, 3) == [(moment, moment + 30 * MINUTE) for moment in at(0, 1, 2)]
    ending = scheduled(editor, "daily>: 00:00:00\nend: 2026-03-03", project="other")
    assert len(schedules.next_runs(ending, 5)) == 2


def test_sessions_are_skipped_by_number_or_up_to_a_time(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    assert schedules.skip(schedule, user=editor, count=2, dry_run=True).next_session_time == NOON + 2 * HOUR
    assert again(schedule).next_session_time == NOON
    schedules.skip(schedule, user=editor, count=2)
    schedules.skip(schedule, user=editor, until=NOON + 4 * HOUR, run_at=NOON + 6 * HOUR)
    assert skipped() == dict.fromkeys(at(0, 1, 2, 3), "Skipped by editor.")
    schedules.fire(NOON + 5 * HOUR)
    assert started() == []
    schedules.fire(NOON + 6 * HOUR)
    assert started() == at(4, 5, 6)


@pytest.mark.parametrize("how", [{"until": NOON}, {"count": 1001}, {"until": NOON + timedelta(days=9999)}])
def test_what_cannot_be_skipped_is_told_and_nothing_changes(editor, how):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    with pytest.raises(NotPossible):
        schedules.skip(schedule, user=editor, **how)
    assert again(schedule).next_session_time == NOON and not Session.objects.exists()


def test_past_sessions_are_run_and_those_that_ran_are_left_out_without_a_name(editor):
    schedule, now = scheduled(editor, "cron>: 0 * * * *"), NOON + 3 * HOUR
    schedules.fire(now)
    end_attempts()
    first = NOON - 2 * HOUR
    assert schedules.backfill(schedule, first, 4, user=editor, dry_run=True, now=now) == at(-2, -1)
    made = schedules.backfill(schedule, first, 4, user=editor, now=now)
    assert [attempt.session.session_time for attempt in made] == at(-2, -1)
    assert schedules.backfill(schedule, first, 4, user=editor, now=now) == []
    named = schedules.backfill(schedule, first, None, user=editor, name="once more", now=now)
    assert [attempt.session.session_time for attempt in named] == at(-2, -1, 0, 1, 2, 3)
    assert schedules.backfill(schedule, first, 4, user=editor, name="once more", now=now) == []


def test_a_session_that_was_skipped_is_run_by_a_backfill(editor):
    schedule = scheduled(editor, "cron>: 0 * * * *\nskip_delayed_by: 1m")
    schedules.fire(NOON + HOUR - MINUTE)
    assert list(skipped()) == [NOON]
    schedules.backfill(schedule, NOON, 1, user=editor, now=NOON + HOUR)
    assert started() == [NOON] and skipped() == {}


@pytest.mark.parametrize(
    ("first", "count", "says"),
    [
        (NOON + 9 * HOUR, 1, "needs a time in the past"),
        (NOON, 101, "1 to 100 sessions"),
        (NOON, 0, "1 to 100 sessions"),
        (NOON - timedelta(days=30), None, "more than 100 sessions"),
    ],
)
def test_a_backfill_that_cannot_be_says_what_is_allowed(editor, first, count, says):
    schedule = scheduled(editor, "cron>: 0 * * * *")
    with pytest.raises(NotPossible, match=says):
        schedules.backfill(schedule, first, count, user=editor, now=NOON)


def test_the_queries_of_a_call_do_not_grow_with_schedules_that_are_not_due(editor, django_assert_num_queries):
    for number in range(3):
        scheduled(editor, project=f"p{number}")
    with django_assert_num_queries(1):
        schedules.fire(NOON)


@given(
    kind=st.sampled_from(["cron>: '*/7 * * * *'", "cron>: '0 * * * *'\ndelay: 600", "minutes_interval>: 25"]),
    option=st.sampled_from(["", "skip_on_overtime: true", "skip_delayed_by: 10m"]),
    steps=st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["tick", "tick", "fault", "end"])), max_size=8),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_slot_is_lost_and_none_comes_twice(db, kind, option, steps):
    """Each that has come is a session: it has one attempt, or says why it has none."""
    with transaction.atomic():
        about = {"email": "somebody@example.com", "role": Role.EDITOR}
        user, _ = User.objects.get_or_create(username="somebody", defaults=about)
        schedule = scheduled(user, f"{kind}\n{option}".strip())
        start, now = schedules.sessions.start, NOON
        for minutes, what in steps:
            now += minutes * MINUTE
            if what == "end":
                end_attempts()
            with pytest.MonkeyPatch.context() as patch:
                if what == "fault":
                    patch.setattr(schedules.sessions, "start", lambda *args, **how: 1 / 0)
                schedules.fire(now)
        assert schedules.sessions.start is start
        schedules.fire(now + MINUTE)
        times, slots = parse(schedule.definition, schedule.timezone), []
        while (slot := times.first_from(NOON) if not slots else times.next_after(slots[-1].session_time)) and (
            slot.run_time <= now + MINUTE
        ):
            slots.append(slot)
        found = Session.objects.order_by("session_time")
        assert [one.session_time for one in found] == [slot.session_time for slot in slots]
        assert all(one.attempts.count() == (not one.skipped) for one in found)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_fire_at_once_one_starts_the_session(editor):
    scheduled(editor, "cron>: 0 * * * *")
    together = Barrier(4)

    def fire(_):
        together.wait()
        try:
            schedules.fire(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fire, range(4)))
    assert started() == [NOON]
