"""Queries that would take all memory, disk or time end at their limits, and nothing is left of them."""

import os
import resource
import time
from pathlib import Path

import pytest

from warehouse.engines.base import Cancelled, LimitExceeded, Limits, QueryFailed, QueryRejected
from warehouse.engines.pieces import LARGEST_ROW

SMALL = Limits(seconds=2, rows=100_000, memory_mb=256, spool_mb=64)
PATIENCE = 3 + 3  # seconds after the limit, and for starting the process on a busy machine

BOMBS = {
    "one long text": "select length(repeat('x', 4000000000)) as n",
    "one long list": "select len(range(1000000000)) as n",
    "padding": "select length(lpad('x', 2000000000, repeat('y', 1000))) as n",
    "format": "select length(format('{:>2000000000}', 'x')) as n",
    "printf": "select length(printf('%2000000000s', 'x')) as n",
    "a string of bits": "select bit_count(bitstring('1', 2000000000)) as n",
    "many long texts": "select list(repeat('x', 1000000)) as n from range(1000000)",
    "endless recursion": "with recursive r as (select 1 n union all select n + 1 from r) select count(*) as n from r",
    "a cross join": "select count(*) as n from range(100000000) a, range(100000) b",
    "sleep": "select pg_sleep(60) as n",
    "distances of texts": """
        select max(levenshtein(repeat(md5(i::varchar), 3000), repeat(md5((i + 1)::varchar), 3000))) as n
        from range(1000000) t(i)""",
    "a pattern": """
        select count(*) as n from range(100000000) t(i)
        where regexp_matches(repeat('a', 3000) || i::varchar, '(a?){50}a{50}b')""",
    "many groups": "select count(*) as n from (select md5(i::varchar) as k from range(1000000000) t(i) group by k)",
    "a sort larger than the disk": "select i, repeat(md5(i::varchar), 20) as n from range(20000000) t(i) order by n",
    "an endless result": "select range as n from range(100000000000)",
    "wide rows": "select repeat('x', 50000) as n from range(100000)",
    "very wide rows": "select repeat('x', 1000000) as n from range(100000)",
    "one row of many columns": "select " + ", ".join(f"repeat('x', 50000000) as c{i}" for i in range(100)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_at_its_limits_and_leaves_nothing(start, tmp_path, bomb):
    children, largest, started = _children(), _largest(), time.monotonic()
    with pytest.raises((LimitExceeded, QueryRejected, QueryFailed, Cancelled)) as caught:
        _drain(start, bomb)
    assert time.monotonic() - started < SMALL.seconds + PATIENCE
    assert caught.value.message.endswith(".") and "Error" not in caught.value.message
    assert _children() == children
    assert list((tmp_path / "work").iterdir()) == []
    assert _largest() - largest < 128, "this process grew"


def _drain(start, bomb):
    with start(BOMBS[bomb], limits=SMALL) as result:
        for batch in result:
            assert batch.nbytes <= LARGEST_ROW


def _largest():
    """The most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _children():
    """The processes that this one has started and that still are there."""
    return {pid for pid, parent in _processes() if parent == os.getpid()}


def _processes():
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        yield int(stat.parent.name), int(fields[1])
