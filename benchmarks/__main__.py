"""Everything about the exporter's speed, one table: python -m benchmarks [--rows N] [--rounds N]

Each part is a program of its own (benchmarks.encode, .export, .memory, .job) and says there what it measures. The first
three run on the same Parquet file, which is made first. With `--rows` every part takes so many rows or fewer: a trial.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import events, table

ROWS = {"encode": 200_000, "export": 300_000, "memory": 500_000, "job": 100_000}


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = f"{os.cpu_count()} cores, {memory / 2**30:.0f} GB of memory"
    return f"{', '.join(names) or platform.machine()}, {cores}, {platform.system()}, Python {platform.python_version()}"


def run(part: str, *options: str) -> None:
    subprocess.run([sys.executable, "-m", f"benchmarks.{part}", *options], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rows = {part: str(min(count, chosen.rows)) for part, count in ROWS.items()}
    rounds = ["--rounds", str(chosen.rounds)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        started = time.perf_counter()
        path = events.written(Path(folder), chosen.rows)
        size, seconds = path.stat().st_size / 1e6, time.perf_counter() - started
        print(machine())
        print(f"{chosen.rows:,} rows of 17 columns, {size:,.0f} MB of Parquet, made in {seconds:.0f} s\n{table.HEAD}")
        sys.stdout.flush()
        given = ["--file", str(path)]
        run("encode", "--rows", rows["encode"], *rounds, *given)
        run("export", "--rows", rows["export"], *rounds, *given)
        run("memory", "--rows", rows["memory"], *given)
        run("job", "--rows", rows["job"], *rounds)


if __name__ == "__main__":
    main()
