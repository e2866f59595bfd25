"""What warnings and readiness cost: python -m benchmarks.notes [--rows N] [--job-rows N]

Prints the CPU time of check, hash, encode and cut without and with the notes of the rows (the best of some rounds,
taken in turn), and how long it takes to sum up the notes of a large job.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from benchmarks import events
from benchmarks.encode import plan_for
from exports.exporter.pipeline import batches, check_only
from exports.note_file import NoteFile
from integrations.connectors.line_conversion import CONNECTOR


def encoded(plan, numbered, listener=None):
    """-> CPU seconds of one round."""
    started = time.process_time()
    for batch in batches(plan, numbered, max_events=10_000, max_bytes=CONNECTOR.limits.bytes, listener=listener):
        len(batch.body)
    return time.process_time() - started


def large_job(plan, numbered, rows, file):
    """Write the notes of `rows` rows, the same ones again and again."""
    heard = []
    check_only(plan, numbered, heard.append)
    size = sum(len(each.good) for each in heard)
    for start in range(0, rows, size):
        for each in heard:
            if start + each.first_row + len(each.good) <= rows:
                file.write(replace(each, first_row=start + each.first_row))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--job-rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    pa.set_memory_pool(pa.system_memory_pool())
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_for(events.schema(), int(time.time()))
        numbered = list(events.read(events.written(Path(folder), chosen.rows)))
        with NoteFile(Path(folder), CONNECTOR, chosen.rows) as file:
            rounds = [(encoded(plan, numbered), encoded(plan, numbered, file.write)) for _ in range(chosen.rounds)]
        without, with_notes = (min(times) / chosen.rows * 1e6 for times in zip(*rounds, strict=True))
        print(f"encode {without:.2f} µs a row, with notes {with_notes:.2f} µs: {with_notes / without - 1:.1%} more")
        with NoteFile(Path(folder), CONNECTOR, chosen.job_rows) as file:
            large_job(plan, numbered, chosen.job_rows, file)
            started, cpu = time.perf_counter(), time.process_time()
            summary = file.summary(chosen.job_rows, hashed=["phone", "email"])
            wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"sum up {chosen.job_rows:,} rows ({summary.rows:,} good): {wall:.2f} s, {cpu:.2f} s of CPU, peak {peak} MB")


if __name__ == "__main__":
    main()
