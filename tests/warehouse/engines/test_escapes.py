"""Nothing gets out of a query: the guard alone, the fence alone, and both together in the real child."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.engines import escapes_child
from tests.warehouse.engines.escapes import ATTEMPTS, BOUND, HARMLESS, REFUSED
from tests.warehouse.engines.escapes_ground import Ground
from warehouse.engines import guard, landlock
from warehouse.engines.base import Limits, QueryRejected
from warehouse.engines.duckdb import DuckDBEngine

HOME = Path(landlock.__file__).parents[2]
LIMITS = Limits(seconds=20, rows=1000, memory_mb=256, spool_mb=64)

needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="not run: this kernel has no Landlock")


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return Ground(tmp_path_factory.mktemp("ground") / "root")


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect()
    connection.execute("SET errors_as_json = true").fetchall()
    return connection


def names(attempts):
    return pytest.mark.parametrize("attempt", attempts, ids=lambda attempt: attempt.name)


def test_there_are_at_least_205_attempts():
    assert len(REFUSED) >= 205
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)


@names(REFUSED)
def test_the_guard_alone_refuses_it(connection, ground, attempt):
    for text in (attempt.statements[0], "; ".join(attempt.statements)):
        with pytest.raises(QueryRejected):
            guard.check(connection, ground.text(text), catalogue=ground.tables, database="sales")


@names([*BOUND, *HARMLESS])
def test_the_guard_lets_pass_what_only_looks_like_an_attempt(connection, ground, attempt):
    guard.check(connection, ground.text(attempt.statements[0]), catalogue=ground.tables, database="sales")


def run(ground, attempt, workdir):
    """Its rows, through the real engine."""
    sql = ground.text(attempt.statements[0])
    result = DuckDBEngine().run(sql, tables=ground.tables, database="sales", limits=LIMITS, workdir=workdir)
    with result:
        return [tuple(row.values()) for batch in result for row in batch.to_pylist()]


@names([*REFUSED[:: len(REFUSED) // 10], *BOUND])
def test_all_layers_together_refuse_it(ground, tmp_path, attempt):
    with pytest.raises(QueryRejected):
        run(ground, attempt, tmp_path)


@names(HARMLESS)
def test_what_only_looks_like_an_attempt_gives_its_rows(ground, tmp_path, attempt):
    assert tuple(run(ground, attempt, tmp_path)) == attempt.gives


def unguarded(ground, attempts, *, locked):
    """Try them with no guard, in as few processes as will live. → everything that came back, by attempt."""
    report = ground.own / "report"
    job = {"home": str(HOME), "folder": str(ground.own), "report": str(report), "warehouse": str(ground.warehouse)}
    job |= {"files": [str(ground.events), str(ground.warehouse)], "locked": locked}
    job |= {"memory_mb": 256, "spool_mb": 64, "threads": 1}
    heard, left = {}, [(attempt.name, [ground.text(text) for text in attempt.statements]) for attempt in attempts]
    while left:
        report.write_text("")
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", escapes_child.__file__],
            input=json.dumps(job | {"attempts": left}),
            capture_output=True,
            text=True,
            errors="replace",
            cwd=ground.own,
            env={"HOME": str(ground.root / "home")},
            timeout=120,
        )
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        assert lines, done.stderr
        heard |= {name: [*said, done.stdout, done.stderr] for name, *said in lines}
        left = left[[name for name, _ in left].index(lines[-1][0]) + 1 :]
    return heard


@needs_landlock
@pytest.mark.parametrize("locked", [True, False], ids=["with DuckDB's own settings", "with nothing else"])
def test_the_fence_alone_keeps_every_attempt_in(tmp_path, locked):
    ground = Ground(tmp_path / "root")
    before = ground.state()
    heard = unguarded(ground, ATTEMPTS, locked=locked)
    assert ground.state() == before
    assert heard["its own table"][0] == "[(1, 'a'), (2, 'b')]"
    assert set(heard) == {attempt.name for attempt in ATTEMPTS}
    assert [name for name, said in heard.items() if any(word in str(said) for word in ground.words)] == []
    assert "root:" not in str(heard.values())
