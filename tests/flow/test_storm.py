"""Whatever dies while jobs run, every job ends well: a kill of each kind, at random moments. `make soak` does more."""

import random
import subprocess
import sys

import pytest

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_kills_of_every_kind_lose_no_row_and_repeat_only_what_was_in_flight(database):
    """Prints its seed: `python -m tests.storm --seconds 0 --database … --seed …` does the same again."""
    options = ["--seconds", "0", "--database", database, "--seed", str(random.randrange(10_000))]
    storm = subprocess.run([sys.executable, "-m", "tests.storm", *options], capture_output=True, text=True, timeout=300)
    assert storm.returncode == 0, storm.stdout + storm.stderr
