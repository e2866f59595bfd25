"""How fast due slots become jobs: python -m benchmarks.schedules [--schedules N]

Every schedule is due in the same minute, in a temporary SQLite database; half of the queries export. The dispatcher's
tick is called once a second, as in use, until each slot has its job. Goal: 10,000 within 60 s. Then how long a tick
takes while all those jobs wait, and how long cron lines need for their next runs.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from benchmarks.console import authentication, mapping, set_up

SQL = "select * from events where td_time_range(time, td_time_add(td_scheduled_time(), '-1d'))"
LINES = ("* * * * *", "15 9 * nov mon-fri", "0 0 29 2 *", "*/7 3 */5 * *")
RUNS = 10_000


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--schedules", type=int, default=10_000)
    count = options.parse_args().schedules
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        fill(count)
        fired(count)
    for line in LINES:
        next_runs(line)


def fill(count):
    from django.utils import timezone

    from exports.models import ExportTarget, Query
    from exports.schedule_models import Schedule
    from warehouse.models import Database

    shop, line = Database.objects.create(name="shop_jp"), authentication()
    queries = [Query(name=f"query_{n:05}_to_line", database=shop, sql=SQL, version=1) for n in range(count)]
    queries = Query.objects.bulk_create(queries)
    settings = {"ignore_invalid_records": True, "max_records": 1000}
    ExportTarget.objects.bulk_create(
        ExportTarget(query=query, authentication=line, mapping=mapping(), settings=settings) for query in queries[::2]
    )
    now = timezone.now()
    slot = now.replace(second=0, microsecond=0)
    line = f"{slot.minute} {slot.hour} * * *"
    Schedule.objects.bulk_create(
        Schedule(query=query, cron=line, next_slot=slot, next_run_at=slot, changed_at=now) for query in queries
    )


def fired(count):
    from exports import dispatch
    from exports.models import Job
    from exports.schedule_models import Schedule

    slot = Schedule.objects.earliest("next_run_at").next_run_at
    started, ticks = time.perf_counter(), []
    while Schedule.objects.filter(next_run_at=slot).exists():
        ticks.append(tick(dispatch.tick))
        time.sleep(max(0, 1 - ticks[-1]))
    seconds = time.perf_counter() - started
    jobs = Job.objects.filter(scheduled_for=slot).count()
    assert jobs == count, f"{jobs} jobs of {count} slots"
    print(f"{count:,} slots due in one minute: each has its job after {seconds:.1f} s, in {len(ticks)} ticks")
    idle = statistics.median(tick(dispatch.tick) for _ in range(5))
    print(f"a tick while {jobs:,} jobs wait: {idle * 1000:,.0f} ms")


def tick(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def next_runs(line):
    from exports.cron import parse

    runs = parse(line).runs(datetime(2026, 10, 20, tzinfo=UTC), ZoneInfo("America/Los_Angeles"))
    started, made = time.perf_counter(), 0
    while made < RUNS:
        made += sum(1 for _ in islice(runs, 1000))
        runs = parse(line).runs(datetime(2026, 10, 20, tzinfo=UTC), ZoneInfo("America/Los_Angeles"))
    print(f"{RUNS:,} next runs of {line:20} {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
