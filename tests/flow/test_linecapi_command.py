"""The command `linecapi`, as a process of its own, against a real console with a cluster and the LINE sandbox."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.csv
import pytest
import requests

from linecapi_site import processes, sample_shop

pytestmark = pytest.mark.flow

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
EVENTS = "select * from line_capi_tbl"
LINE = {"type": "line_conversion", "line_tag_id": "tag-1", "access_token": "token-1", "line_channel_id": "1234567890"}
ENDLESS = "select e.* from line_capi_tbl e, range(1000000000) a, range(1000) b order by b.range"


@dataclass
class Console:
    url: str
    line: str
    key: str
    home: Path
    children: processes.Processes
    settings: dict

    def command(self, *argv):
        return [sys.executable, "-m", "linecapi", *argv]

    @property
    def environment(self):
        return os.environ | {"HOME": str(self.home), "TD_API_KEY": self.key, "TD_API_SERVER": self.url}

    def run(self, *argv, code=0, **environment):
        """→ what it printed, once it has ended with this exit code."""
        env = self.environment | environment
        ended = subprocess.run(self.command(*argv), cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout if code == 0 else ended.stderr

    def json(self, *argv):
        return json.loads(self.run(*argv, "--json"))

    def start(self, *argv):
        """→ (its process, the number of the job that it waits for)."""
        waiting = subprocess.Popen(
            self.command(*argv),
            cwd=ROOT,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        first = waiting.stderr.readline()
        return waiting, re.fullmatch(r"Job (\d+) is queued\.\n", first)[1]

    def until(self, job_id, *statuses):
        end = time.monotonic() + 60
        while (status := self.run("job:status", job_id).strip()) not in statuses:
            assert time.monotonic() < end, f"job {job_id} is {status}"

    def serve(self):
        port = int(self.url.rpartition(":")[2])
        self.children.start("web", processes.web(port), **self.settings)
        self.children.wait(lambda: processes.answers(port), 60, "starting")

    def stop_serving(self):
        web = next(child for child in self.children.children if child.name == "web")
        self.children.children.remove(web)
        web.process.terminate()
        web.process.wait(30)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """(the sample, its rows as CSV)."""
    made = sample_shop.build(now=int(time.time()), rows=3_200)
    path = tmp_path_factory.mktemp("sample") / "events.csv"
    pyarrow.csv.write_csv(made.table, path)
    return made, path


@pytest.fixture(scope="module")
def console(tmp_path_factory, sample):
    folder, home = tmp_path_factory.mktemp("console"), tmp_path_factory.mktemp("home")
    web, line = processes.free_port(), processes.free_port()
    url, sandbox = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{line}"
    settings = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "LINE_CONVERSION_API_URL": sandbox,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    for command in (["migrate"], ["createsuperuser", "--noinput", "--username", "me", "--email", "me@example.com"]):
        subprocess.run(processes.manage(*command), env=os.environ | settings, check=True, stdout=subprocess.DEVNULL)
    with processes.running() as children:
        program = [sys.executable, "-m", "integrations.connectors.line_conversion.sandbox"]
        children.start("sandbox", [*program, "--port", str(line), "--tag", "tag-1=token-1"])
        children.start("cluster", processes.manage("qcluster"), **settings)
        made = Console(url, sandbox, "", home, children, settings)
        made.serve()
        asked = {"user": "me", "password": PASSWORD}
        made.key = requests.post(f"{url}/v3/user/authenticate", data=asked, timeout=10).json()["apikey"]
        made.run("import", "--auto-create-table", "shop_jp", "line_capi_tbl", str(sample[1]))
        yield made


def test_an_imported_csv_is_counted_and_its_events_reach_line(console, sample):
    count = console.json("query", "-d", "shop_jp", "-w", "-T", "presto", "select count(*) from line_capi_tbl")
    assert count == [[3200]]
    [table] = console.json("table:list", "shop_jp")
    assert (table["name"], table["count"]) == ("line_capi_tbl", 3200)
    target = console.home / "line.json"
    target.write_text(json.dumps(LINE))
    out = console.run("query", "-d", "shop_jp", "-w", "-T", "trino", "-r", f"@{target}", EVENTS)
    assert out.startswith("Status  : success\nRows    : 3,200\n")
    assert sample[0].expected["invalid"] == 64
    assert requests.get(f"{console.line}/_sandbox/stats", timeout=10).json()["accepted"] == 3136
    newest = console.json("job:list", "1")[0]
    assert newest["status"] == "success"
    assert json.loads(newest["result"])["access_token"] == "********"
    assert "token-1" not in console.run("job:show", "-v", newest["job_id"])


def test_a_jobs_rows_are_fetched_and_its_end_is_an_exit_code(console, tmp_path):
    sql = "select 1 as id, '森' as name"
    job_id = console.json("query", "-d", "shop_jp", "-T", "presto", sql)["job_id"]
    assert "Status      : success" in console.run("job:show", "-w", job_id)
    assert console.run("job:result", job_id, "-f", "csv", "-c") == "id,name\n1,森\n"
    console.run("job:result", job_id, "-o", str(tmp_path / "rows.msgpack.gz"))
    assert (tmp_path / "rows.msgpack.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert "ended in error" in console.run("query", "-d", "shop_jp", "-w", "-T", "presto", "select no_such", code=3)
    assert "999999" in console.run("job:show", "999999", code=5)
    assert "no_such" in console.run("query", "-d", "no_such", "select 1", code=5)
    assert "not valid" in console.run("job:list", code=6, TD_API_KEY="1/" + "0" * 40)


def test_ctrl_c_leaves_the_job_and_killing_it_is_told_to_who_waits(console):
    first, job_id = console.start("query", "-d", "shop_jp", "-w", "-T", "duckdb", ENDLESS)
    console.until(job_id, "running")
    first.send_signal(signal.SIGINT)
    assert first.wait(30) == 130
    assert f"linecapi job:kill {job_id}" in first.stderr.read()
    assert console.run("job:status", job_id) == "running\n"
    second = subprocess.Popen(console.command("job:show", "-w", job_id), cwd=ROOT, env=console.environment)
    assert console.run("job:kill", job_id) == f"Job {job_id} is killed.\n"
    assert second.wait(60) == 4
    assert console.run("job:kill", job_id) == f"Job {job_id} has already finished (killed).\n"


def test_waiting_outlasts_a_restart_of_the_server(console):
    waiting, job_id = console.start("query", "-d", "shop_jp", "-w", "-T", "duckdb", ENDLESS)
    console.until(job_id, "running")
    console.stop_serving()
    time.sleep(3)
    console.serve()
    console.run("job:kill", job_id)
    assert waiting.wait(60) == 4


def test_a_query_is_saved_scheduled_run_and_deleted(console):
    made = console.run(
        "sched:create", "daily exp", "0 9 * * *", "-d", "shop_jp", "-T", "presto", "-t", "Asia/Tokyo", EVENTS
    )
    assert re.fullmatch(r"Schedule 'daily exp' is created\. It starts at \d{4}-\d\d-\d\d 00:00:00 UTC\.\n", made)
    assert "already exists" in console.run("sched:create", "daily exp", "", "-d", "shop_jp", "select 1", code=1)
    console.run("sched:update", "daily exp", "-s", "", "-P", "high")
    [listed] = console.json("sched:list")
    assert (listed["name"], listed["cron"], listed["next_time"], listed["priority"]) == ("daily exp", None, None, 1)
    [started] = console.json("sched:run", "daily exp", "2026-11-30 00:00:00")
    console.run("job:show", "-w", started["job_id"])
    assert [past["job_id"] for past in console.json("sched:history", "daily exp")] == [started["job_id"]]
    assert console.run("sched:delete", "daily exp") == "Schedule 'daily exp' is deleted.\n"
    assert console.json("sched:list") == []


def test_connections_are_listed_without_their_token(console):
    target = console.home / "connection.json"
    target.write_text(json.dumps(LINE))
    console.run("connection:create", "line_capi_test", f"@{target}")
    listed = console.run("connection:list")
    assert "line_capi_test" in listed
    assert "token-1" not in listed
    console.run("query", "-d", "shop_jp", "-w", "-T", "trino", "-r", "line_capi_test", f"{EVENTS} limit 10")
    console.run("connection:delete", "line_capi_test")
    assert console.json("connection:list") == []


WORKFLOW = """\
timezone: Asia/Tokyo
schedule:
  daily>: 07:00:00
