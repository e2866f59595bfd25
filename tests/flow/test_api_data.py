"""Databases, tables and rows through the API by Treasure Data's own clients, unmodified, against real processes."""

import gzip
import json
import os
import signal
import subprocess
import time
import warnings
from io import BytesIO
from pathlib import Path

import msgpack
import pandas
import pytd
import pytest
import tdclient
from tdclient.errors import AlreadyExistsError, AuthError, ForbiddenError, NotFoundError

from linecapi_site import processes

pytestmark = pytest.mark.flow
DATABASE = "shop_jp"
NOW = 1_700_000_000


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """(URL of the console, an admin's key, its folder); web server and cluster are processes of their own."""
    folder, web = tmp_path_factory.mktemp("console"), processes.free_port()
    environment = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "DJANGO_SUPERUSER_PASSWORD": "correct horse battery",
    }

    def manage(*arguments):
        command, own = processes.manage(*arguments), os.environ | environment
        return subprocess.run(command, env=own, check=True, stdout=subprocess.PIPE, text=True).stdout

    manage("migrate")
    manage("createsuperuser", "--noinput", "--username", "kana", "--email", "kana@example.com")
    key = manage("api_key", "kana").split()[-1]
    with processes.running() as children:
        children.start("web", processes.web(web), **environment)
        children.start("cluster", processes.cluster(web), **environment)
        children.wait(lambda: processes.answers(web), 60, "starting")
        yield f"http://127.0.0.1:{web}", key, folder


@pytest.fixture(params=["", "/"], ids=["no slash", "slash"])
def client(console, request):
    with tdclient.Client(apikey=console[1], endpoint=console[0] + request.param) as client:
        yield client


@pytest.fixture
def td(console):
    with tdclient.Client(apikey=console[1], endpoint=console[0]) as client:
        yield client


@pytest.fixture
def pytd_client(console, td):
    if DATABASE not in [database.name for database in td.databases()]:
        td.create_database(DATABASE)
    with pytd.Client(console[1], console[0], DATABASE) as client:
        yield client


def asked(client, sql, database=DATABASE):
    """The rows of a query, by a job of the console's own engine."""
    job = client.query(database, sql, type="presto")
    job.wait(timeout=120, wait_interval=1)
    assert job.success(), job.debug
    return client.job_result(job.id)


def packed(*records):
    return gzip.compress(b"".join(map(msgpack.packb, records)))


def test_td_client_makes_fills_changes_and_deletes_tables(client):
    assert client.create_database("logs")
    with pytest.raises(AlreadyExistsError):
        client.create_database("logs")
    assert client.create_log_table("logs", "events")
    body = packed({"time": NOW, "n": 1, "tags": ["a"]}, {"time": NOW + 1, "n": 2.5, "who": "花"})
    for _ in range(2):
        elapsed = client.import_data("logs", "events", "msgpack.gz", BytesIO(body), len(body), unique_id="once")
        assert elapsed > 0
    client.import_file("logs", "events", "json", BytesIO(b'{"time": 1700000002, "n": 3, "late": true}\n'))
    (table,) = client.tables("logs")
    assert (table.name, table.type, table.count, table.permission) == ("events", "log", 3, "administrator")
    assert table.schema == [["n", "double"], ["tags", "array<string>"], ["who", "string"], ["late", "string"]]
    assert client.tail("logs", "events", 1) == [{"time": NOW + 2, "n": 3.0, "tags": None, "who": None, "late": "true"}]
    rows = asked(client, "SELECT n, who, late FROM events ORDER BY time", "logs")
    assert rows == [[1.0, None, None], [2.5, "花", None], [3.0, None, "true"]]
    client.update_schema("logs", "events", [["n", "long", "n"], ["who", "string", "who"]])
    assert asked(client, "SELECT * FROM events ORDER BY time", "logs") == [
        [1, None, NOW],
        [None, "花", NOW + 1],
        [3, None, NOW + 2],
    ]
    client.create_log_table("logs", "other")
    client.swap_table("logs", "events", "other")
    assert client.table("logs", "other").count == 3
    client.create_database("archive")
    client.change_database("logs", "other", "archive")
    assert client.delete_table("logs", "events") == "log"
    with pytest.raises(NotFoundError):
        client.table("logs", "events")
    with pytest.raises(NotFoundError):
        client.import_data("logs", "events", "msgpack.gz", BytesIO(body), len(body))
    for name in ("logs", "archive"):
        assert client.delete_database(name)
    assert {"logs", "archive"}.isdisjoint(database.name for database in client.databases())


def test_td_client_is_told_what_is_wrong(console, td):
    with pytest.raises(tdclient.errors.APIError, match="Use 3 to 128 lower-case letters"):
        td.create_database("No")
    td.create_database("told")
    td.create_log_table("told", "events")
    with pytest.raises(tdclient.errors.APIError, match="rows of tables do not expire here"):
        td.update_expire("told", "events", 30)
    with pytest.raises(tdclient.errors.APIError, match="ends too early"):
        td.import_data("told", "events", "msgpack.gz", packed({"n": 1})[:-5], len(packed({"n": 1})) - 5)
    with tdclient.Client(apikey="1/" + "0" * 40, endpoint=console[0]) as nobody, pytest.raises(AuthError):
        nobody.databases()
    with tdclient.Client(apikey=console[1], endpoint=console[0]) as viewer:
        viewer.api._apikey = a_viewers_key(console)
        with pytest.raises(ForbiddenError):
            viewer.create_database("never")
    td.delete_database("told")


