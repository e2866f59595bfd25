"""Times of the job pages with a long history: python -m benchmarks.jobs_pages [--jobs N]

Fills a temporary SQLite database and prints the median time of each page as the test client gets it, without network,
and the number of database queries. Goal: under 100 ms with 100,000 jobs.
"""

import argparse
import statistics
import tempfile
import time
import uuid
from datetime import timedelta

from benchmarks.console import set_up

ROUNDS = 7
SQL = "select referrer, ip_address, title, user_agent, url, deduplication_key, event_type from line_capi_tbl\n" * 8
STATES = ["success"] * 17 + ["error", "error", "killed"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--jobs", type=int, default=100_000)
    jobs = options.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder, debug=True)
        query, last = fill(jobs)
        print(f"{jobs:,} jobs")
        for name, address in addresses(query, last, jobs):
            measure(name, address)


def fill(jobs):
    """90 days of jobs of 50 queries, one in twenty with rejects, three of them active. → (a query, the last job)"""
    from django.utils import timezone

    from exports.models import Job, JobLog, JobReason, JobRequest, Query
    from integrations.models import Authentication
    from warehouse.models import Database

    database = Database.objects.create(name="shop_jp")
    authentication = Authentication.objects.create(name="line_capi_prod", connector_key="line_conversion")
    queries = [Query.objects.create(name=f"query_{n:02}_to_line", database=database, sql=SQL) for n in range(50)]
    now = timezone.now()
    step = timedelta(days=90) / jobs
    Job._meta.get_field("created_at").auto_now_add = False
    rows = (a_job(n, queries[n % 50], authentication, now - step * (jobs - n)) for n in range(jobs))
    Job.objects.bulk_create(rows, batch_size=2_000)
    last = Job.objects.latest("pk")
    Job.objects.filter(pk__gt=last.pk - 3).update(
        state="running", phase="exporting", lease_token=uuid.uuid4(), lease_until=now + timedelta(days=1)
    )
    made = (
        JobRequest(
            job=last,
            number=n,
            first_row=n,
            end_row=n + 1,
            events=1,
            state="accepted",
            sent_at=now,
            attempts=[{"code": 202, "ms": 9}],
        )
        for n in range(10_000)
    )
    JobRequest.objects.bulk_create(made, batch_size=2_000)
    JobReason.objects.bulk_create(
        JobReason(job=last, field="phone", code=f"{n}", text=f"{n}", rows=n) for n in range(20)
    )
    JobLog.objects.bulk_create(JobLog(job=last, text=f"Request {n}: accepted.") for n in range(10_000))
    return queries[0], last


def a_job(n, query, authentication, at):
    from exports.models import Job

    invalid = 200 if n % 20 == 0 else 0
    return Job(
        query=query,
        query_version=1,
        name=query.name,
        database_name="shop_jp",
        sql=SQL,
        authentication=authentication,
        destination=authentication.name,
        connector_key="line_conversion",
        created_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=38),
        next_attempt_at=at,
        state=STATES[n % 20],
        rows=10_000,
        invalid=invalid,
        accepted=10_000 - invalid,
    )


def addresses(query, last, jobs):
    yield "newest", "/jobs"
    yield "in the middle", f"/jobs?before={last.pk - jobs // 2}"
    yield "error", "/jobs?status=error"
    yield "success with rejects, 24 h", "/jobs?status=rejects&period=24h"
    yield "one query, killed", f"/jobs?query={query.pk}&status=killed"
    yield "search, all match", "/jobs?q=line"
    yield "search, few match", "/jobs?q=query_07"
    yield "search, none match", "/jobs?q=nothing"
    yield "search and status, 30 d", "/jobs?q=query_07&status=error&period=30d"
    yield "job with 10,000 requests", f"/jobs/{last.pk}"
    yield "its retried requests", f"/jobs/{last.pk}?show=retried"


def measure(name, address):
    from django.db import connection, reset_queries
    from django.test import Client

    from accounts.models import Role, User

    person, _ = User.objects.get_or_create(username="reader", defaults={"role": Role.EDITOR})
    client = Client(headers={"HX-Request": "true"}, SERVER_NAME="localhost")
    client.force_login(person)
    seconds = []
    for _ in range(ROUNDS):
        reset_queries()
        started = time.perf_counter()
        response = client.get(address)
        seconds.append(time.perf_counter() - started)
        assert response.status_code == 200
    print(f"{statistics.median(seconds) * 1000:7.1f} ms  {len(connection.queries):3} queries  {name}")


if __name__ == "__main__":
    main()
