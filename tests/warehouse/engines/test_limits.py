"""A query ends at its limits, when it is cancelled, and behind the fence even where the guard would err."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from warehouse.engines import landlock
from warehouse.engines.base import Cancelled, LimitExceeded, Limits
from warehouse.engines.duckdb import DuckDBEngine

ENDLESS = "select count(*) from range(100000000) a, range(100000) b"
DEAF = (
    "select max(levenshtein(repeat(md5(i::varchar), 3000), repeat(md5((i + 1)::varchar), 3000))) "
    "from range(1000000) t(i)"
)


def limits(**changed):
    return Limits(**{"seconds": 20, "rows": 1_000_000, "memory_mb": 256, "spool_mb": 64, **changed})


@pytest.mark.parametrize("sql", [ENDLESS, DEAF], ids=["interruptible", "deaf"])
def test_it_stops_at_the_time_limit(rows, sql):
    started = time.monotonic()
    with pytest.raises(LimitExceeded, match="time limit of 1 seconds") as caught:
        rows(sql, limits=limits(seconds=1))
    assert caught.value.which == "seconds"
    assert time.monotonic() - started < 4.5


@pytest.mark.parametrize("sql", [ENDLESS, DEAF], ids=["interruptible", "deaf"])
def test_a_cancelled_query_ends_within_three_seconds(start, sql):
    with start(sql) as result:
        threading.Timer(0.2, result.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            list(result)
        assert time.monotonic() - started < 3.2
        result.cancel()


def test_leaving_a_result_cancels_the_query(start):
    with start("select * from range(100000000)") as result:
        next(iter(result))
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert result.progress().state == "finished"


def test_another_process_can_stop_it_by_its_handle(start):
    with start(ENDLESS) as result:
        assert DuckDBEngine().stop(result.handle) is True
        assert DuckDBEngine().stop(result.handle) is False
        with pytest.raises(Cancelled):
            list(result)


def test_a_handle_of_another_time_or_host_stops_nothing(start):
    with start(ENDLESS) as result:
        assert DuckDBEngine().stop({**result.handle, "born": "1"}) is False
        assert DuckDBEngine().stop({**result.handle, "host": "elsewhere"}) is False
        assert result.progress().state != "finished"


def test_it_gives_exactly_the_rows_allowed_and_then_says_so(start):
    rows = 0
    result = start("select * from range(100000)", limits=limits(rows=100))
    with result, pytest.raises(LimitExceeded, match="limit of 100 rows") as caught:
        for batch in result:
            rows += batch.num_rows
    assert (rows, caught.value.which) == (100, "rows")


def test_as_many_rows_as_allowed_are_no_error(rows):
    assert len(rows("select * from range(100)", limits=limits(rows=100))) == 100


@pytest.mark.parametrize(
    "sql",
    ["select length(repeat('x', 4000000000))", "select list(range(i)) from range(100000) t(i)"],
    ids=["one value", "many values"],
)
def test_it_stops_at_the_memory_limit(rows, sql):
    with pytest.raises(LimitExceeded, match="memory limit of 256 MB") as caught:
        rows(sql)
    assert caught.value.which == "memory"


def test_a_sort_larger_than_memory_spills(start):
    roomy = limits(memory_mb=32, rows=20_000_000, spool_mb=500)
    with start("select i from range(3000000) t(i) order by hash(i)", limits=roomy) as result:
        assert sum(batch.num_rows for batch in result) == 3_000_000


def test_it_stops_at_the_disk_limit(rows):
    with pytest.raises(LimitExceeded, match="limit of 4 MB of disk space") as caught:
        rows("select i from range(3000000) t(i) order by hash(i)", limits=limits(memory_mb=32, spool_mb=4))
    assert caught.value.which == "spool"


FENCED = """
import os
import sys
from pathlib import Path
from warehouse.engines import fence
own, other, home = map(Path, sys.argv[1:])
fence.enter(parent=os.getppid(), read=[], folder=own, memory_mb=256, spool_mb=64, home=home)
(own / "mine").write_text("1")
acts = (
    lambda: (other / "secret").read_text(),
    lambda: (other / "new").write_text("x"),
    lambda: list(home.iterdir()),
)
for act in acts:
    try:
        act()
    except PermissionError:
        print("refused")
"""


@pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")
def test_behind_the_fence_only_the_own_folder_is_left(tmp_path):
    home = Path(landlock.__file__).parents[2]
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (other / "secret").write_text("s")
    command = [sys.executable, "-c", FENCED, str(own), str(other), str(home)]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=20, env={"PYTHONPATH": str(home)})
    assert done.stdout.split() == ["refused", "refused", "refused"], done.stderr
    assert (own / "mine").read_text() == "1"
