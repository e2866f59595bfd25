"""A parent is not led astray by what a child writes, whatever has become of the child."""

import pytest

from warehouse.engines import process
from warehouse.engines.base import EngineUnavailable, LimitExceeded, Limits, QueryFailed
from warehouse.engines.process import Child


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Run a program of one's own in the child's place: child(program, seconds=…) -> Child."""
    started = []

    def start(program, seconds=20):
        text = f"import os, sys, time; sys.stdin.readline(); {program}"
        monkeypatch.setattr(process, "_PROGRAM", text.replace("{", "{{").replace("}", "}}"))
        started.append(Child({}, limits=Limits(seconds=seconds), workdir=tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.close()


def say(*lines):
    return f"os.write(2, {b''.join(line + bytes([10]) for line in lines)!r})"


@pytest.mark.parametrize(
    "line",
    [b"{", b"\xff\xfe", b"[]", b"null", b'{"kind": ["done"]}', b'{"kind": {}}', b'{"done": 1}', b"[" * 100_000],
    ids=lambda line: line[:20].decode(errors="replace"),
)
def test_a_line_that_is_no_status_is_noise(child, line):
    program = say(b'{"kind": "ready"}', line, b'{"kind": "done", "rows": 3}')
    assert child(program).finish()["rows"] == 3


def test_done_without_an_orderly_end_is_no_success(child):
    with pytest.raises(QueryFailed, match="killed by signal 9"):
        child(say(b'{"kind": "done", "rows": 3}') + "; os.kill(os.getpid(), 9)").finish()


def test_an_orderly_end_without_done_is_no_success(child):
    with pytest.raises(QueryFailed, match="ended early, with code 0"):
        child(say(b'{"kind": "ready"}')).finish()


def test_a_child_that_says_nothing_could_not_be_started(child):
    with pytest.raises(EngineUnavailable, match="could not be started"):
        child("sys.exit(3)").finish()


def test_a_line_without_an_end_is_not_kept(child, monkeypatch):
    monkeypatch.setattr(process, "LONGEST_LINE", 1000)
    one = child("[os.write(2, b'x' * 1000) for _ in range(1000)]")
    with pytest.raises(EngineUnavailable):
        one.finish()
    assert len(one._noise) == 2000


def test_a_child_that_hears_nothing_is_killed_with_its_children(child):
    program = "import signal; signal.signal(15, signal.SIG_IGN); os.fork(); time.sleep(60)"
    with pytest.raises(LimitExceeded, match="time limit"):  # which it only says when nobody holds stderr any more
        child(program, seconds=0.2).finish()
