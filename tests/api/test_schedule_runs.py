"""Runs of saved queries by the API: for past times, beside the schedule, and their history."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import AuditEntry
from exports import queries, schedules
from exports.models import Job, Query
from exports.timing import Timing
from tests.exports.factories import a_job
from tests.exports.queries import a_query
from tests.exports.schedules import at

pytestmark = pytest.mark.django_db
FIRST = int(at(6).timestamp())


@pytest.fixture(autouse=True)
def at_half_past_nine():
    with time_machine.travel(at(9, 30), tick=False):
        yield


@pytest.fixture
def calls(api, editor):
    return api(editor)


@pytest.fixture
def hourly(editor):
    query = a_query(name="hourly")
    schedules.save(query, Timing("0 * * * *"), user=editor)
    return query


def run(calls, time=FIRST, name="hourly", **values):
    return calls.post(f"/v3/schedule/run/{name}/{time}", **values)


def slots(answer):
    assert answer.status_code == 200, answer.json()
    return [job["scheduled_at"][11:16] for job in answer.json()["jobs"]]


# --- run ----------------------------------------------------------------------------------------------------------


def test_the_slots_from_a_past_time_on_are_run(calls, hourly):
    answer = run(calls, num=3)
    assert slots(answer) == ["06:00", "07:00", "08:00"]
    jobs = Job.objects.order_by("pk")
    assert [each["job_id"] for each in answer.json()["jobs"]] == [str(job.pk) for job in jobs]
    assert [(job.schedule, job.slot.backfilled) for job in jobs] == [(hourly.schedule, True)] * 3
    assert AuditEntry.objects.get(action="schedule.backfill").details["jobs"] == [job.pk for job in jobs]


def test_without_a_number_one_is_run(calls, hourly):
    assert slots(run(calls, num="")) == ["06:00"]


def test_slots_to_come_are_left_out(calls, hourly):
    assert slots(run(calls, num=10)) == ["06:00", "07:00", "08:00", "09:00"]


def test_a_slot_that_has_a_job_is_run_once_more_beside_the_schedule(calls, hourly):
    run(calls, time=int(at(7).timestamp()))
    assert slots(run(calls, num=3)) == ["06:00", "07:00", "08:00"]
    again = Job.objects.filter(scheduled_for=at(7)).order_by("pk")
    assert [job.schedule_id for job in again] == [hourly.schedule.pk, None]


def test_a_query_without_a_schedule_runs_once_for_the_very_time(calls):
    a_query(name="plain")
    answer = run(calls, time=1795360045, name="plain", num=5)
    assert [job["scheduled_at"] for job in answer.json()["jobs"]] == ["2026-11-22 15:07:25 UTC"]
    assert Job.objects.get().scheduled_for == datetime(2026, 11, 22, 15, 7, 25, tzinfo=UTC)


def test_a_job_of_the_api_is_of_the_saved_version(calls, hourly, editor):
    run(calls)
    job = Job.objects.get()
    assert (job.query, job.query_version, job.created_by, job.name) == (hourly, 1, editor, "hourly")


def test_a_domain_key_makes_one_job(calls, hourly):
    first = run(calls, domain_key="k-1").json()["jobs"][0]["job_id"]
    for time in (FIRST, FIRST + 3600):
        again = run(calls, time=time, domain_key="k-1")
        assert (again.status_code, again.json()["details"]) == (409, {"conflicts_with": first})
    assert Job.objects.count() == 1


def test_a_domain_key_makes_one_job_of_a_query_without_a_schedule(calls):
    a_query(name="plain")
    codes = [run(calls, name="plain", domain_key="k-1").status_code for _ in range(2)]
    assert (codes, Job.objects.count()) == ([200, 409], 1)


@pytest.mark.parametrize(
    ("time", "values", "name"),
    [
        (FIRST, {"num": 0}, "num"),
        (FIRST, {"num": 11}, "num"),
        (FIRST, {"num": 2, "domain_key": "k"}, "domain_key"),
        (int(at(10).timestamp()), {}, "time"),
        ("now", {}, "time"),
        ("-62135596800", {}, "time"),
        ("9" * 30, {}, "time"),
        ("253370764800", {}, "time"),
    ],
)
def test_a_run_that_is_not_possible_is_422(calls, hourly, time, values, name):
    answer = run(calls, time=time, **values)
    assert (answer.status_code, list(answer.json()["details"])) == (422, [name])
    assert not Job.objects.exists()


def test_what_does_not_exist_does_not_run(calls):
    assert run(calls).json()["message"] == "Schedule 'hourly' does not exist."


# --- /v4/queries/{id}/jobs ----------------------------------------------------------------------------------------


def start(calls, query, body):
    return calls.post(f"/v4/queries/{query}/jobs", json=body)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-11-24T15:00:00Z", at(15)),
        ("2026-11-24T15:00:00+09:00", at(6)),
        ("2026-11-24T15:00:00", at(15)),
        ("2026-11-24T15:00:00.000Z", at(15)),
    ],
)
def test_td_run_starts_a_query_by_its_number(calls, hourly, given, moment):
    answer = start(calls, hourly.pk, {"scheduled_time": given, "domain_key": "k-1"})
    job = Job.objects.get()
    assert answer.json() == {"id": str(job.pk)}
    assert (job.scheduled_for, job.domain_key, job.schedule) == (moment, "k-1", None)
    assert AuditEntry.objects.get(action="query.run").details["job"] == job.pk


def test_without_a_time_it_runs_for_now(calls, hourly):
    assert start(calls, hourly.pk, {}).status_code == 200
    assert Job.objects.get().scheduled_for is None


def test_the_same_domain_key_names_the_first_job(calls, hourly):
    first = start(calls, hourly.pk, {"domain_key": "k-1"}).json()["id"]
    again = start(calls, hourly.pk, {"domain_key": "k-1"})
    assert (again.status_code, again.json()["details"]) == (409, {"conflicts_with": first})


@pytest.mark.parametrize("time", ["tomorrow", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01"])
def test_a_bad_time_is_422(calls, hourly, time):
    answer = start(calls, hourly.pk, {"scheduled_time": time})
    assert (answer.status_code, list(answer.json()["details"])) == (422, ["scheduled_time"])


@pytest.mark.parametrize("number", ["0", "9" * 30, "x", "-1"])
def test_a_query_that_does_not_exist_is_404(calls, number):
    assert start(calls, number, {}).status_code == 404


def test_a_viewer_starts_no_job(api, viewer, hourly):
    assert start(api(viewer), hourly.pk, {}).status_code == 403


# --- history ------------------------------------------------------------------------------------------------------


def history(calls, name="hourly", **params):
    return calls.get(f"/v3/schedule/history/{name}", **params).json()


def test_the_history_has_all_jobs_the_latest_first(calls, hourly, editor):
    run(calls, num=2)
    queries.run(queries.stored(hourly), query=hourly, user=editor)
    found = history(calls)
    assert [job["scheduled_at"][11:16] for job in found["history"]] == ["", "07:00", "06:00"]
    assert {"job_id", "type", "database", "status", "query", "result", "priority"} <= set(found["history"][0])
    assert (found["count"], found["from"], found["to"]) == (3, 0, 20)


def test_the_end_of_a_part_of_the_history_is_not_in_it(calls, hourly):
    run(calls, num=4)
    times = [job["scheduled_at"][11:16] for job in history(calls, **{"from": 1, "to": 3})["history"]]
    assert times == ["08:00", "07:00"]
    assert history(calls, **{"from": 3, "to": 1})["history"] == []
    assert len(history(calls, to=10**17)["history"]) == 4


def test_the_history_ends_90_days_ago(calls, hourly):
    for days in (89, 91):
        a_job(exports=False, query=hourly, ago=timedelta(days=days))
    assert history(calls)["count"] == 1


def test_the_history_of_others_is_not_in_it(calls, hourly):
    a_job(query=a_query(name="other"))
    assert history(calls)["history"] == []
    assert calls.get("/v3/schedule/history/nobody").status_code == 404


def test_the_history_costs_the_same_however_long_it_is(calls, hourly, django_assert_num_queries):
    for _ in range(3):
        a_job(query=hourly)
    calls.get("/v3/schedule/history/hourly")
    with django_assert_num_queries(4):  # the key, the query, the jobs, their number
        assert len(history(calls)["history"]) == 3


def test_a_deleted_query_takes_no_job_along(calls, hourly):
    a_job(query=hourly)
    calls.post("/v3/schedule/delete/hourly")
    assert (Query.objects.count(), Job.objects.count()) == (0, 1)
