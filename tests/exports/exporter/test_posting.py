"""How a batch goes over the wire."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
import requests
import responses

from exports.exporter import posting
from exports.exporter.batches import cut
from exports.exporter.delivery import Reply
from exports.exporter.posting import http_post, retry_after
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.chunks import chunks_of

BASE = "https://line.example"
URL = BASE + "/v1/tag-1/events"
SETTINGS = {"line_tag_id": "tag-1", "access_token": "s3cret", "line_channel_id": "42"}
NOW = 1_795_000_000


def batch_of(*groups):
    (batch,) = cut(chunks_of(*groups), max_events=100, max_bytes=10_000)
    return batch


def post(batch, settings=SETTINGS, base=BASE):
    with requests.Session() as session:
        return http_post(session, CONNECTOR, base, settings, 10, clock=lambda: NOW)(batch)


@responses.activate
def test_a_request_has_the_token_and_its_length():
    responses.post(URL, status=202)
    batch = batch_of([1, 1])
    assert post(batch).status == 202
    headers = responses.calls[0].request.headers
    assert headers["X-Line-TagAccessToken"] == "s3cret"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(b"".join(batch.body)))
    assert "Transfer-Encoding" not in headers


@responses.activate
def test_the_channel_id_goes_only_with_line_user_ids():
    responses.post(URL, status=202)
    post(batch_of([1, 1, 1]))
    post(batch_of([1, 1, 1, 1]))
    assert ["X-Line-ChannelID" in call.request.headers for call in responses.calls] == [False, True]


@responses.activate
def test_each_request_has_its_own_body_and_length():
    responses.post(URL, status=202)
    with requests.Session() as session:
        send = http_post(session, CONNECTOR, BASE, SETTINGS, 10)
        for count in (3, 1, 2):
            send(batch_of([1] * count))
    sent = [call.request for call in responses.calls]
    assert [int(request.headers["Content-Length"]) for request in sent] == [len(request.body) for request in sent]
    assert [len(orjson.loads(request.body)) for request in sent] == [3, 1, 2]


@responses.activate
def test_a_redirect_is_not_followed():
    responses.post(URL, status=302, headers={"Location": "https://elsewhere.example"})
    assert post(batch_of([1])).status == 302
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (requests.ReadTimeout(), "no answer within 10 seconds"),
        (requests.ConnectTimeout(), "no answer within 10 seconds"),
        (requests.ConnectionError("https://line.example/s3cret"), "the connection failed: ConnectionError"),
    ],
)
def test_silence_is_a_reply_without_status(error, says):
    responses.post(URL, body=error)
    reply = post(batch_of([1]))
    assert (reply.status, reply.error) == (None, says)


def test_a_base_url_that_is_none_raises():
    with pytest.raises(requests.RequestException):
        post(batch_of([1]), base="line.example")


@responses.activate
def test_it_reads_retry_after():
    responses.post(URL, status=429, headers={"Retry-After": "120"})
    assert post(batch_of([1])) == Reply(429, 120.0, milliseconds=pytest.approx(0, abs=2000))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 60),
        ("Wed, 18 Nov 2026 07:00:00 GMT", 0),
        ("99999999999", 86_400),
        ("Wed, 18 Nov 2099 07:00:00 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("１２", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


@pytest.fixture
def server():
    """A real server that keeps what it was sent, and the connections it came over."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.seen.append((dict(self.headers), body, self.client_address))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("joined_at_most", [0, 4_000_000])
def test_pieces_go_out_whole_over_one_connection(server, monkeypatch, joined_at_most):
    monkeypatch.setattr(posting, "JOINED_AT_MOST", joined_at_most)
    batch = batch_of([1, None, 1], [1])
    with requests.Session() as session:
        send = http_post(session, CONNECTOR, f"http://127.0.0.1:{server.server_port}", SETTINGS, 10)
        assert [send(batch).status, send(batch).status] == [202, 202]
    (headers, body, first), (_, again, second) = server.seen
    assert body == again == b"".join(batch.body)
    assert headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in headers
    assert first == second


def test_nobody_listening_is_a_reply_without_status():
    free = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    free.server_close()
    reply = post(batch_of([1]), base=f"http://127.0.0.1:{free.server_port}")
    assert (reply.status, reply.error) == (None, "the connection failed: ConnectionRefusedError")
