"""How a batch goes over the wire: to a real server, which keeps what it was sent."""

import signal
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from exports.exporter.batches import cut
from exports.exporter.posting import HttpPost, retry_after
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.chunks import chunks_of
from tests.exports.exporter.scripted import OK, scripted
from tests.sources import certificate

SETTINGS = {"line_tag_id": "tag-1", "access_token": "s3cret", "line_channel_id": "42"}
NOW = 1_795_000_000


def batch_of(*groups):
    (batch,) = cut(chunks_of(*groups), max_events=100, max_bytes=30_000_000)
    return batch


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body, self.client_address))
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def running():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(running):
    """`seen`: (path, headers, body, from where) of each request; `answer`: (status, headers), to be set."""
    running.seen, running.answer = [], (202, {})
    return running


def post_to(url, timeout=10, settings=SETTINGS, **more):
    return closing(HttpPost(CONNECTOR, url, settings, timeout, clock=lambda: NOW, **more))


def post(*sent, to, timeout=10):
    """Post batches one after the other. → the last reply"""
    base = to if isinstance(to, str) else f"http://127.0.0.1:{to.server_port}"
    with post_to(base, timeout) as send:
        return [send(batch) for batch in sent][-1]


def test_a_request_has_the_token_and_its_length(server):
    batch = batch_of([1, 1])
    assert post(batch, to=server).status == 202
    path, headers, body, _ = server.seen[0]
    assert path == "/v1/tag-1/events"
    assert headers["X-Line-TagAccessToken"] == "s3cret"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in headers
    assert body == b"".join(batch.body)


def test_the_channel_id_goes_only_with_line_user_ids(server):
    post(batch_of([1, 1, 1]), batch_of([1, 1, 1, 1]), to=server)
    assert ["X-Line-ChannelID" in headers for _, headers, _, _ in server.seen] == [False, True]


def test_all_go_over_one_connection_each_with_its_own_body(server):
    post(*(batch_of([1] * count, [1, None]) for count in (3, 1, 2)), to=server)
    assert [len(orjson.loads(body)) for _, _, body, _ in server.seen] == [4, 2, 3]
    assert len({address for *_, address in server.seen}) == 1


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(server):
    server.answer = (202, {"Connection": "close"})
    assert post(batch_of([1]), batch_of([1]), to=server).status == 202
    assert len({address for *_, address in server.seen}) == 2


def test_a_large_body_goes_out_as_it_is(server):
    batch = batch_of([100_000, 1], [None, 200_000])
    post(batch, batch, to=server)
    assert [body for _, _, body, _ in server.seen] == [b"".join(batch.body)] * 2


def test_a_connection_that_was_closed_without_a_word_is_opened_anew():
    with scripted([OK], [OK]) as server, post_to(server.url) as send:
        assert send(batch_of([1])).status == 202
        server.closed.acquire()
        assert send(batch_of([1])).status == 202
    assert [number for number, _ in server.seen] == [0, 1]


def test_a_request_that_may_have_arrived_is_not_repeated():
    with scripted([OK, b""], [OK]) as server, post_to(server.url) as send:
        send(batch_of([1]))
        reply = send(batch_of([1]))
        assert (reply.status, reply.error) == (None, "the connection failed: RemoteDisconnected")
        assert len(server.seen) == 2
        assert send(batch_of([1])).status == 202


def test_an_answer_before_the_body_was_read_counts():
    early = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with scripted([early], [OK]) as server, post_to(server.url) as send:
        assert send(batch_of([20_000_000])).status == 401
        assert send(batch_of([1])).status == 202


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 9\r\n\r\n{}",  # breaks off
        b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000,  # is too long to be read
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",  # makes no sense
    ],
)
def test_of_an_answer_that_cannot_be_read_to_its_end_the_status_counts(rest):
    with scripted([b"HTTP/1.1 400 Bad Request\r\n" + rest], [OK]) as server, post_to(server.url) as send:
        assert send(batch_of([1])).status == 400
        assert send(batch_of([1])).status == 202


def test_an_answer_that_is_none_is_a_reply_without_status():
    with scripted([b"hello\r\n"]) as server, post_to(server.url) as send:
        reply = send(batch_of([1]))
    assert (reply.status, reply.error) == (None, "the connection failed: BadStatusLine")


def test_what_breaks_a_request_off_also_ends_its_connection():
    def stop(*_):
        raise LookupError("stop")

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with scripted([OK, None], [OK]) as server, post_to(server.url) as send:
            send(batch_of([1]))
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(LookupError):
                send(batch_of([1]))
            server.over.set()
            assert send(batch_of([1])).status == 202
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [number for number, _ in server.seen] == [0, 0, 1]


def test_over_tls_only_who_has_a_trusted_certificate_gets_a_request(tmp_path):
    paths = certificate(tmp_path)
    with scripted([], [OK, OK], certificate=paths) as server:
        reply = post(batch_of([1]), to=server.url)
        assert (reply.status, reply.error) == (None, "the connection failed: SSLCertVerificationError")
        with post_to(server.url, certificates=str(paths[0])) as send:
            assert [send(batch_of([100_000, 1])).status for _ in range(2)] == [202, 202]
    assert server.seen == [(1, b"".join(batch_of([100_000, 1]).body))] * 2


def test_a_secret_with_a_line_break_is_not_sent(server):
    url, broken = f"http://127.0.0.1:{server.server_port}", {**SETTINGS, "access_token": "a\r\nb: c"}
    with post_to(url, settings=broken) as send, pytest.raises(ValueError, match="line break"):
        send(batch_of([1]))
    assert server.seen == []


def test_a_redirect_is_not_followed(server):
    server.answer = (302, {"Location": "/elsewhere"})
    assert post(batch_of([1]), to=server).status == 302
    assert len(server.seen) == 1


def test_it_reads_retry_after(server):
    server.answer = (429, {"Retry-After": "120"})
    reply = post(batch_of([1]), to=server)
    assert (reply.status, reply.retry_after, reply.error) == (429, 120.0, "")


def test_silence_is_a_reply_without_status():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reply = post(batch_of([1]), to=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
    assert (reply.status, reply.error) == (None, "no answer within 0.2 seconds")


def test_nobody_listening_is_a_reply_without_status():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    reply = post(batch_of([1]), to=f"http://127.0.0.1:{port}")
    assert (reply.status, reply.error) == (None, "the connection failed: ConnectionRefusedError")


def test_an_unknown_host_is_a_reply_without_status_or_secret():
    reply = post(batch_of([1]), to="http://no-such-host.invalid")
    assert (reply.status, reply.error) == (None, "the connection failed: gaierror")


def test_a_server_without_a_certificate_is_a_reply_without_status(server):
    reply = post(batch_of([1]), to=f"https://127.0.0.1:{server.server_port}")
    assert (reply.status, reply.error) == (None, "the connection failed: SSLError")


@pytest.mark.parametrize("base", ["line.example", "ftp://line.example", "", "https://"])
def test_a_base_url_that_is_none_raises(base):
    with pytest.raises(ValueError, match="not the URL of a server"):
        post(batch_of([1]), to=base)


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
