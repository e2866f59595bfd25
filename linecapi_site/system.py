"""What the System page says: background work, the fence around queries, their limits, storage, versions.

All but the first as this process finds them.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat

from exports.engine import limits
from linecapi_site.background import background
from linecapi_site.facts import Fact, Section
from warehouse.engines import probe
from warehouse.engines.base import EngineError
from warehouse.engines.fence import InForce
from warehouse.engines.process import GRACE

LITTLE_DISK = 0.1
"""Below this share of free space, or below what a query may use, the disk is worth a warning."""


def sections() -> list[Section]:
    """Everything, found anew; takes about a third of a second."""
    return [
        Section("Background work", tuple(background()), "What runs queries and exports, on all hosts."),
        Section("Query fence", tuple(fence()), "Around queries over databases here. Those on other sources run there."),
        Section("Limits of a query", tuple(_limits())),
        Section("Storage", tuple(_storage())),
        Section("Versions", tuple(_versions())),
    ]


def fence() -> Iterator[Fact]:
    """What a query's process on this machine is kept from."""
    yield Fact(
        "Guard", "In force", True, "One SELECT over tables that the person may read, and known functions; no files."
    )
    try:
        found = probe.in_force()
    except EngineError as error:
        yield Fact("Process", "Cannot be started", False, f"{error.message} No query can run on this machine.")
        return
    yield landlock(found.landlock)
    yield network(found)
    yield calls(found.calls)


def landlock(abi: int) -> Fact:
    """What Landlock of this ABI covers; 0: there is none."""
    if abi == 0:
        return Fact(
            "Files: Landlock",
            "Not available",
            False,
            "This kernel has no Landlock: it would not stop a query's process from opening other files. The guard, the "
            "limits and DuckDB's own settings remain. Run the worker on Linux 5.13 or newer with Landlock switched on, "
            "and keep the table files owned by another user.",
        )
    text = "A query's process reads its tables and Python's libraries, writes its own folder, and opens nothing else."
    if abi < 3:
        text += " This version cannot keep it from emptying a file it may write to; Linux 6.2 or newer can."
    return Fact("Files: Landlock", f"In force, version {abi}", True, text)


def network(found: InForce) -> Fact:
    """Whether a query's process could reach a network, by whichever layer."""
    if found.network:
        return Fact("Network", "Isolated", True, "A query's process has a network of its own, with nothing in it.")
    if found.calls:
        return Fact("Network", "Isolated", True, "A query's process can open no socket.")
    if found.landlock >= 4:
        return Fact("Network", "TCP only", False, "Landlock refuses TCP, but not UDP and not Unix sockets.")
    return Fact("Network", "Not isolated", False, "Nothing but the guard keeps a query's process off the network.")


def calls(filtered: bool) -> Fact:
    """Whether system calls are filtered."""
    if filtered:
        text = "A query's process cannot start programs, reach other processes, or change what files say of themselves."
        return Fact("System calls", "Filtered", True, text)
    text = f"Filters are known for Linux on x86_64 and aarch64; this machine ({platform.machine()}) takes none."
    return Fact("System calls", "Not filtered", False, text)


def _limits() -> Iterator[Fact]:
    most = limits()
    text = f"A query that goes on is interrupted, and {GRACE:g} seconds later its process is killed."
    yield Fact("Time", f"{most.seconds:,g} s", text=f"QUERY_TIME_LIMIT. {text}")
    text = "A query that needs more for sorting and grouping goes on on disk; anything else is stopped."
    yield Fact("Memory", f"{most.memory_mb:,} MB", text=f"QUERY_MEMORY_LIMIT. {text}")
    yield Fact("Rows", f"{most.rows:,}", text="QUERY_ROW_LIMIT. A larger result is stopped there.")
    yield Fact("Disk", f"{most.spool_mb:,} MB", text="For what a query puts on disk while it runs, and for its result.")


def _storage() -> Iterator[Fact]:
    disk = shutil.disk_usage(settings.DATA_DIR)
    enough = disk.free > max(disk.total * LITTLE_DISK, limits().spool_mb * 1024 * 1024)
    text = f"Of {filesizeformat(disk.total)} where DATA_DIR lies: {settings.DATA_DIR}."
    if not enough:
        text += " That is little: one query may need more. Free some space or move DATA_DIR."
    yield Fact("Free disk", filesizeformat(disk.free), enough, text)
    number = ".".join(map(str, connection.get_database_version()))
    if connection.vendor == "sqlite":
        text = "The console's own data in one file: right for one machine. For several, set DATABASE_URL to PostgreSQL."
    else:
        text = "The console's own data."
    yield Fact("Database", f"{connection.display_name} {number}", text=text)


def _versions() -> Iterator[Fact]:
    for label, package, text in (
        ("DuckDB", "duckdb", "Runs the queries."),
        ("Arrow", "pyarrow", "Carries their rows."),
        ("sqlglot", "sqlglot", "Translates Trino's and Hive's SQL."),
        ("Django", "django", "Serves these pages."),
    ):
        yield Fact(label, version(package), text=text)
    yield Fact("Python", platform.python_version())
    yield Fact("Kernel", f"{platform.system()} {platform.release()}")
