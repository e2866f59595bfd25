"""Check, explain and encode, against what users would write: python -m benchmarks.encode [--rows N] [--rounds N]

The ways take turns, round by round, on the same record batches of 10,000 rows. What is printed is the median of the
rounds: CPU time of the whole process, user and system, all threads. Reading the Parquet file is the same for all and
not in the figures; it has a line of its own. `orjson.dumps` gets events that are checked and ready: the floor.
Peak memory is that of one round in a process of its own.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson
import pyarrow as pa

from benchmarks import events, table
from benchmarks.memory import of_this_process
from exports.exporter.mapping import suggest
from exports.exporter.pipeline import chunks
from exports.exporter.plan import Plan, compile_plan
from integrations.connectors.line_conversion import CONNECTOR

SAMPLE = 20_000  # rows on which the ways must agree
OURS, BY_HAND, MODELS, FLOOR, READING = "exporter", "plain loop", "pydantic", "orjson.dumps", "reading Parquet"
WAYS = (OURS, BY_HAND, MODELS, FLOOR)
MODULES = {BY_HAND: "benchmarks.by_hand", MODELS: "benchmarks.models"}

Way = Callable[[int, pa.RecordBatch], tuple[bytes | memoryview, list[int]]]
"""(number of the first row, rows) → the request's body, the numbers of the rows that are refused."""


class Measured(NamedTuple):
    """`cpu`: by way and for the reading, microseconds a row; `peak`: by way, bytes."""

    rows: int
    events: int
    event_bytes: float
    cpu: dict[str, float]
    peak: dict[str, int]

    def ratio(self, way: str) -> float:
        return self.cpu[way] / self.cpu[OURS]


# --- the ways ----------------------------------------------------------------------------------------------------


def plan_for(schema: pa.Schema, now: int) -> Plan:
    settings = {"line_channel_id": "1"}
    return compile_plan(CONNECTOR, suggest(CONNECTOR, schema.names), settings, schema, now=now, time_zone="Asia/Tokyo")


def ours(plan: Plan) -> Way:
    def encode(first: int, batch: pa.RecordBatch) -> tuple[memoryview, list[int]]:
        (chunk,) = chunks(plan, [(first, batch)])
        return chunk.text, [row for row, _ in chunk.rejects]

    return encode


def row_by_row(name: str, now: int) -> Way:
    module = import_module(MODULES[name])  # not in the other ways' processes

    def encode(first: int, batch: pa.RecordBatch) -> tuple[bytes, list[int]]:
        body, refused = module.encode(batch, now)
        return body, [first + number for number, _ in refused]

    return encode


def way_for(name: str, now: int) -> Way:
    return ours(plan_for(events.schema(), now)) if name == OURS else row_by_row(name, now)


def agree(path: Path, rows: int, now: int) -> None:
    """Stops the run unless all ways give the same events and refuse the same rows."""
    for first, batch in events.read(path, min(rows, SAMPLE)):
        text, refused = way_for(OURS, now)(first, batch)
        wanted = orjson.loads(b"".join([b"[", text[:-1], b"]"]))
        for name in (BY_HAND, MODELS):
            body, also = way_for(name, now)(first, batch)
            if orjson.loads(body) != wanted or also != refused:
                raise SystemExit(f"{name} does not do what the exporter does, in rows from {first}")


# --- measuring ---------------------------------------------------------------------------------------------------


def timed(action: Callable[..., object], *given: object) -> float:
    """CPU seconds of this process, all threads."""
    started = time.process_time()
    action(*given)
    return time.process_time() - started


def encoding(way: Way, path: Path, rows: int) -> float:
    return sum(timed(way, first, batch) for first, batch in events.read(path, rows))


def dumping(path: Path, rows: int, now: int) -> float:
    """The events as the plain loop has checked them, a record batch's at a time."""
    by_hand = import_module(MODULES[BY_HAND])
    ready = (by_hand.checked(batch, now)[0] for _, batch in events.read(path, rows))
    return sum(timed(orjson.dumps, some) for some in ready)


def reading(path: Path, rows: int) -> float:
    return timed(lambda: sum(len(batch) for _, batch in events.read(path, rows)))


def one_round(name: str, path: Path, rows: int, now: int) -> float:
    """CPU seconds."""
    gc.collect()
    if name == READING:
        return reading(path, rows)
    return dumping(path, rows, now) if name == FLOOR else encoding(way_for(name, now), path, rows)


def in_turn(path: Path, rows: int, rounds: int, now: int) -> dict[str, float]:
    """Microseconds a row, the median of the rounds."""
    spent: dict[str, list[float]] = {name: [] for name in (*WAYS, READING)}
    for _ in range(rounds):
        for name, seconds in spent.items():
            seconds.append(one_round(name, path, rows, now))
    return {name: median(seconds) / rows * 1e6 for name, seconds in spent.items()}


def peak(name: str, path: Path, rows: int, now: int) -> int:
    """Bytes of a process that does one round of it."""
    command = [sys.executable, "-m", "benchmarks.encode", "--alone", name, str(path), str(rows), str(now)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(name: str, path: str, rows: str, now: str) -> None:
    one_round(name, Path(path), int(rows), int(now))
    print(of_this_process("VmHWM"))


def measure(path: Path, rows: int, rounds: int) -> Measured:
    now = int(time.time())
    agree(path, rows, now)
    sizes = [
        (chunk.events, len(chunk.text)) for chunk in chunks(plan_for(events.schema(), now), events.read(path, rows))
    ]
    count, size = (sum(column) for column in zip(*sizes, strict=True))
    cpu = in_turn(path, rows, rounds, now)
    return Measured(rows, count, size / count, cpu, {name: peak(name, path, rows, now) for name in WAYS})


# --- printing ----------------------------------------------------------------------------------------------------


GOALS = {BY_HAND: "at least 6 × the exporter", MODELS: "at least 5 × the exporter"}


def show(found: Measured) -> None:
    count = f"{found.rows:,} rows, {found.events:,} events of {found.event_bytes:,.0f} bytes"
    table.line(f"1 check, explain, encode: {count}")
    for name in WAYS:
        ratio = found.ratio(name) if name in GOALS else None
        cpu = found.cpu[name] / 1e6
        table.line(f"1   {name}", cpu=cpu, peak=found.peak[name], ratio=ratio, goal=GOALS.get(name, ""))
    table.line("1   exporter / orjson.dumps", ratio=1 / found.ratio(FLOOR), goal="at most 3.5")
    table.line("1   reading Parquet, not in the figures above", cpu=found.cpu[READING] / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", type=Path, help="a file of benchmarks.events; made anew without")
    parser.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    pa.set_memory_pool(pa.system_memory_pool())  # as in the worker
    if chosen.alone:
        return alone(*chosen.alone)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = chosen.file or events.written(Path(folder), chosen.rows)
        show(measure(path, chosen.rows, chosen.rounds))
    return None


if __name__ == "__main__":
    main()
