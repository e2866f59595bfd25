"""Run pytest against a PostgreSQL server of its own: `python -m tests.on_postgresql [pytest's arguments]`."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def program(name: str) -> str:
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if not found:
        raise SystemExit(f"{name} is missing: install PostgreSQL's server")
    return found


@contextmanager
def server(more: str = "") -> Iterator[str]:
    """A server on a Unix socket in a temporary folder. → its DATABASE_URL. As root it runs as `postgres`.

    more: options of the server beside its own.
    """
    folder = tempfile.mkdtemp(prefix="pg")
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    run(
        *(program("initdb"), "-D", f"{folder}/data", "-U", "test", "-A", "trust"),
        *("--no-sync", "-E", "UTF8", "--locale=C.UTF-8"),
    )
    options = f"-k {folder} -c listen_addresses='' -F {more}"
    run(program("pg_ctl"), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgres://test@/postgres?host={folder}"
    finally:
        run(program("pg_ctl"), "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def main() -> int:
    with server() as url:
        environment = os.environ | {"DATABASE_URL": url}
        return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
