"""How fast queries are, and what the fence costs: `python -m benchmarks.queries [--rows N]`.

From Parquet to the kept result with 17 columns, as a table of LINE conversion events has; the same query without child
process, guard and limits; and the time until the smallest query has given its row, for each dialect.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from exports.results import keep
from warehouse.engines.base import Column, Limits, Table
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.engines.kept import write

NAME = ("shop", "events")
SQL = "SELECT * FROM events"
LIMITS = Limits(seconds=3600, memory_mb=1024, spool_mb=20_480)
EVENTS = """
SELECT 'https://shop.example/?from=' || n % 1000 AS referrer, '10.0.' || n % 250 || '.' || n % 77 AS ip_address,
  '商品 ' || n % 5000 AS title, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)' AS user_agent,
  'https://shop.example/items/' || n % 5000 AS url, md5(n::VARCHAR) AS deduplication_key, 'conversion' AS event_type,
  CASE WHEN n % 3 = 0 THEN 'AddToCart' ELSE 'Purchase' END AS event_name, 'web' AS source_type,
  1760000000 + n AS event_timestamp, 'browser-' || n % 90000 AS browser_id,
  CASE WHEN n % 2 = 0 THEN 'click-' || n END AS click_id, '+8190' || lpad((n % 100000000)::VARCHAR, 8, '0') AS phone,
  NULL::VARCHAR AS ifa, sha256(n::VARCHAR) AS external_id, 'U' || md5((n + 1)::VARCHAR) AS line_uid,
  'person' || n || '@shop.example' AS email
FROM range(?) AS t(n)"""


def made(folder: Path, rows: int) -> Table:
    """A table of that many events in one Parquet file."""
    path = folder / "events.parquet"
    connection = duckdb.connect()
    connection.execute(f"COPY ({EVENTS}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)", [rows])
    described = connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    print(f"{rows:,} rows x {len(described)} columns, {path.stat().st_size / 1e6:,.0f} MB of Parquet")
    return Table((str(path),), tuple(Column(row[0], row[1]) for row in described))


def fenced(folder: Path, table: Table, dialect: str = "trino", sql: str = SQL) -> int:
    """Rows that the engine kept."""
    running = DuckDBEngine(dialect=dialect).run(
        sql, tables={NAME: table}, database=NAME[0], limits=LIMITS, workdir=folder / "job"
    )
    with running as result:
        return keep(result, folder / "job" / "result.arrow")


def unfenced(folder: Path, table: Table) -> int:
    """The same rows from a DuckDB of this process, without guard, Landlock or limits."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": f"{LIMITS.memory_mb}MiB"})
    connection.execute("SET enable_progress_bar = false")
    reader = connection.sql(f"SELECT * FROM read_parquet('{table.files[0]}')").to_arrow_reader(10_000)
    return write(reader.schema, reader, folder / "unfenced.arrow")


def measured(name: str, work: Callable[..., int], *arguments: object) -> None:
    """Run it in a process of its own, so that its peak and its child's are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rows, seconds, parent, child = pool.apply(_timed, (work, *arguments))
    told = f"{name:32} {rows:>12,} rows {seconds:>8.2f} s {rows / seconds:>12,.0f} rows/s"
    print(f"{told}   peak {parent:,} MB, child {child:,} MB", flush=True)


def _timed(work: Callable[..., int], *arguments: object) -> tuple[int, float, int, int]:
    started = time.monotonic()
    rows = work(*arguments)
    seconds = time.monotonic() - started
    peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return rows, seconds, peaks[0], peaks[1]


def smallest(folder: Path, table: Table, dialect: str) -> None:
    times = []
    for _ in range(5):
        started = time.monotonic()
        fenced(folder, table, dialect, "SELECT 1 AS n")
        times.append(time.monotonic() - started)
    print(f"smallest query, {dialect:7} best {min(times):.2f} s, worst of 5 {max(times):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = made(folder, parser.parse_args().rows)
        for dialect in ("duckdb", "trino", "hive"):
            smallest(folder, table, dialect)
        measured("kept, behind the fence", fenced, folder, table)
        measured("the same without the fence", unfenced, folder, table)


if __name__ == "__main__":
    main()
