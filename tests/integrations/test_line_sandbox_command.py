"""The stand-in for LINE as a program."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
ALONE = ["-m", "integrations.connectors.line_conversion.sandbox"]
MANAGED = ["manage.py", "line_sandbox"]


def run(program, *options):
    command = [sys.executable, *program, "--port", "0", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def url_of(process):
    return process.stdout.readline().removeprefix("LINE sandbox listening on ").strip()


@pytest.mark.parametrize("program", [ALONE, MANAGED])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly_when_told_to(program, number):
    process = run(program)
    assert urlopen(url_of(process) + "/_sandbox/").status == 200
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")


def test_it_takes_tags_rules_and_a_file_from_the_command_line(tmp_path):
    path = tmp_path / "kept.jsonl"
    process = run(ALONE, "--tag", "a=b=c", "--tag", "d=e", "--keep", str(path), "--behave", '[{"status": 500}]')
    url = url_of(process)
    stats = json.load(urlopen(url + "/_sandbox/stats"))
    page = urlopen(url + "/_sandbox/").read().decode()
    process.terminate()
    process.communicate(timeout=10)
    assert stats["behaviour"] == [{"status": 500}]
    assert "a, d" in page
    assert path.exists()


def test_its_first_tag_is_the_demo_tag():
    process = run(ALONE)
    headers = {"X-Line-TagAccessToken": "demo-token", "Content-Type": "application/json"}
    user, event = {"external_id": "a"}, {"deduplication_key": "a", "event_type": "page_view", "source_type": "web"}
    url = url_of(process)
    stamped = event | {"event_timestamp": int(time.time())}
    body = json.dumps([{"event": stamped, "user": user}]).encode()
    status = urlopen(Request(url + "/v1/demo-tag/events", body, headers)).status
    process.terminate()
    process.communicate(timeout=10)
    assert status == 202


@pytest.mark.parametrize(
    "options", [["--tag", "a"], ["--behave", "{"], ["--behave", '[{"x": 1}]'], ["--port", "70000"]]
)
def test_it_says_what_is_wrong_with_its_options(options):
    process = run(ALONE, *options)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "error:" in errors
    assert "Traceback" not in errors
