"""Jobs through the API by Treasure Data's own clients, unmodified: td-client and pytd, against real processes."""

import gzip
import json
import os
import subprocess
import sys
import time

import msgpack
import pyarrow.parquet as pq
import pytd
import pytest
import requests
import tdclient
from tdclient.errors import AlreadyExistsError, NotFoundError

from linecapi_site import processes
from tests.exports.test_run import events

pytestmark = pytest.mark.flow
ROWS, BAD = 1_200, {3, 700}
DATABASE = "shop_jp"
EVENTS = "select deduplication_key, event_type, source_type, event_timestamp, email from events"
ENDLESS = "select count(*) as n from events a, events b, events c, events d, events e"


@pytest.fixture(scope="module")
def table():
    return events(ROWS, bad=BAD)


@pytest.fixture(scope="module")
def console(tmp_path_factory, table):
    """(URL of the console, URL of the sandbox, an editor's key), each in a process of its own, with the cluster."""
    folder = tmp_path_factory.mktemp("console")
    web, line = processes.free_port(), processes.free_port()
    environment = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "LINE_CONVERSION_API_URL": f"http://127.0.0.1:{line}",
        "DJANGO_SUPERUSER_PASSWORD": "correct horse battery",
    }
    pq.write_table(table, folder / "events.parquet")

    def manage(*arguments):
        command, own = processes.manage(*arguments), os.environ | environment
        return subprocess.run(command, env=own, check=True, stdout=subprocess.PIPE, text=True).stdout

    manage("migrate")
    manage("createsuperuser", "--noinput", "--username", "kana", "--email", "kana@example.com")
    manage("load_table", DATABASE, "events", str(folder / "events.parquet"))
    key = manage("api_key", "kana").split()[-1]
    with processes.running() as children:
        sandbox = [sys.executable, "-m", "integrations.connectors.line_conversion.sandbox"]
        children.start("sandbox", [*sandbox, "--port", str(line), "--tag", "tag-1=token-1"])
        children.start("web", processes.web(web), **environment)
        children.start("cluster", processes.cluster(web), **environment)
        children.wait(lambda: processes.answers(web) and processes.answers(line), 60, "starting")
        yield f"http://127.0.0.1:{web}", f"http://127.0.0.1:{line}", key


@pytest.fixture(params=["", "/"], ids=["no slash", "slash"])
def client(console, request):
    with tdclient.Client(apikey=console[2], endpoint=console[0] + request.param) as client:
        yield client


@pytest.fixture
def td(console):
    with tdclient.Client(apikey=console[2], endpoint=console[0]) as client:
        yield client


def done(job):
    job.wait(timeout=60, wait_interval=1)
    return job


def test_events_reach_line_exactly(td, console, table):
    line = {"type": "line_conversion", "line_tag_id": "tag-1", "access_token": "token-1", "max_records": 1000}
    job = td.query(DATABASE, EVENTS, type="presto", result_url=json.dumps(line), priority="HIGH", retry_limit=1)
    done(job)
    assert (job.finished(), job.success(), job.status()) == (True, True, "success")
    assert (job.num_records, job.priority, job.retry_limit, job.database) == (ROWS, "HIGH", 1, DATABASE)
    shown = td.job(job.id)
    assert (shown.type, shown.query, shown.user_name) == ("presto", EVENTS, "kana")
    assert f"{ROWS - len(BAD):,} accepted, {len(BAD)} invalid" in shown.debug["cmdout"]
    told = td.api.show_job(job.id)["result"]
    assert json.loads(told)["access_token"] == "********" and "token-1" not in told
    arrived = requests.get(f"{console[1]}/_sandbox/events", params={"limit": 5_000}, timeout=10).json()
    keys = [each["body"]["event"]["deduplication_key"] for each in arrived]
    assert keys == [key for n, key in enumerate(table["deduplication_key"].to_pylist()) if n not in BAD]


def test_results_come_in_each_way(client, table, tmp_path):
    job = done(client.query(DATABASE, f"{EVENTS} order by event_timestamp", type="trino"))
    rows = [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    assert client.job_result(job.id) == rows
    assert list(job.result()) == rows
    assert client.job_result_format(job.id, "json") == rows
    assert client.job_result_format(job.id, "json", header=True) == [table.column_names, *rows]
    assert client.job_result_format(job.id, "msgpack", header=True) == [table.column_names, *rows]
    assert [name for name, _ in job.result_schema] == table.column_names
    path = tmp_path / "result.msgpack.gz"
    assert client.download_job_result(job.id, str(path))
    with gzip.open(path) as file:
        assert (path.stat().st_size, list(msgpack.Unpacker(file))) == (job.result_size, rows)
    assert list(client.job_result_format_each(job.id, "msgpack", store_tmpfile=True)) == rows


def test_a_job_is_found_and_listed(client):
    job = done(client.query(DATABASE, "select 1 as n", type="trino"))
    listed = client.jobs(0, 2)
    assert (listed[0].id, len(listed) <= 3) == (job.id, True)
    assert job.id in [each.id for each in client.jobs(status="success")]
    assert client.job_status(job.id) == "success"
    with pytest.raises(NotFoundError):
        client.job(99_999_999)


def test_a_running_job_is_killed(td):
    job = td.query(DATABASE, ENDLESS, type="presto")
    for _ in range(60):
        if td.job_status(job.id) == "running":
            break
        time.sleep(0.5)
    assert job.kill() == "running"
    done(job)
    assert (job.killed(), td.job_status(job.id)) == (True, "killed")
    with pytest.raises(NotFoundError):
        td.job_result(job.id)


def test_a_failed_job_says_why(td):
    job = done(td.query(DATABASE, "select no_such_column from events", type="presto"))
    assert (job.error(), "no_such_column" in job.debug["stderr"]) == (True, True)


def test_a_domain_key_counts_once(td):
    first = td.query(DATABASE, "select 1 as n", type="presto", domain_key="once")
    with pytest.raises(AlreadyExistsError, match=f'"conflicts_with": "{first.id}"'):
        td.query(DATABASE, "select 1 as n", type="presto", domain_key="once")
    with pytest.raises(NotFoundError):
        td.query("nowhere", "select 1 as n", type="presto")


@pytest.mark.parametrize("slash", ["", "/"], ids=["no slash", "slash"])
@pytest.mark.parametrize("engine", ["presto", "hive"])
def test_pytd_queries(console, engine, slash):
    more = {"force_tdclient": True} if engine == "presto" else {}
    with pytd.Client(console[2], console[0] + slash, DATABASE, default_engine=engine) as client:
        found = client.query(
            "select event_type, count(*) as n from events group by event_type", wait_interval=1, **more
        )
        assert found == {"data": [["conversion", ROWS]], "columns": ["event_type", "n"]}
        made = client.query("create table copied as select * from events", wait_interval=1, priority=1, **more)
        assert made == {"data": [[ROWS]], "columns": ["rows"]}
        client.query("drop table copied", wait_interval=1, priority=0, **more)
        assert client.query_executed == client.list_jobs()[0].id
