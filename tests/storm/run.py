"""One storm over the database of DATABASE_URL. Prints a table; exit code 0 if everything holds."""

import argparse
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import django

django.setup()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import InterfaceError, OperationalError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports import jobs  # noqa: E402
from exports.lease import alive, db_retry  # noqa: E402
from exports.models import ACTIVE, Job, JobLog, JobState  # noqa: E402
from exports.targets import Target  # noqa: E402
from exports.texts import Text  # noqa: E402
from integrations.connectors.line_conversion import CONNECTOR  # noqa: E402
from integrations.connectors.line_conversion.sandbox import Sandbox  # noqa: E402
from integrations.models import Authentication  # noqa: E402
from linecapi_site import processes  # noqa: E402
from tests.storm import family  # noqa: E402
from tests.storm.console import Console  # noqa: E402
from tests.storm.line import received  # noqa: E402
from warehouse.models import Database, Table, TableFile  # noqa: E402

DECK = [*["worker"] * 2, "pusher", "monitor", "sentinel", "main", "group", "supervisor", "web"]
ON_POSTGRESQL = ["connections", "database"]
IN_LONG_STORMS = ["answers"]
TAGS = {"tag-0": "token", "tag-1": "token", "tag-2": "token"}
ROWS, BAD, BATCH, AT_ONCE = 400, {7, 333}, 20, 4
GAPS, SHORT_GAPS = (0.5, 4.0), (0.3, 1.2)  # seconds from when all is up to the next kill; in a storm of one round
DELAY = 0.15  # seconds that an answer takes
TAIL_SECONDS = 120
LONGEST_SECONDS = 120  # that a job may be without a worker after its own has died
COLUMNS = ("deduplication_key", "event_type", "source_type", "event_timestamp", "email")


