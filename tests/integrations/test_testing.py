"""What LINE's answer to a test means, in words; and what is sent to find out."""

import socket
import threading

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError

from integrations.connectors.line_conversion import CONNECTOR
from integrations.connectors.line_conversion.sandbox.events import problem
from integrations.testing import build_test_event, check_credentials, http_session, send_test_event
from tests.integrations.conftest import LINE_URL, TAG, TOKEN

SETTINGS = {"line_tag_id": TAG, "access_token": TOKEN, "line_channel_id": "2001447192", "connection_timeout": 300}
NOW = 1_795_400_000


def check(settings=SETTINGS, base_url="http://line.test"):
    return check_credentials(CONNECTOR, settings, base_url=base_url, http=http_session())


def test_it_posts_an_empty_list_with_the_token(line):
    line.post(LINE_URL, status=202)
    check()
    request = line.calls[0].request
    assert request.body == b"[]"
    assert request.headers["X-Line-TagAccessToken"] == TOKEN
    assert "X-Line-ChannelID" not in request.headers


@pytest.mark.parametrize("status", [202, 400])
def test_received_and_not_valid_both_mean_that_the_token_was_let_in(line, status):
    line.post(LINE_URL, status=status)
    verdict = check()
    assert verdict.ok and verdict.says.startswith("Credentials accepted.") and "No event was sent." in verdict.says


def test_a_refused_token_is_said_with_what_to_do(line):
    line.post(LINE_URL, status=401)
    verdict = check()
    assert not verdict.ok and verdict.what == "LINE refused the access token (401)."
    assert "Paste a new token" in verdict.do


@pytest.mark.parametrize(("status", "words"), [(403, "terms are accepted"), (404, "Check the LINE Tag ID")])
def test_a_configuration_error_says_what_to_check(line, status, words):
    line.post(LINE_URL, status=status)
    verdict = check()
    assert not verdict.ok and str(status) in verdict.what and words in verdict.do


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_at_line_says_nothing_of_the_token(line, status):
    line.post(LINE_URL, status=status)
    verdict = check()
    assert not verdict.ok and str(status) in verdict.what and "Test again in a few minutes." in verdict.do


@pytest.mark.parametrize("status", [200, 302, 418, 599])
def test_an_undocumented_answer_is_shown_with_its_code(line, status):
    line.post(LINE_URL, status=status, headers={"Location": "http://elsewhere.test/"})
    verdict = check()
    assert not verdict.ok and str(status) in verdict.what and "proxies" in verdict.do
    assert len(line.calls) == 1


def test_a_name_that_does_not_resolve_is_said(line):
    unknown = NameResolutionError("line.test", None, reason := socket.gaierror(-2, "Name or service not known"))
    unknown.__cause__ = reason
    line.post(LINE_URL, body=requests.ConnectionError(MaxRetryError(None, LINE_URL, unknown)))
    assert "could not be resolved (DNS)" in check().what


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectTimeout()])
def test_silence_is_said(line, error):
    line.post(LINE_URL, body=error)
    assert "no answer in time (timeout)" in check().what


def test_a_connection_that_breaks_is_said(line):
    line.post(LINE_URL, body=requests.ConnectionError(ConnectionResetError()))
    verdict = check()
    assert "broke off" in verdict.what and "outgoing HTTPS" in verdict.do


def test_a_closed_port_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "The connection was refused." in check(base_url=f"http://127.0.0.1:{port}").what


def test_a_failing_tls_handshake_is_said():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer_in_the_clear, args=[server], daemon=True).start()
        verdict = check(base_url=f"https://127.0.0.1:{server.getsockname()[1]}")
    assert "The TLS connection failed" in verdict.what


def test_a_broken_address_is_said():
    assert "address that is configured for it is not valid" in check(base_url="http://").what


def test_no_reason_names_the_token_or_the_tag(line):
    line.post(LINE_URL, body=requests.ConnectionError(f"refused {LINE_URL} {TOKEN}"))
    says = check().says
    assert TOKEN not in says and TAG not in says


@pytest.mark.parametrize(("setting", "used"), [(300, 15), (10, 10), (None, 15)])
def test_nobody_waits_longer_than_a_quarter_of_a_minute(line, setting, used):
    line.post(LINE_URL, status=202)
    check({**SETTINGS, "connection_timeout": setting})
    assert line.calls[0].request.req_kwargs["timeout"] == used


def test_the_session_takes_nothing_from_the_environment():
    assert http_session().trust_env is False


def test_the_test_event_is_valid_and_marked_as_a_test():
    event = build_test_event(CONNECTOR, key="test-1", now=NOW)
    assert problem(event, now=NOW, has_channel=False) is None
    assert event["event"]["test_flag"] is True
    assert (event["event"]["deduplication_key"], event["event"]["event_timestamp"]) == ("test-1", NOW)


def test_making_a_test_event_leaves_the_connector_as_it_is():
    build_test_event(CONNECTOR, key="test-1", now=NOW)
    assert "deduplication_key" not in CONNECTOR.test_event["event"]


@pytest.mark.parametrize(("status", "ok"), [(202, True), (400, False), (401, False), (500, False)])
def test_only_an_accepted_test_event_is_a_success(line, status, ok):
    line.post(LINE_URL, status=status)
    verdict = send_test_event(CONNECTOR, SETTINGS, key="k", now=NOW, base_url="http://line.test", http=http_session())
    assert (verdict.ok, verdict.status) == (ok, status)


def answer_in_the_clear(server):
    connection, _ = server.accept()
    with connection:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
