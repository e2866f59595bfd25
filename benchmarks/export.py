"""From the kept result to a sink that answers 202: python -m benchmarks.export [--rows N] [--rounds N]

The whole line is a real job: claimed under a lease, its notes and its accounting written to SQLite. It is held against
its two halves alone, which overlap in it: making the bodies, checks and notes included; and posting ready bodies. All
take turns; the median of the rounds is printed. The sink runs in a process of its own, and is not in the CPU figures.
"""

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from statistics import median

from benchmarks import console, events, sink, table

SIZES = (1_000, 10_000, 100_000)
ENCODING, SENDING, WHOLE = "making the bodies alone", "posting ready bodies alone", "whole job"
GOAL = "at most 1.2 × the slower half"


def line_of(job):
    """The job's line, not started: it only makes bodies."""
    from exports.exporting import Export
    from exports.lease import Lease
    from exports.notes import Recorder

    return Export(job, Lease(job.pk), job.authentication, Recorder(job))


def bodies(job) -> list:
    line = line_of(job)
    return list(line._batches(line.plan(int(time.time())), line.kept.batches()))


def encoding(job) -> None:
    line = line_of(job)
    for _ in line._batches(line.plan(int(time.time())), line.kept.batches()):
        pass


def sending(job, ready: list, url: str) -> None:
    from exports.exporter.posting import HttpPost

    settings = job.authentication.all_settings()
    with closing(HttpPost(job.authentication.destination, url, settings, settings["connection_timeout"])) as post:
        for batch in ready:
            assert post(batch).status == 202


def whole(job) -> None:
    from exports.run import run_job

    ended = run_job(job.pk)
    job.refresh_from_db()
    if ended != "success" or job.accepted + job.invalid != job.rows:
        raise SystemExit(f"the job did not go through: {ended}, {job.error}")


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """→ seconds on the clock, CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(kept: Path, rows: int, size: int, rounds: int, url: str) -> dict[str, tuple[float, float]]:
    """Way → seconds on the clock, CPU seconds: the median of each."""
    ready = bodies(console.job(kept, rows, size))
    found: dict[str, list[tuple[float, float]]] = {ENCODING: [], SENDING: [], WHOLE: []}
    for _ in range(rounds):
        job = console.job(kept, rows, size)
        found[SENDING].append(timed(lambda: sending(job, ready, url)))  # noqa: B023 - called at once
        found[ENCODING].append(timed(lambda: encoding(job)))  # noqa: B023
        found[WHOLE].append(timed(lambda: whole(job)))  # noqa: B023
    return {way: tuple(map(median, zip(*times, strict=True))) for way, times in found.items()}


def show(size: int, rows: int, found: dict[str, tuple[float, float]]) -> None:
    for way, (wall, cpu) in found.items():
        ratio = wall / max(found[ENCODING][0], found[SENDING][0]) if way == WHOLE else None
        what = f"2 {size:,} events a request: {way}"
        table.line(what, wall=wall / rows, cpu=cpu / rows, ratio=ratio, goal=GOAL if ratio else "")


def profile(job) -> None:
    """What one job spends its time on, but for the encoder's thread."""
    profiler = cProfile.Profile()
    profiler.runcall(whole, job)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--file", type=Path, help="a file of benchmarks.events; made anew without")
    parser.add_argument("--profile", action="store_true", help="print a profile of the job's main thread")
    chosen = parser.parse_args()
    with sink.running() as url, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        console.set_up(folder, LINE_CONVERSION_API_URL=url)
        import_module("exports.run")  # not in the first job's time
        path = chosen.file or events.written(Path(folder), chosen.rows)
        kept = console.kept(Path(folder), path, chosen.rows)
        for size in chosen.sizes:
            if chosen.profile:
                profile(console.job(kept, chosen.rows, size))
            else:
                show(size, chosen.rows, measure(kept, chosen.rows, size, chosen.rounds, url))


if __name__ == "__main__":
    main()