def a_viewers_key(console):
    import requests

    headers = {"Authorization": f"TD1 {console[1]}"}
    given = {"email": "v@example.com", "password": "correct horse battery"}
    requests.post(f"{console[0]}/v3/user/add/viewer", given, headers=headers, timeout=10)
    answer = requests.post(f"{console[0]}/v3/user/apikey/add/viewer", headers=headers, timeout=10)
    return answer.json()["apikey"]


def frame(rows=1000, first=0):
    return pandas.DataFrame(
        {
            "time": [NOW + first + n for n in range(rows)],
            "User ID": [f"u{first + n}" for n in range(rows)],
            "amount": [1.5 if n % 2 else None for n in range(rows)],
            "count": list(range(rows)),
            "ok": [True] * rows,
        }
    )


def test_pytd_loads_dataframes_by_bulk_imports(pytd_client, td):
    load = pytd_client.load_table_from_dataframe
    load(frame(), f"{DATABASE}.people", writer="bulk_import", if_exists="error")
    load(frame(), f"{DATABASE}.people", writer="bulk_import", if_exists="overwrite")
    load(frame(500, 1000), f"{DATABASE}.people", writer="bulk_import", if_exists="append", fmt="msgpack")
    load(frame(), f"{DATABASE}.people", writer="bulk_import", if_exists="ignore")
    with pytest.raises(RuntimeError, match="already exists"):
        load(frame(), f"{DATABASE}.people", writer="bulk_import", if_exists="error")
    sql = 'SELECT count(*), count(DISTINCT user_id), sum(amount), sum("count"), min(ok), count(time) FROM people'
    assert asked(td, sql) == [[1500, 1500, 1125.0, 499_500 + 124_750, "true", 1500]]
    assert td.table(DATABASE, "people").schema[:2] == [["user_id", "string"], ["amount", "double"]]
    job = next(job for job in td.jobs() if job.type == "bulk_import_perform")
    assert job.status() == "success"
    assert td.bulk_imports() == []


def test_pytd_keeps_lists_and_sends_many_parts(pytd_client, td):
    lists = pandas.DataFrame({"a": [[1, 2], [3]] * 50, "b": [["x", None], []] * 50, "time": [NOW] * 100})
    pytd_client.load_table_from_dataframe(
        lists, "lists", writer="bulk_import", if_exists="overwrite", keep_list=True, chunk_record_size=10
    )
    assert td.table(DATABASE, "lists").schema == [["a", "array<long>"], ["b", "array<string>"]]
    assert asked(td, "SELECT count(*), sum(cardinality(a)), sum(cardinality(b)) FROM lists") == [[100, 150, 100]]


def test_pytd_inserts_dataframes_where_queries_go_through_td_client(pytd_client, td):
    """Its own way to Presto leads to a host of Treasure Data's; queries come here where td-client is forced."""
    through = pytd_client.query
    pytd_client.query = lambda sql, engine=None, **more: through(sql, engine, force_tdclient=True, wait_interval=1)
    load = pytd_client.load_table_from_dataframe
    load(frame(20), "inserted", writer="insert_into", if_exists="overwrite")
    load(frame(20, 20), "inserted", writer="insert_into", if_exists="append")
    assert asked(td, 'SELECT count(*), sum(amount), max("count") FROM inserted') == [[40, 30.0, 19]]


def test_records_that_do_not_fit_are_given_back(pytd_client, td):
    td.create_log_table(DATABASE, "strict")
    td.update_schema(DATABASE, "strict", [["n", "long", "n"]])
    session = td.create_bulk_import("odd", DATABASE, "strict")
    body = packed({"time": NOW, "n": 1}, {"time": NOW, "n": "many"})
    session.upload_part("part", body, len(body))
    session.freeze()
    session.perform(wait=True, wait_interval=1, timeout=120)
    assert (session.valid_records, session.error_records) == (1, 1)
    assert list(session.error_record_items()) == [{"time": NOW, "n": "many"}]
    session.commit(wait=True, wait_interval=1, timeout=60)
    assert asked(td, "SELECT n FROM strict") == [[1]]
    session.delete()


def test_a_bulk_import_outlives_its_worker(pytd_client, td, console):
    td.create_log_table(DATABASE, "large")
    session = td.create_bulk_import("large", DATABASE, "large")
    for number in range(4):
        body = gzip.compress(
            b"".join(msgpack.packb({"time": NOW, "n": n, "text": f"row {n} " * 5}) for n in range(100_000)), 1
        )
        session.upload_part(f"part-{number}", body, len(body))
    session.freeze()
    job = session.perform()
    os.kill(parent_of(waited(lambda: reader_in(console[2]))), signal.SIGKILL)
    job.wait(timeout=300, wait_interval=1)
    session.update()
    assert (job.success(), session.valid_records, session.valid_parts) == (True, 400_000, 4)
    session.commit(wait=True, wait_interval=1, timeout=60)
    session.commit()
    assert asked(td, "SELECT count(*), sum(n) FROM large") == [[400_000, 4 * 4_999_950_000]]
    session.delete()


def reader_in(folder):
    """The fenced child that reads parts in this folder; None if there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder / "tables" / "bulk"):
                return process
        except OSError:
            continue
    return None


def parent_of(process):
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


def waited(found, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_many_small_imports_leave_few_files_and_fast_queries(td):
    td.create_database("stream")
    td.create_log_table("stream", "events")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(40):
            td.import_file("stream", "events", "json", BytesIO(json.dumps({"n": n}).encode()))
    assert asked(td, "SELECT count(*), sum(n), count(time) FROM events", "stream") == [[40, 780, 40]]
    td.delete_database("stream")
