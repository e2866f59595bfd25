"""Log lines: one JSON object each, with the job or request they belong to, and without personal data."""

import json
import logging
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from exports import run
from exports.current import JOB, working_on
from linecapi_site.logs import MASK, REQUEST, Json, Text
from linecapi_site.middleware import RequestId


@pytest.fixture(autouse=True)
def no_request():
    """Whatever ran before in this thread."""
    REQUEST.set("")


def record(text, *values, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("exports.run", logging.ERROR, __file__, 1, text, values, info)


def line(*given, **values):
    return json.loads(Json().format(record(*given, **values)))


def test_a_line_is_one_json_object():
    found = line("Job %s\nfailed", 7)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "ERROR", "logger": "exports.run", "message": "Job 7\nfailed"}
    assert "\n" not in Json().format(record("a\nb"))


def test_it_names_the_job_that_runs():
    with working_on(7):
        assert line("Sent.")["job"] == 7
    assert "job" not in line("Sent.")


@pytest.mark.django_db
def test_a_worker_tells_its_lines_which_job_it_runs(monkeypatch):
    heard = []
    monkeypatch.setattr(run.Lease, "claim", lambda lease: heard.append(JOB.get()))
    run.run_job(7)
    assert heard == [7] and JOB.get() is None


def test_an_exception_has_its_traceback():
    assert "ValueError: too short" in line("Job failed", error=ValueError("too short"))["exception"]


@pytest.mark.parametrize("value", ["kana@example.jp", "+819012345678", "09012345678", "<kana+x@example.jp>"])
@pytest.mark.parametrize("formatter", [Json(), Text()])
def test_what_looks_personal_is_masked_wherever_it_stands(formatter, value):
    text = formatter.format(record("Could not convert '%s'", value, error=ValueError(f"cannot read {value}")))
    assert value.strip("<>") not in text and text.count(MASK) >= 2


@pytest.mark.parametrize("text", ["Job 123456", "2026-11-24 04:36:32,696", "12,345,678 rows", "192.168.100.200:8000"])
def test_numbers_and_times_are_left_as_they_are(text):
    assert line(text)["message"] == text


def asked(settings, proxies, **headers):
    settings.TRUSTED_PROXIES, heard = proxies, []
    answer = RequestId(lambda request: heard.append(REQUEST.get()) or HttpResponse())
    response = answer(RequestFactory().get("/", headers=headers))
    assert heard == [response["X-Request-ID"]]
    return heard[0]


def test_each_request_has_a_name_of_its_own(settings):
    assert asked(settings, 0) != asked(settings, 0)


def test_only_a_trusted_proxy_may_give_it(settings):
    given = {"X-Request-ID": "abc-123"}
    assert asked(settings, 1, **given) == "abc-123"
    assert asked(settings, 0, **given) != "abc-123"


def test_a_name_that_is_no_name_is_not_taken(settings):
    assert len(asked(settings, 1, **{"X-Request-ID": "a b\tc" * 50})) == 32


def test_how_a_request_ended_is_logged_with_its_name(client, caplog):
    caplog.handler.setFormatter(Json())
    response = client.get("/no-such-page")
    (found,) = [json.loads(text) for text in caplog.text.splitlines() if "Not Found" in text]
    assert found["request"] == response["X-Request-ID"]


def test_an_unknown_format_is_refused_in_words(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")
    found = subprocess.run(
        [sys.executable, "-c", "import linecapi_site.settings"], capture_output=True, text=True, check=False
    )
    assert "LOG_FORMAT is 'xml'. Set it to text or json." in found.stderr
