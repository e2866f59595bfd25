"""Each benchmark goes through with few rows; what it measures is not looked at."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def printed(program, *options):
    command = [sys.executable, "-m", program, *options]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True, timeout=120).stdout


def test_the_encoder_is_held_against_three_others():
    out = printed("benchmarks.encode", "--rows", "2000", "--rounds", "1")
    assert "plain loop" in out and "pydantic" in out and "exporter / orjson.dumps" in out


def test_a_job_is_held_against_its_halves():
    assert "whole job" in printed("benchmarks.export", "--rows", "2500", "--rounds", "1", "--sizes", "1000")


def test_memory_is_measured_by_rows():
    assert "3 100,000 events a request: 4,000 rows" in printed(
        "benchmarks.memory", "--rows", "2000", "--times", "2", "--sizes", "100000"
    )


def test_live_counts_of_segments_are_measured():
    assert "a reference to another segment" in printed(
        "benchmarks.audience", "--customers", "500", "--events", "1000", "--rounds", "1"
    )


def test_a_job_goes_through_a_real_cluster():
    assert "accounting" in printed("benchmarks.job", "--rows", "2000", "--rounds", "1")
