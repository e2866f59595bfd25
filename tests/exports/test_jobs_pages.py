"""The job history: words, filters, search, pages, and the part that refreshes itself."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exports import filters, job_list
from exports.models import Job, JobState
from tests.exports.factories import a_job, a_query, a_reason, an_authentication, exporting

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def fresh_figures():
    cache.clear()


@pytest.fixture
def client(as_user, viewer):
    return as_user(viewer)


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def listed(response):
    """The numbers of the jobs that the page shows, in its order."""
    return [int(n) for n in re.findall(r'<tr role="row" id="job-(\d+)"', response.content.decode())]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Success"),
        ({"accepted": 9800, "invalid": 200}, "Success with rejects"),
        ({"accepted": 9, "refused": 1}, "Success with rejects"),
        ({"state": JobState.ERROR, "not_attempted": 5}, "Error"),
        ({"state": JobState.KILLED, "not_attempted": 5}, "Killed"),
        ({"state": JobState.QUEUED}, "Queued"),
        ({"state": JobState.RUNNING, "phase": "querying"}, "Querying"),
        ({"state": JobState.RUNNING, "phase": "checking"}, "Checking"),
        ({"state": JobState.RUNNING, "phase": "exporting"}, "Exporting"),
        ({"state": JobState.RUNNING, "kill_requested": True}, "Stopping"),
        ({"state": JobState.RETRY_WAIT}, "Waiting to retry"),
    ],
)
def test_it_says_how_a_job_stands(client, values, words):
    a_job(**values)
    row = client.get("/jobs", headers=HTMX).content.decode().split("<tbody")[1]
    assert f"{words}</span>" in row.split("</td>")[0]


def test_a_job_whose_worker_is_silent_has_stalled(client):
    a_job(JobState.RUNNING, phase="exporting", lease_until=timezone.now() - timedelta(seconds=1))
    assert "Stalled</span>" in client.get("/jobs").content.decode()


def test_it_tells_the_ends_of_the_rows_in_words(client):
    a_job(accepted=9800, invalid=200)
    assert "9,800 accepted, 200 invalid" in text_of(client.get("/jobs"))


def test_it_tells_when_and_by_whom_in_the_zone_of_the_query(client, editor):
    a_job(created_by=editor, started_at=timezone.now().replace(year=2025, month=3, day=1, hour=21, minute=4))
    page = client.get("/jobs")
    assert "2 Mar 2025 06:04 JST" in text_of(page) and "Editor" in text_of(page)
    assert 'datetime="2025-03-02T06:04:' in page.content.decode()


def test_a_query_alone_names_its_database(client):
    a_job(exports=False, result_rows=1204)
    assert "Query on shop_jp" in text_of(client.get("/jobs")) and "1,204" in text_of(client.get("/jobs"))


def test_it_draws_the_last_14_runs_of_the_query(client):
    query = a_query()
    for n in range(16):
        a_job(query=query, accepted=n + 1, ago=timedelta(hours=20 - n))
    assert "Accepted in the last 14 runs: 3, 4, 5" in client.get("/jobs").content.decode()


def test_the_runs_of_one_query_are_not_those_of_another(client):
    a_job(query=a_query(), accepted=7)
    a_job(query=a_query(), accepted=8)
    assert client.get("/jobs").content.decode().count("Accepted in the last 1 runs: ") == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [("active", 0), ("success", 1), ("rejects", 2), ("error", 3), ("killed", 4)],
)
def test_the_status_filter_finds_the_jobs_of_that_outcome(client, status, expected):
    made = [
        a_job(JobState.RETRY_WAIT),
        a_job(),
        a_job(accepted=1, invalid=1),
        a_job(JobState.ERROR),
        a_job(JobState.KILLED),
    ]
    assert listed(client.get("/jobs", {"status": status})) == [made[expected].pk]


def test_the_status_filter_counts_under_the_other_filters(client):
    query = a_query()
    a_job(query=query), a_job(), a_job(JobState.QUEUED, query=query)
    page = client.get("/jobs", {"query": query.pk, "status": "success"}).content.decode()
    assert re.findall(r'id="jobs-n-(\w+)">(\d+)<', page)[:3] == [("all", "2"), ("active", "1"), ("success", "1")]


def test_it_filters_by_query_and_destination(client):
    query, authentication = a_query(), an_authentication()
    one, two = a_job(query=query), a_job(authentication=authentication)
    assert listed(client.get("/jobs", {"query": query.pk})) == [one.pk]
    assert listed(client.get("/jobs", {"destination": authentication.pk})) == [two.pk]


def test_it_filters_by_time(client):
    old, recent = a_job(ago=timedelta(days=8)), a_job(ago=timedelta(hours=30))
    assert listed(client.get("/jobs", {"period": "24h"})) == []
    assert listed(client.get("/jobs", {"period": "7d"})) == [recent.pk]
    assert listed(client.get("/jobs", {"period": "30d"})) == [recent.pk, old.pk]


def test_both_days_of_a_period_are_included(client):
    job = a_job(ago=timedelta(days=3))
    day = f"{job.created_at:%Y-%m-%d}"
    after = f"{job.created_at + timedelta(days=1):%Y-%m-%d}"
    assert listed(client.get("/jobs", {"period": "custom", "start": day, "end": day})) == [job.pk]
    assert listed(client.get("/jobs", {"period": "custom", "start": after})) == []


def test_it_searches_by_a_part_of_the_name_and_by_number(client):
    one, two = a_job(name="Daily purchases"), a_job(name="page_views")
    assert listed(client.get("/jobs", {"q": "PURCH"})) == [one.pk]
    assert listed(client.get("/jobs", {"q": str(two.pk)})) == [two.pk]


@pytest.mark.parametrize("given", ["status=x&query=x&period=x", "q=" + "9" * 40, "before=-1", "start=x&period=custom"])
def test_what_an_address_says_wrongly_is_left_out(client, given):
    assert client.get(f"/jobs?{given}").status_code == 200


def test_older_and_newer_lead_through_all_jobs(client, monkeypatch):
    monkeypatch.setattr(filters, "PAGE_SIZE", 2)
    made = [a_job().pk for _ in range(5)][::-1]
    pages, address = [], "/jobs"
    for _ in range(3):
        page = client.get(address)
        pages.append(listed(page))
        older = re.search(r'id="jobs-older" href="([^"]+)"', page.content.decode())
        address = f"/jobs{older[1]}" if older else ""
    assert pages == [made[:2], made[2:4], made[4:]] and not address
    newer = re.search(r'id="jobs-newer" href="([^"]+)"', page.content.decode())
    assert listed(client.get(f"/jobs{newer[1]}")) == made[2:4]


def test_the_page_after_the_newest_but_few_is_the_newest_whole_page(client, monkeypatch):
    monkeypatch.setattr(filters, "PAGE_SIZE", 3)
    made = [a_job().pk for _ in range(4)]
    page = client.get("/jobs", {"after": made[2]})
    assert listed(page) == made[:0:-1] and 'id="jobs-newer"' not in page.content.decode()


def test_the_pages_keep_the_filters(client, monkeypatch):
    monkeypatch.setattr(filters, "PAGE_SIZE", 1)
    a_job(), a_job()
    assert "?q=daily&amp;status=success&amp;before=" in client.get("/jobs?status=success&q=daily").content.decode()


def test_it_asks_anew_only_while_a_job_on_the_page_is_active(client):
    job = exporting()
    assert 'hx-trigger="every 3s"' in client.get("/jobs").content.decode()
    Job.objects.filter(pk=job.pk).update(state="success", lease_token=None)
    assert 'hx-trigger="every 3s"' not in client.get("/jobs").content.decode()


def test_htmx_gets_the_table_and_the_numbers_alone(client):
    a_job()
    part = client.get("/jobs", headers=HTMX).content.decode()
    assert "<html" not in part and "<form" not in part and part.count("hx-swap-oob") == 7
    assert "<html" in client.get("/jobs", headers=HTMX | {"HX-History-Restore-Request": "true"}).content.decode()


def test_it_says_what_to_do_when_there_is_nothing(client):
    assert "No jobs yet" in text_of(client.get("/jobs"))
    assert "No job matches these filters" in text_of(client.get("/jobs?q=x"))


def test_the_figures_are_those_of_the_last_24_hours(client):
    a_reason(a_job(accepted=90, invalid=10), "phone", "needs the country code", 10)
    a_job(accepted=50, invalid=50, ago=timedelta(hours=30))
    figures = job_list.measure(timezone.now())
    assert (figures.accepted, figures.invalid, figures.rate, figures.change) == (90, 10, 90.0, 40.0)
    assert figures.hourly[-1] == 90 and sum(figures.hourly) == 90
    assert figures.reason == "phone: needs the country code"


def test_the_number_of_database_queries_does_not_grow_with_the_rows(client, editor):
    def queries():
        with CaptureQueriesContext(connection) as found:
            client.get("/jobs")
        return len(found)

    a_job(query=a_query(), created_by=editor)
    queries()  # measures the figures, which are then kept
    few = queries()
    for _ in range(20):
        a_job(query=a_query(), created_by=editor, accepted=1, invalid=1)
        exporting(query=a_query())
    assert queries() == few <= 14


def test_strangers_are_sent_to_sign_in():
    assert Client().get("/jobs")["Location"].startswith("/sign-in")
