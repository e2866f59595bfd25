"""The peak memory of a job by its rows and its batch size: python -m benchmarks.memory [--rows N] [--times N]

Each job runs as a worker runs it, in a process of its own, from a kept result to a sink. `anonymous` is what the
process has allocated; the peak also holds pages of files that it has mapped, which the kernel takes back at will.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from benchmarks import console, events, sink, table

SIZES = {10_000: 500, 100_000: 800}  # events a request, and the goal in MB


def of_this_process(name: str) -> int:
    """Bytes, by a name of /proc/self/status. (`ru_maxrss` also knows the process that started this one.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


@contextmanager
def watching():
    """→ a list that will hold the highest number of anonymous bytes."""
    highest, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            highest[0] = max(highest[0], of_this_process("RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield highest
    finally:
        done.set()
        thread.join()


def alone(folder: str, kept: str, rows: int, size: int, url: str) -> None:
    """One job in this process. Prints its peaks."""
    console.set_up(folder, LINE_CONVERSION_API_URL=url)
    from exports.run import run_job

    job = console.job(Path(kept), rows, size)
    with watching() as anonymous:
        ended = run_job(job.pk)
    if ended != "success":
        raise SystemExit(f"the job did not go through: {ended}")
    print(json.dumps({"peak": of_this_process("VmHWM"), "anonymous": anonymous[0]}))


def measure(folder: Path, kept: Path, rows: int, size: int, url: str) -> dict[str, int]:
    own = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "benchmarks.memory", "--alone", own, str(kept), str(rows), str(size), url]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ran.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--times", type=int, default=10, help="the larger job has so many times the rows")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--file", type=Path, help="a file of benchmarks.events; made anew without")
    parser.add_argument("--alone", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.alone:
        folder, kept, rows, size, url = chosen.alone
        return alone(folder, kept, int(rows), int(size), url)
    with sink.running() as url, tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        path = chosen.file or events.written(folder, chosen.rows)
        kept = {times: console.kept(folder, path, chosen.rows, times=times) for times in (1, chosen.times)}
        for size in chosen.sizes:
            found = {times: measure(folder, kept[times], times * chosen.rows, size, url) for times in kept}
            show(chosen.rows, size, SIZES[size], found)
    return None


def show(rows: int, size: int, most: int, found: dict[int, dict[str, int]]) -> None:
    first, *_ = found.values()
    for times, peaks in found.items():
        what = f"3 {size:,} events a request: {times * rows:,} rows"
        ratio = None if peaks is first else peaks["peak"] / first["peak"]
        says = f"under {most} MB" + (", at most 1.2 × the fewer rows" if ratio else "")
        table.line(what, peak=peaks["peak"], ratio=ratio, goal=f"{says}; {peaks['anonymous'] / 1e6:,.0f} MB anonymous")


if __name__ == "__main__":
    main()
