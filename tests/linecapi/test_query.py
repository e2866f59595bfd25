import io
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgpack
import pytest

from tests.linecapi.conftest import KEY, job

ROOT = Path(__file__).resolve().parents[2]

ISSUE, SHOW, RESULT = "POST /v3/job/issue/hive/shop", "GET /v3/job/show/19", "GET /v3/job/result/19"
ISSUED = {"job": "19", "job_id": "19", "database": "shop"}
ROWS = b"".join(map(msgpack.packb, ([1, "森"], [2, None])))


@pytest.fixture
def waited(td):
    """A job that is queued, runs, and gives two rows."""
    td.answers(ISSUE, ISSUED)
    td.answers(SHOW, job(status="queued"), job(status="running"), job())
    td.answers(RESULT, ROWS)


def test_a_query_is_issued_as_the_toolbelt_does(linecapi, td):
    td.answers("POST /v3/job/issue/presto/shop", ISSUED)
    ended = linecapi(
        "query", "-d", "shop", "-T", "presto", "-P", "very-high", "-R", "3", "--domain-key", "k", "select 1"
    )
    assert ended.out == "Job 19 is queued.\nUse 'linecapi job:show 19' to show the status.\n"
    assert td.asked[0].params == {"query": "select 1", "priority": "2", "retry_limit": "3", "domain_key": "k"}


def test_the_query_comes_from_a_file_or_from_standard_input(linecapi, td, tmp_path, monkeypatch):
    td.answers(ISSUE, ISSUED)
    (tmp_path / "a.sql").write_text("-- 森\nselect 2", encoding="utf-8")
    linecapi("query", "-d", "shop", "-q", str(tmp_path / "a.sql"))
    monkeypatch.setattr("sys.stdin", io.StringIO("select 3"))
    linecapi("query", "-d", "shop", "-")
    assert [asked.params["query"] for asked in td.asked] == ["-- 森\nselect 2", "select 3"]


@pytest.mark.parametrize("sql", [[], [" "], ["-q", "/no/such/file"], ["-q", "/dev/null", "select 1"]])
def test_without_a_query_nothing_is_asked(linecapi, td, sql):
    ended = linecapi("query", "-d", "shop", *sql)
    assert (ended.code, td.asked) == (2, [])


@pytest.mark.parametrize("options", [["-o", "/no/such/folder/rows.csv"], ["-f", "msgpack.gz", "-l", "1"]])
def test_rows_that_could_not_be_written_start_no_job(linecapi, td, options):
    ended = linecapi("query", "-d", "shop", "-w", *options, "select 1")
    assert (ended.code, td.asked) == (2, [])


def test_json_has_no_numbers_that_json_does_not_know(linecapi, td, waited):
    td.answers(RESULT, msgpack.packb([float("nan"), float("inf")]))
    assert linecapi("query", "-d", "shop", "-w", "--json", "select 1").out == "[\n[null, null]\n]\n"


@pytest.mark.parametrize("given", ["inline", "file"])
def test_the_target_goes_along_and_its_token_is_not_printed(linecapi, td, tmp_path, given):
    target = '{"type": "line_conversion", "line_tag_id": "t", "access_token": "hidden"}'
    (tmp_path / "line.json").write_text(target + "\n", encoding="utf-8")
    td.answers(ISSUE, ISSUED)
    ended = linecapi("query", "-d", "shop", "-r", target if given == "inline" else f"@{tmp_path}/line.json", "select 1")
    assert td.asked[0].params["result"] == target
    assert "hidden" not in ended.out + ended.err


def test_waiting_asks_less_and_less_often_and_prints_the_rows(linecapi, waited):
    ended = linecapi("query", "-d", "shop", "-w", "select 1")
    assert ended.code == 0
    assert ended.out == "id  name\n--  ----\n1   森\n2\n"
    assert ended.slept == [0.5, 0.75]
    assert "Job 19 is queued." in ended.err


def test_waiting_outlasts_a_server_that_restarts(linecapi, td, waited):
    gone = [None] * 4 + [(502, b"Bad Gateway")] * 5
    td.answers(SHOW, job(status="running"), *gone, job())
    ended = linecapi("query", "-d", "shop", "-w", "-f", "json", "select 1")
    assert (ended.code, ended.json) == (0, [[1, "森"], [2, None]])


