"""An in-memory DuckDB for one job, set up inside the fence."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from warehouse.engines.querytext import literal


def open_database(job: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """Open it within the job's memory, threads and temporary folder. Settings are not locked yet."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": job["threads"],
            "memory_limit": f"{job['memory_mb']}MiB",
            "temp_directory": job["folder"],
            "max_temp_directory_size": f"{job['spool_mb']}MiB",
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
        },
    )
    run(connection, "SET errors_as_json = true")
    return connection


def open_locked(job: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """The same, with the job's own files and folder and nothing else in reach, for good."""
    connection = open_database(job)
    run(connection, f"SET allowed_paths = [{', '.join(map(literal, job['files']))}]")
    run(connection, f"SET allowed_directories = [{literal(job['folder'])}]")
    run(connection, "SET enable_external_access = false")
    run(connection, "SET lock_configuration = true")
    return connection


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    """Run one of our own statements to its end."""
    return list(connection.execute(sql).fetchall())


def over(connection: duckdb.DuckDBPyConnection, table: pa.Table, select: str) -> duckdb.DuckDBPyRelation:
    """The rows of `SELECT select` over an Arrow table, lazily."""
    relation = connection.from_arrow(table).query("rows_in", f"SELECT {select} FROM rows_in")  # noqa: S608
    assert relation is not None
    return relation
