"""What tests of schedules need: a query that runs by itself, and times of one day."""

from datetime import UTC, datetime, timedelta

from exports import timing
from exports.models import Job
from exports.schedule_models import Schedule
from tests.exports.factories import a_query


def at(hour, minute=0, second=0, *, day=24):
    """That time in November 2026, UTC."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def a_schedule(cron="0 * * * *", *, slot, query=None, user=None, **values):
    """A schedule whose next slot is `slot`."""
    schedule = Schedule(query=query or a_query(), cron=cron, changed_by=user, changed_at=slot, **values)
    schedule.next_slot = slot
    schedule.next_run_at = slot + timedelta(seconds=schedule.delay)
    assert slot == timing.of(schedule).next_slots(1, slot - timedelta(microseconds=1))[0]
    schedule.save()
    return schedule


def hours(schedule):
    """The hours of the slots that have a job, in order."""
    return [job.scheduled_for.hour for job in Job.objects.filter(schedule=schedule).order_by("pk")]


def skipped(schedule):
    """Hour of each slot that was skipped → why."""
    found = schedule.slots.exclude(skipped="").order_by("scheduled_for")
    return {slot.scheduled_for.hour: slot.skipped for slot in found}