+load:
  echo>: hello ${session_date} ${brand}
+send:
  fail>: no luck
"""


def test_a_workflow_is_pushed_run_followed_mended_and_run_again(console, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "daily.dig").write_text("+a:\n  sh>: ls\n")
    assert "daily.dig:2: " in console.run("wf:push", str(folder), code=1)
    (folder / "daily.dig").write_text(WORKFLOW)
    console.run("wf:push", str(folder))
    start = ["wf:start", "shop", "daily", "-t", "2026-03-01", "-p", "brand=森"]
    assert "ended in error" in console.run(*start, "-w", code=3)
    assert "wf:retry" in console.run(*start, code=1)
    [attempt] = console.json("wf:attempts", "shop", "daily")
    number = attempt["id"]
    assert (attempt["sessionTime"], attempt["params"]) == ("2026-03-01T00:00:00+09:00", {"brand": "森"})
    assert "hello 2026-03-01 森" in console.run("wf:log", number, "+daily+load")
    assert "ended in error" in console.run("wf:log", "-f", number, code=3)
    tasks = {task["fullName"]: task["state"] for task in console.json("wf:tasks", number)}
    assert tasks == {"+daily": "group_error", "+daily+load": "success", "+daily+send": "error"}
    (folder / "daily.dig").write_text(WORKFLOW.replace("fail", "echo"))
    console.run("wf:push", str(folder))
    assert "Status  : success" in console.run("wf:retry", "-l", "-w", number)
    assert [one["lastAttempt"]["success"] for one in console.json("wf:sessions", "shop")] == [True]
    console.run("wf:download", "shop", "-o", str(tmp_path / "copy"))
    assert (tmp_path / "copy/daily.dig").read_text() == (folder / "daily.dig").read_text()


def test_a_workflows_schedule_and_secrets_are_kept_by_hand(console, tmp_path):
    (tmp_path / "daily.dig").write_text(WORKFLOW)
    (tmp_path / "token").write_text("sesame")
    console.run("wf:push", str(tmp_path), "-p", "by_hand")
    console.run("wf:secrets", "by_hand", "-s", "line.token", "-v", f"@{tmp_path / 'token'}")
    assert console.json("wf:secrets", "by_hand") == ["line.token"]
    assert "is paused" in console.run("wf:disable", "by_hand", "daily")
    [paused] = console.json("wf:schedules", "by_hand", "daily")
    assert paused["disabledAt"]
    console.run("wf:enable", "by_hand", "daily")
    assert "Its next session is" in console.run("wf:skip", "by_hand", "daily", "-n", "1")
    made = console.json("wf:backfill", "by_hand", "daily", "2026-03-01", "-n", "2")
    assert [one["sessionTime"][:10] for one in made] == ["2026-03-01", "2026-03-02"]
    for one in made:
        console.run("wf:log", "-f", one["id"], code=3)
    console.run("wf:delete", "-f", "by_hand")
    assert "does not exist" in console.run("wf:start", "by_hand", "daily", code=5)
