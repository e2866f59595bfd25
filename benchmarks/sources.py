"""Rows per second out of PostgreSQL and Trino, as Arrow: python -m benchmarks.sources [--rows N]

17 columns with 16 of text. PostgreSQL is a temporary server of our own; Trino's part is played by a stand-in, so that
the number is that of the client alone, and of a server that shares its cores. Prints also when the first rows came,
and the largest memory of the child process that reads, and of this process so far.
"""

import argparse
import resource
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from tests.on_postgresql import server
from tests.warehouse.engines.fake_trino import Answer, FakeTrino
from warehouse.engines.base import Limits
from warehouse.engines.postgresql import PostgreSQLEngine
from warehouse.engines.trino import TrinoEngine

COLUMNS = [f"c{n:02}" for n in range(1, 17)]
PAGE = 2_000  # rows; Trino's pages are about a megabyte


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    print(f"{rows:,} rows of {len(COLUMNS) + 1} columns")
    over_postgresql(rows)
    over_trino(rows)


def over_postgresql(rows):
    texts = ", ".join(f"md5(({n} + i)::text) AS {name}" for n, name in enumerate(COLUMNS))
    with server() as url:
        folder = url.split("host=")[1]
        with psycopg.connect(host=folder, user="test", dbname="postgres", autocommit=True) as admin:
            admin.execute("CREATE ROLE reader LOGIN")
            admin.execute(f"CREATE TABLE events AS SELECT i AS n, {texts} FROM generate_series(1, {rows}) i")
            admin.execute("GRANT SELECT ON events TO reader; ANALYZE events")
        engine = PostgreSQLEngine({"host": folder, "database": "postgres", "user": "reader", "sslmode": "disable"})
        measure("postgresql", engine, "SELECT * FROM events", rows)
        measure("postgresql, ordered", engine, "SELECT * FROM events", rows, order_by="c01")


def over_trino(rows):
    trino = FakeTrino()
    page = [[i, *(f"{name}-{i:030}" for name in COLUMNS)] for i in range(PAGE)]
    columns = [("n", "bigint"), *((name, "varchar") for name in COLUMNS)]
    trino.answers["events"] = Answer(columns=columns, pages=[page] * (rows // PAGE))
    settings = {"scheme": "http", "host": "127.0.0.1", "port": trino.port, "user": "bench", "catalog": "c"}
    measure("trino", TrinoEngine(settings), "SELECT * FROM events", rows // PAGE * PAGE)
    trino.close()


def measure(name, engine, sql, rows, **options):
    started, first, seen = time.monotonic(), None, 0
    with tempfile.TemporaryDirectory() as folder, Peak() as peak:
        limits = Limits(seconds=1800)
        with engine.run(sql, tables={}, database="", limits=limits, workdir=Path(folder), **options) as result:
            peak.watch(result.handle["pid"])
            for batch in result:
                first = first or time.monotonic() - started
                seen += batch.num_rows
    seconds = time.monotonic() - started
    assert seen == rows
    print(
        f"{name:20} {seen / seconds:>9,.0f} rows/s  first rows {first:.2f} s  "
        f"child {peak.child:,} MiB  here {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB"
    )


class Peak:
    """The child's largest memory while the block lasts, in MiB, as the kernel counts it; asked every 50 ms."""

    def __enter__(self):
        self.child = 0
        self._over = threading.Event()
        return self

    def watch(self, pid):
        self._thread = threading.Thread(target=self._look, args=(Path(f"/proc/{pid}/status"),), daemon=True)
        self._thread.start()

    def __exit__(self, *exc_info):
        self._over.set()
        self._thread.join()

    def _look(self, status):
        while not self._over.wait(0.05):
            try:
                found = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            except OSError:
                return
            self.child = int(found[0]) // 1024 if found else self.child


if __name__ == "__main__":
    main()
