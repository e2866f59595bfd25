"""A whole job through django-q2 on SQLite: python -m benchmarks.job [--rows N] [--rounds N]

The rows are loaded into a table; the job queries it, checks, and sends to a sink. The cluster is a real
`manage.py qcluster` with stopwatches (benchmarks.cluster). Accounting is the time inside `Ledger.settle` and
`Ledger.expect`, `Sender._open` and `Sender.record`, and `accounting.tally`: all that puts a request and its rows' ends
on record.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import console, events, sink, table

SIZE = 1_000
ACCOUNTING = ("expect", "settle", "open", "record", "tally")


def query():
    """A saved query of the table whose result goes to LINE."""
    from exports import queries
    from exports.targets import Target
    from exports.texts import Text
    from linecapi_site import demo
    from warehouse.models import Database

    settings = {"ignore_invalid_records": True, "max_records": SIZE, "keep_row_order": False}
    target = Target(console.authentication(), console.mapping(), settings)
    sql = demo.SQL.replace(demo.TABLE, "events")
    text = Text(Database.objects.get(name="shop_jp"), sql, "Asia/Tokyo")
    return queries.create(queries.Draft("events_to_line", text, target), user=demo.user().user)


def run(children, stored) -> None:
    from exports import queries
    from exports.models import FINISHED, JobState

    job = queries.run(queries.stored(stored), query=stored, user=stored.updated_by)

    def finished() -> bool:
        job.refresh_from_db()
        return job.state in FINISHED

    children.wait(finished, 600, "the job")
    if job.state != JobState.SUCCESS:
        raise SystemExit(f"the job did not go through: {job.error}")


def measure(report: Path, rounds: int) -> list[dict[str, float]]:
    """Seconds of each job by what they went into."""
    from linecapi_site import processes

    stored = query()
    with processes.running() as children:
        children.start("cluster", [sys.executable, "-m", "benchmarks.cluster", str(report)])
        for _ in range(rounds):
            run(children, stored)
        children.wait(lambda: report.exists() and len(report.read_text().splitlines()) == rounds, 30, "the report")
    return [json.loads(line) for line in report.read_text().splitlines()]


def show(rows: int, found: list[dict[str, float]]) -> None:
    def part(*names: str) -> float:
        return median(sum(job[name] for name in names) for job in found)

    whole = part("whole")
    table.line(f"4 {SIZE:,} events a request, {rows:,} rows: whole job", cpu=part("cpu") / rows, wall=whole / rows)
    table.line("4   its export", wall=part("export") / rows, ratio=part("export") / whole)
    goal = "at most 0.15 of the whole job"
    table.line("4   accounting", wall=part(*ACCOUNTING) / rows, ratio=part(*ACCOUNTING) / whole, goal=goal)
    rest = part("turn", "secrets")
    table.line("4   turns at the tag, and secrets read anew", wall=rest / rows, ratio=rest / whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with sink.running() as url, tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        console.set_up(folder / "data", LINE_CONVERSION_API_URL=url, WORKERS="1")
        from django.core.management import call_command

        path = events.written(folder, chosen.rows)
        call_command("load_table", "shop_jp", "events", str(path), verbosity=0, stdout=(folder / "log").open("w"))
        show(chosen.rows, measure(folder / "report", chosen.rounds))


if __name__ == "__main__":
    main()