class Storm:
    """Jobs, kills, and what is seen of the jobs meanwhile."""

    def __init__(self, seed, seconds, log):
        self.random = random.Random(seed)
        self.seconds = seconds
        self.kills = Counter()
        self.console = Console(self.random, log)
        self.jobs = []
        self.held = {}
        self.longest = 0.0
        self.destinations = []

    # --- work

    def prepare(self):
        call_command("migrate", verbosity=0)
        database = Database.objects.create(name="shop")
        now = int(time.time())
        table = pa.table(
            {
                "deduplication_key": [f"k{n}" for n in range(ROWS)],
                "event_type": ["conversion"] * ROWS,
                "source_type": ["web"] * ROWS,
                "event_timestamp": pa.array([now - ROWS + n for n in range(ROWS)], pa.int64()),
                "email": ["nobody" if n in BAD else f"u{n}@example.com" for n in range(ROWS)],
            }
        )
        columns = [[f.name, "BIGINT" if f.type == pa.int64() else "VARCHAR"] for f in table.schema]
        file = TableFile(table=Table.objects.create(database=database, name="events", columns=columns), rows=ROWS)
        file.path, file.bytes = "events.parquet", 1
        file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file.absolute_path)
        file.save()
        for tag, token in TAGS.items():
            saved = Authentication(name=tag, connector_key=CONNECTOR.key, settings={"line_tag_id": tag})
            saved.set_secrets({"access_token": token}, at=timezone.now())
            saved.save()
            self.destinations.append(saved)

    def feed(self):
        while Job.objects.filter(state__in=ACTIVE).count() < AT_ONCE:
            name = f"j{len(self.jobs)}"
            destination = self.destinations[len(self.jobs) % len(self.destinations)]
            sql = f"select * replace ('{name}-' || deduplication_key as deduplication_key) from events"
            mapping = {column: {"column": column} for column in COLUMNS}
            target = Target(destination, mapping, {"ignore_invalid_records": True, "max_records": BATCH})
            text = Text(Database.objects.get(), sql, engine="duckdb")
            self.jobs.append((name, jobs.start(text=text, name=name, user=None, target=target).pk))

    def look(self):
        """Note how long jobs that have begun are without a living worker, though they do not wait to retry."""
        now = time.monotonic()
        begun = Job.objects.filter(state__in=[JobState.RUNNING, JobState.QUEUED], started_at__isnull=False)
        rows = list(begun.values_list("pk", "state", "lease_owner"))
        for pk, state, owner in rows:
            if state == JobState.RUNNING and alive(owner):
                self.held[pk] = now
            self.longest = max(self.longest, now - self.held.setdefault(pk, now))
        for pk in self.held.keys() - {pk for pk, *_ in rows}:
            del self.held[pk]

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.look()
            except (OperationalError, InterfaceError):
                connection.close()
            family.bury(self.console.ours)
            time.sleep(0.1)

    # --- kills

    def rage(self):
        """Every kind of kill, again and again until the time is over."""
        end = time.monotonic() + self.seconds
        kinds = DECK + (ON_POSTGRESQL if connection.vendor == "postgresql" else [])
        kinds += IN_LONG_STORMS if self.seconds else []
        while not self.kills or time.monotonic() < end:
            for kind in self.random.sample(kinds, len(kinds)):
                db_retry(self.feed)
                self.console.wait_until_up()
                self.watch(self.random.uniform(*(GAPS if self.seconds else SHORT_GAPS)))
                self.console.kill(kind)
                self.kills[kind] += 1

    def settle(self):
        """Until every job has ended."""
        end = time.monotonic() + TAIL_SECONDS
        while db_retry(Job.objects.filter(state__in=ACTIVE).exists) and time.monotonic() < end:
            self.watch(0.3)
        self.console.wait_until_up()

    # --- verdict

    def faults(self, sandbox, kept, left):
        came = received(kept)
        yield from (f"process {p.pid} ({p.name}) is left" for p in left)
        if overlaps := sandbox.stats["overlaps"]:
            yield f"{overlaps} requests of a tag arrived while another one was under way"
        if self.longest > LONGEST_SECONDS:
            yield f"a job was without a worker for {self.longest:.0f} s"
        yield from (f"request {number} repeats a part of another" for number in came.ragged)
        for name, pk in self.jobs:
            yield from (f"job {pk}: {fault}" for fault in self._faults_of(name, Job.objects.get(pk=pk), came))

    def _faults_of(self, name, job, came):
        ends = (job.rows, job.invalid, job.accepted, job.refused, job.unknown, job.not_attempted)
        if (job.state, ends) != (JobState.SUCCESS, (ROWS, len(BAD), ROWS - len(BAD), 0, 0, 0)):
            yield f"it is {job.state} with {ends}: {job.error}"
        if came.keys[name] != {f"{name}-k{n}" for n in range(ROWS) if n not in BAD}:
            yield f"{len(came.keys[name])} of its events arrived"
        if came.repeats[name] > takeovers(job.pk):
            yield f"{came.repeats[name]} requests were repeated, but its worker died {takeovers(job.pk)} times"

    def table(self, sandbox, kept):
        repeats, taken = sum(received(kept).repeats.values()), sum(takeovers(pk) for _, pk in self.jobs)
        yield "database", connection.vendor
        yield "kills", f"{self.kills.total()}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(self.kills.items()))
        yield "jobs", f"{len(self.jobs):,}"
        yield "rows", f"{len(self.jobs) * ROWS:,}"
        yield "requests", f"{sandbox.stats['requests']:,}"
        yield "requests repeated", f"{repeats:,}"
        yield "takeovers", f"{taken:,}"
        yield "longest time a job was without a worker", f"{self.longest:.1f} s"


def takeovers(pk):
    return JobLog.objects.filter(job_id=pk, text__endswith="goes on where it stood.").count()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    folder = Path(settings.DATA_DIR)
    family.adopt_orphans()
    with (folder / "log").open("a") as log, Sandbox(TAGS, keep=folder / "received", remember=10) as sandbox:
        os.environ["LINE_CONVERSION_API_URL"] = sandbox.url
        sandbox.behave([{"delay": DELAY, "times": 1_000_000_000}])
        storm = Storm(options.seed, options.seconds, log)
        storm.prepare()
        storm.console.start("supervisor")
        storm.console.start("web")
        storm.console.wait_until_up()
        storm.rage()
        storm.settle()
        web_answers = processes.answers(storm.console.port)
        left = storm.console.stop()
    for line in storm.table(sandbox, folder / "received"):
        print(f"  {line[0]:<42}{line[1]}")
    faults = [*storm.faults(sandbox, folder / "received", left), *([] if web_answers else ["the web server is away"])]
    print("\n".join(f"  FAULT {fault}" for fault in faults) or "  every row accounted for")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
