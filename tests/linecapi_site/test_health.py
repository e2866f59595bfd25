"""What monitors are told: whether the process answers, whether the console can work, and how it is getting on."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exports import beats, totals
from exports.models import Job, JobState
from exports.upkeep_models import ClusterBeat, JobTotal, Upkeep
from linecapi_site import health
from tests.exports.factories import a_job, exporting
from tests.exports.schedules import a_schedule


@pytest.fixture
def metrics(client, settings, db):
    """`metrics()` → {name with labels: value}"""
    settings.METRICS_TOKEN = "token-of-a-test"

    def ask():
        text = client.get("/metrics", headers={"Authorization": "Bearer token-of-a-test"}).content.decode()
        return {k: float(v) for k, v in re.findall(r"^(linecapi_\S+) (\S+)$", text, re.M)}

    return ask


def test_a_process_that_answers_is_healthy_without_its_database(client):
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_it_is_ready_while_a_cluster_ticks(client):
    beats.beat()
    response = client.get("/readyz")
    checks = {"database": "ok", "broker": "ok", "scheduler": "ok"}
    assert (response.status_code, response.json()) == (200, {"ready": True, "checks": checks})


@pytest.mark.django_db
def test_it_is_not_ready_without_a_cluster(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["scheduler"] == "does not tick: no cluster is alive"


@pytest.mark.django_db
def test_a_cluster_that_fell_silent_does_not_make_it_ready(client):
    beats.beat()
    ClusterBeat.objects.update(ticked_at=timezone.now() - 2 * beats.SILENT)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_a_database_that_is_away_is_named_and_what_its_driver_says_is_not_told(client, monkeypatch):
    def fail():
        raise OSError("password of console_user@10.0.0.1 is wrong")

    monkeypatch.setitem(health.CHECKS, "database", fail)
    response = client.get("/readyz")
    assert response.status_code == 503 and b"password" not in response.content
    assert response.json()["checks"] == {
        "database": "cannot be reached",
        "broker": "not checked",
        "scheduler": "not checked",
    }


def test_probes_are_not_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 301


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic token-of-a-test", "Bearer tökén"])
@pytest.mark.django_db
def test_metrics_need_the_token(client, settings, sent):
    settings.METRICS_TOKEN = "token-of-a-test"
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 403


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer"])
@pytest.mark.django_db
def test_without_a_token_set_none_opens_the_metrics(client, settings, sent):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 403


def test_an_admin_sees_the_metrics_and_an_editor_does_not(as_user, admin, editor):
    assert as_user(admin).get("/metrics").status_code == 200
    assert as_user(editor).get("/metrics").status_code == 403


def test_jobs_are_counted_by_state(metrics):
    exporting(), a_job(JobState.RETRY_WAIT), a_job(JobState.QUEUED), a_job(JobState.QUEUED), a_job()
    found = metrics()
    states = {state: found[f'linecapi_jobs{{state="{state}"}}'] for state in ("queued", "running", "retry_wait")}
    assert states == {"queued": 2, "running": 1, "retry_wait": 1}


def test_the_queue_counts_only_jobs_whose_time_has_come(metrics):
    now = timezone.now()
    a_job(JobState.QUEUED, next_attempt_at=now - timedelta(seconds=90))
    a_job(JobState.RETRY_WAIT, next_attempt_at=now + timedelta(hours=1))
    found = metrics()
    assert found["linecapi_queue_depth"] == 1
    assert 90 <= found["linecapi_queue_oldest_seconds"] < 120


def test_a_worker_that_stopped_reporting_makes_its_job_stalled(metrics):
    exporting()
    Job.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    assert metrics()["linecapi_jobs_stalled"] == 1


def test_clusters_and_their_workers_are_counted_while_they_are_alive(metrics):
    assert metrics()["linecapi_clusters"] == 0
    beats.beat()
    found = metrics()
    assert (found["linecapi_clusters"], found["linecapi_workers"] > 0) == (1, True)
    assert 0 <= found["linecapi_last_tick_seconds"] < 30


def test_ended_jobs_and_their_rows_are_counted(metrics):
    totals.add(a_job(accepted=90, invalid=10)), totals.add(a_job(JobState.ERROR, exports=False))
    found = metrics()
    assert found['linecapi_jobs_ended_total{connector="line_conversion",mode="send",outcome="rejects"}'] == 1
    assert found['linecapi_jobs_ended_total{connector="",mode="send",outcome="error"}'] == 1
    assert found['linecapi_rows_total{connector="line_conversion",end="accepted",mode="send"}'] == 90
    assert 'linecapi_rows_total{connector="",end="accepted",mode="send"}' not in found


def test_the_time_since_the_last_upkeep_is_told(metrics):
    Upkeep.objects.create(finished_at=timezone.now() - timedelta(hours=2))
    assert 7200 <= metrics()["linecapi_last_upkeep_seconds"] < 7300


def test_schedules_are_late_when_their_run_time_has_passed(metrics):
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    a_schedule("0 12 * * *", slot=at), a_schedule("0 12 * * *", slot=at.replace(year=2100))
    found = metrics()
    assert (found["linecapi_schedules"], found["linecapi_schedules_late"]) == (2, 1)


def test_a_scrape_costs_few_queries_however_many_jobs_there_are(metrics):
    a_job(JobState.QUEUED), exporting(), beats.beat()
    for outcome in ("success", "rejects", "error", "killed"):
        JobTotal.objects.create(outcome=outcome, connector_key="line_conversion", mode="send")
    with CaptureQueriesContext(connection) as queries:
        metrics()
    assert len(queries) <= 8


def test_a_scrape_is_fast_with_many_jobs(metrics):
    now = timezone.now()
    job = {"name": "q", "database_name": "d", "sql": "select 1\n" * 50, "next_attempt_at": now}
    Job.objects.bulk_create([Job(**job, state="success", finished_at=now) for _ in range(5_000)])
    started = time.monotonic()
    metrics()
    assert time.monotonic() - started < 2
