"""A load that is killed at any moment, with its child or without, leaves the table as it was; a sweep clears up."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from warehouse import tables
from warehouse.catalogue import catalogue
from warehouse.loading import NotLoaded
from warehouse.models import Load, TableFile
from warehouse.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)

PROGRAM = """
import json, os, signal, sys
from pathlib import Path
import django
from django.conf import settings
database, data, file, last = json.loads(sys.argv[1])
settings.DATABASES["default"] |= database
settings.DATA_DIR = Path(data)
django.setup()
from warehouse import tables
from warehouse.loading import Source
from warehouse.models import Database
die = (lambda _: os.kill(os.getpid(), signal.SIGKILL)) if last else None
source = Source(Path(file), "csv", "big.csv")
tables.load(database=Database.objects.get(), table="orders", mode="replace", sources=[source], also=die)
"""


@pytest.fixture
def orders(shop, source):
    return tables.load(database=shop, table="orders", sources=[source("a.csv", "n\n1\n")])


@pytest.fixture
def big(source):
    """A file that takes seconds to load: the careful reader has to read it, for a quote at its very end."""
    return source("big.csv", "n,m\n" + '1,"x"\n' * 1_500_000 + '2,x"y\n')


@pytest.fixture
def start():
    """`start(file, last=False)` → a process that loads the file, and with `last` dies just before its commit."""
    started = []

    def run(file, *, last=False):
        database = {key: str(connection.settings_dict[key]) for key in ("NAME", "HOST", "PORT")}
        job = json.dumps([database, str(settings.DATA_DIR), str(file.path), last])
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "linecapi_site.settings"}
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, job], env=environment)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def waited(condition, seconds=30):
    """Wait until `condition()` is true; → what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return found


def children(pid):
    """The processes that a process has started."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for listed in lists for child in listed.split()]


def at_work():
    """Whether a child has begun to write."""
    return list((settings.DATA_DIR / "tables" / "loading").glob("child-*/part.parquet"))


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_as_it_was(shop):
    files = catalogue(shop)["shop", "orders"].files
    assert [n for path in files for n in pq.read_table(path)["n"].to_pylist()] == [1]
    assert Load.objects.count() == TableFile.objects.count() == 1
    listed = {TableFile.objects.get().absolute_path}
    sweep(timezone.now() + timedelta(days=2))
    left = [path for path in (settings.DATA_DIR / "tables").rglob("*") if path.is_file()]
    assert set(left) == listed


def test_a_load_that_is_killed_while_it_reads_takes_its_child_along(shop, orders, big, start):
    process = start(big)
    waited(at_work)
    (child,) = children(process.pid)
    process.kill()
    waited(lambda: not runs(child))
    assert_as_it_was(shop)


def test_a_load_that_is_killed_just_before_its_commit_leaves_nothing(shop, orders, source, start):
    assert start(source("b.csv", "n\n2\n"), last=True).wait() == -signal.SIGKILL
    assert_as_it_was(shop)


def test_a_child_that_is_killed_fails_its_load(shop, orders, big):
    def kill():
        waited(at_work)
        for child in children(os.getpid()):
            os.kill(child, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(NotLoaded, match="killed by signal 9"):
        tables.load(database=shop, table="orders", mode="replace", sources=[big])
    killer.join()
    assert_as_it_was(shop)
