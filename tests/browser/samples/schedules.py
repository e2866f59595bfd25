"""Schedules."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import Role
from exports import schedules
from exports.timing import Timing
from tests.browser.samples.page import Page
from tests.conftest import person
from tests.exports.factories import a_job, a_query


def a_schedule(page="{}", *, enabled=True):
    """Of a query, with jobs that failed, one that waits for another, a skipped slot and one without its job."""
    kenji = person("kenji", Role.EDITOR)
    one = schedules.save(a_query("purchases"), Timing("0 6 * * mon-fri", "Asia/Tokyo", 900), user=kenji)
    states = ("error", "success", "running", "queued")
    for n, state in enumerate(states):
        at, wrong = timezone.now() - timedelta(hours=9 - n), {"error": "LINE refused the token (401)."}
        job = a_job(state, schedule=one, query=one.query, scheduled_for=at, **(wrong if state == "error" else {}))
        one.slots.create(scheduled_for=at, job=job, backfilled=n == 1)
    one.slots.create(scheduled_for=timezone.now() - timedelta(hours=12), skipped="Job 7 had not ended yet.")
    one.slots.create(scheduled_for=timezone.now() - timedelta(hours=13))
    if not enabled:
        schedules.pause(one, user=kenji)
    return page.format(f"/schedules/{one.pk}", query=one.query_id, job=job.pk)


def some_schedules():
    a_schedule()
    schedules.pause(schedules.save(a_query(), Timing("@daily"), user=None), user=person("hana", Role.EDITOR))
    once = datetime(2020, 1, 1, 9, tzinfo=UTC)
    schedules.save(a_query("once"), Timing("0 9 1 1 *", starts_at=once, ends_at=once), user=None)
    return "/schedules"


PAGES = [
    Page("no schedules", "/schedules", Role.EDITOR),
    Page("schedules", some_schedules, Role.EDITOR),
    Page("schedules, nothing found", "/schedules?q=nothing", Role.VIEWER),
    Page("runs of the next 24 hours", lambda: some_schedules() + "/load", Role.VIEWER),
    Page("schedule", a_schedule, Role.EDITOR),
    Page("disabled schedule, for a viewer", lambda: a_schedule(enabled=False), Role.VIEWER),
    Page("backfill", lambda: a_schedule("{}/backfill"), Role.EDITOR),
    Page("slots of a backfill", lambda: a_schedule("{}/backfill?first=2026-11-02T06:00&count=3"), Role.EDITOR),
    Page("backfill of nothing", lambda: a_schedule("{}/backfill?first=&count=11"), Role.EDITOR),
    Page("schedule of a query", lambda: a_schedule("/queries/{query}#schedule"), Role.EDITOR),
    Page("disabled schedule of a query", lambda: a_schedule("/queries/{query}#schedule", enabled=False), Role.VIEWER),
    Page("job that waits for another", lambda: a_schedule("/jobs/{job}", enabled=False), Role.VIEWER),
    Page("jobs of a schedule", lambda: a_schedule("/jobs?schedule=1"), Role.VIEWER),
]
