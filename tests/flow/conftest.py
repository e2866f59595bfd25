"""Real processes over the test's own database and data folder."""

import os
import signal
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connections

from linecapi_site import processes


def database_url():
    """The test database, as another process names it."""
    connection = connections["default"].settings_dict
    if connection["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{connection['NAME']}"
    host = connection["OPTIONS"].get("host", "")
    return f"postgres://{connection['USER']}@/{connection['NAME']}?host={host}"


def environment(**more):
    return {"DATABASE_URL": database_url(), "DATA_DIR": str(settings.DATA_DIR), **more}


@contextmanager
def cluster(line_url, name="main", command="cluster", **more):
    """A real cluster, which drains at the end. → its Processes."""
    own = ["--name", name, "--ask", "1"] if command == "cluster" else []
    with processes.running() as children:
        children.start(name, processes.manage(command, *own), **environment(LINE_CONVERSION_API_URL=line_url, **more))
        yield children


@contextmanager
def web():
    """A real web server over the test's database and data folder. → its address, without a slash at the end."""
    port = processes.free_port()
    with processes.running() as children:
        children.start("web", processes.web(port), **environment())
        children.wait(lambda: processes.answers(port), 60, "starting")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def kill():
    """`kill(job)`: SIGKILL for the process that has the job, as its lease names it."""

    def shoot(job):
        os.kill(int(job.lease_owner.rsplit(":", 2)[1]), signal.SIGKILL)

    return shoot
