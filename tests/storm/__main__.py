"""`python -m tests.storm`: random kills while jobs run, each database in turn; see `make soak`."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests import on_postgresql

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "linecapi_site.settings",
    "DEBUG": "true",
    "WORKERS": "3",
    "LEASE_SECONDS": "6",
    "HEARTBEAT_SECONDS": "1",
}


@contextmanager
def database(kind, folder):
    """→ a DATABASE_URL."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/console.sqlite3"
    else:
        with on_postgresql.server() as url:
            yield url


def storm(kind, seconds, seed):
    """→ whether all held. What the processes said is shown if not."""
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    print(f"seed {seed}, {kind}", flush=True)
    try:
        with database(kind, folder) as url:
            command = [sys.executable, "-m", "tests.storm.run", "--seconds", str(seconds), "--seed", str(seed)]
            environment = {"DATA_DIR": str(folder), "DATABASE_URL": url}
            code = subprocess.run(command, env=os.environ | ENVIRONMENT | environment).returncode
        if code:
            print((folder / "log").read_text()[-20_000:])
        return code == 0
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="at least; each kind of kill comes once in any case")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="repeats the order of the kills")
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    held = [storm(kind, options.seconds / len(kinds), options.seed) for kind in kinds]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