def test_waiting_gives_up_on_a_server_that_stays_away(linecapi, td, waited):
    td.answers(SHOW, (503, {"message": "Down."}))
    ended = linecapi("query", "-d", "shop", "-w", "select 1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith("(HTTP 503) Job 19 may go on: linecapi job:show -w 19\n")
    assert 900 < sum(ended.slept) < 1500


@pytest.mark.parametrize(
    ("options", "out"),
    [
        (["-f", "csv", "-c"], "id,name\n1,森\n2,\n"),
        (["-f", "tsv"], "1\t森\n2\t\n"),
        (["-f", "jsonl", "-c"], '{"id": 1, "name": "森"}\n{"id": 2, "name": null}\n'),
        (["-f", "csv", "-l", "1"], "1,森\n"),
        (["-x", "-f", "csv"], "Status  : success\nRows    : 2\nElapsed : 1m 03s\n"),
    ],
)
def test_rows_are_written_in_the_format_that_is_asked_for(linecapi, waited, options, out):
    assert linecapi("query", "-d", "shop", "-w", *options, "select 1").out == out


def test_rows_that_are_exported_are_not_printed_but_told(linecapi, td, waited):
    log = {"cmdout": "3,200 rows read\n3,136 accepted, 64 invalid", "stderr": ""}
    td.answers(SHOW, job(num_records=3200, debug=log))
    ended = linecapi("query", "-d", "shop", "-w", "-r", "line_test", "select 1")
    assert ended.out.startswith("Status  : success\nRows    : 3,200\n")
    assert ended.out.endswith("Log     : 3,200 rows read\n          3,136 accepted, 64 invalid\n")
    assert td.asked[-1].path == "/v3/job/show/19"


def test_a_file_appears_when_it_is_whole(linecapi, td, waited, tmp_path):
    path = tmp_path / "rows.csv"
    assert linecapi("query", "-d", "shop", "-w", "-o", str(path), "select 1").code == 0
    assert path.read_text(encoding="utf-8") == "1,森\n2,\n"
    assert [found.name for found in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize(("status", "code"), [("error", 3), ("killed", 4)])
def test_how_the_job_ended_is_the_exit_code(linecapi, td, waited, status, code):
    at = "2026-11-30 14:01:02 UTC"
    said = f"{at} Slow.\n{at} LINE refused the access token (401)\nPaste a new one."
    td.answers(SHOW, job(status=status, debug={"cmdout": "", "stderr": said}))
    ended = linecapi("query", "-d", "shop", "-w", "select 1")
    assert (ended.code, ended.out) == (code, "")
    says = (
        "ended in error: LINE refused the access token (401). Paste a new one." if status == "error" else "was killed."
    )
    assert ended.err.splitlines()[-1] == f"linecapi: Job 19 {says}"


def test_ctrl_c_leaves_the_job_and_says_how_to_stop_it(linecapi, td, waited, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("linecapi.waiting._pass", interrupt)
    ended = linecapi("query", "-d", "shop", "-w", "select 1")
    assert ended.code == 130
    assert ended.err.endswith("Job 19 goes on. To stop it: linecapi job:kill 19\n")
    assert not [asked for asked in td.asked if "kill" in asked.path]


def test_a_domain_key_that_is_taken_names_its_job(linecapi, td):
    body = {"message": "A job has this domain key.", "details": {"conflicts_with": "7"}}
    td.answers(ISSUE, (409, body))
    ended = linecapi("query", "-d", "shop", "--domain-key", "k", "select 1")
    assert (ended.code, "linecapi job:show 7" in ended.err) == (1, True)


def test_programs_get_the_jobs_number(linecapi, td):
    td.answers(ISSUE, ISSUED)
    assert linecapi("query", "-d", "shop", "--json", "select 1").json == {"job_id": "19", "database": "shop"}


def test_a_terminal_shows_the_phase_and_the_time(td, waited, home, tmp_path):
    queued = "2026-11-30 14:00:00 UTC Query queued by me."
    running = job(status="running", debug={"cmdout": f"{queued}\n2026-11-30 14:00:01 UTC Sending.", "stderr": ""})
    td.answers(SHOW, job(status="queued", debug={"cmdout": queued, "stderr": ""}), running, job())
    shown = on_a_terminal(["query", "-d", "shop", "-w", "-x", "select 1"], td)
    assert re.search(r"\r0s  queued *\r\ds  Sending\. *\r +\rStatus  : success\r\n", shown), shown
    assert "\x1b" not in shown


def on_a_terminal(argv, td):
    """What a terminal shows of the command."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TD_API_KEY": KEY, "TD_API_SERVER": td.url}
    command = [sys.executable, "-m", "linecapi", *argv]
    subprocess.run(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, timeout=30)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # at its end
        while read := os.read(ours, 65536):
            shown += read
    os.close(ours)
    return shown.decode()
