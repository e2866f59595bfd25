"""How fast files are loaded, and how much memory the child takes: `python -m benchmarks.load [--rows N] [FORMAT…]`.

Each file has 17 columns, as a table of LINE conversion events has. What is timed is a load as anyone's: the child
process with its start, the fence, types, the column `time` and the Parquet file at the end.
"""

import argparse
import gzip
import multiprocessing
import resource
import shutil
import tempfile
import time
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks import events
from warehouse.engines import loader
from warehouse.engines.base import Limits
from warehouse.engines.timecolumn import TIME, Clock

KINDS = ("csv", "csv.gz", "quoted.csv", "odd.csv", "jsonl", "jsonl.gz", "parquet", "parquet.gz")
START = 1_760_000_000


def sample(rows: int) -> pa.Table:
    return pa.concat_tables(events.tables(rows, now=START))


def written(table: pa.Table, kind: str, folder: Path) -> Path:
    """The sample as a file of this kind; `odd` has one CR that only the careful reader can judge."""
    path = folder / f"sample.{kind}"
    plain = folder / f"sample.{kind.removesuffix('.gz')}"
    if plain.suffix == ".parquet":
        pq.write_table(table, plain, compression="zstd")
    elif plain.suffix == ".jsonl":
        with plain.open("wb") as file:
            file.writelines(lines(table))
    else:
        style = "all_valid" if kind.startswith("quoted") else "needed"
        pa.csv.write_csv(table, plain, pa.csv.WriteOptions(quoting_style=style))
        if kind.startswith("odd"):
            with plain.open("ab") as file:
                file.write(b',,a"b' + b"," * 14 + b"\n")
    if kind.endswith(".gz"):
        with plain.open("rb") as file, gzip.open(path, "wb", compresslevel=1) as packed:
            shutil.copyfileobj(file, packed)
        plain.unlink()
    return path


def lines(table: pa.Table):

    for batch in table.to_batches(10_000):
        for row in batch.to_pylist():
            yield orjson.dumps({name: value for name, value in row.items() if value is not None}) + b"\n"


def measure(path: Path, folder: Path) -> tuple[int, float, float, float]:
    """→ rows, seconds, the child's CPU seconds, and its peak memory in MiB. Runs in a process of its own."""
    file_format = path.name.removesuffix(".gz").rpartition(".")[2]
    columns = [*loader.sniff(path, file_format, workdir=folder).columns, TIME]
    before, started = cpu_of_children(), time.perf_counter()
    limits = Limits(seconds=600, memory_mb=2048)
    rows = loader.load(path, file_format, columns, folder / "part.parquet", limits=limits, clock=Clock(START))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return rows, seconds, cpu_of_children() - before, peak


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="FORMAT", help=", ".join(KINDS))
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    table = sample(chosen.rows)
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        for kind in chosen.kinds:
            path = written(table, kind, Path(name))
            size = path.stat().st_size / 1024**2
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows, seconds, cpu, peak = pool.apply(measure, (path, Path(name)))
            path.unlink()
            speed = f"{rows / seconds:9,.0f} rows/s  {seconds:6.2f} s  CPU {cpu:6.2f} s"
            print(f"{kind:<11} {size:6,.0f} MB  {speed}  peak {peak:5,.0f} MB")


if __name__ == "__main__":
    main()
