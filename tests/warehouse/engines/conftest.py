"""A small catalogue of Parquet files, and short ways to run a query over it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.engines.base import Column, Limits, Table
from warehouse.engines.duckdb import DuckDBEngine

SMALL = Limits(seconds=20, rows=1_000_000, memory_mb=256, spool_mb=64)


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "orders.parquet"
    pq.write_table(pa.table({"day": [3, None, 1, 2], "name": ["c", "n", "a", "b"]}), path)
    orders = Table((str(path),), (Column("day", "BIGINT"), Column("name", "VARCHAR")))
    empty = Table((), (Column("day", "BIGINT"), Column("tags", "VARCHAR[]")))
    return {("sales", "orders"): orders, ("sales", "nothing"): empty, ("crm", "people"): orders}


@pytest.fixture
def start(tables, tmp_path):
    """Start a query: start(sql, limits=…, order_by=…) -> Result."""

    def run(sql, *, limits=SMALL, **options):
        return DuckDBEngine().run(
            sql, tables=tables, database="sales", limits=limits, workdir=tmp_path / "work", **options
        )

    return run


@pytest.fixture
def rows(start):
    """All rows of a query as tuples."""

    def run(sql, **options):
        with start(sql, **options) as result:
            return [tuple(row.values()) for batch in result for row in batch.to_pylist()]

    return run
