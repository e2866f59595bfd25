"""The stand-in for LINE as a server: what it answers, what it keeps, and how it misbehaves when told to."""

import http.client
import json
import socket
import threading
import time
from urllib.request import urlopen

import pytest

from integrations.connectors.line_conversion.sandbox import Sandbox

NOW = 1_750_000_000
EVENTS = "/v1/demo-tag/events"


@pytest.fixture
def line():
    with Sandbox(tags={"demo-tag": "demo-token", "other-tag": "other-token"}, clock=lambda: NOW) as sandbox:
        yield sandbox


def an_event(key="k1", **user):
    event = {"deduplication_key": key, "event_type": "page_view", "source_type": "web", "event_timestamp": NOW - 60}
    return {"event": event, "user": user or {"external_id": "customer-1"}}


def connect(line):
    return http.client.HTTPConnection(line.url.removeprefix("http://"), timeout=5)


def post(line, body, *, path=EVENTS, method="POST", without=(), client=None, **headers):
    sent = {"X-Line-TagAccessToken": "demo-token", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    own = client or connect(line)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    own.request(method, path, data, {name: value for name, value in sent.items() if name not in without})
    response = own.getresponse()
    response.content = response.read()
    if client is None:
        own.close()
    return response


def last_reason(line):
    return line.stats["last_refusals"][-1]["reason"]


def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_takes_a_valid_request_and_answers_without_a_body(line):
    response = post(line, [an_event("a"), an_event("b")])
    assert (response.status, response.content) == (202, b"")
    assert [event["event"]["deduplication_key"] for event in line.events] == ["a", "b"]
    assert (line.stats["requests"], line.stats["accepted"]) == (1, 2)
    assert line.stats["by_status"] == {"202": 1}


@pytest.mark.parametrize("token", ["wrong", "other-token", "Bearer demo-token", ""])
def test_it_answers_401_to_a_token_that_is_not_the_tags(line, token):
    assert post(line, [an_event()], X_Line_TagAccessToken=token).status == 401
    assert line.events == []


def test_it_answers_401_without_a_token(line):
    assert post(line, [an_event()], without=["X-Line-TagAccessToken"]).status == 401


def test_it_answers_401_for_a_tag_it_does_not_know(line):
    assert post(line, [an_event()], path="/v1/no-tag/events").status == 401


@pytest.mark.parametrize("path", ["/", "/v1/demo-tag", "/v1/demo-tag/events/", "/v2/demo-tag/events", EVENTS + "?a=1"])
def test_it_answers_404_elsewhere(line, path):
    assert post(line, [an_event()], path=path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_it_answers_405_to_other_methods(line, method):
    response = post(line, b"", method=method)
    assert (response.status, response.content, response.headers["Allow"]) == (405, b"", "POST")


def test_it_refuses_a_chunked_body(line):
    client = connect(line)
    headers = {"X-Line-TagAccessToken": "demo-token", "Content-Type": "application/json"}
    client.request("POST", EVENTS, iter([json.dumps([an_event()]).encode()]), headers, encode_chunked=True)
    assert client.getresponse().status == 400
    assert "Transfer-Encoding" in last_reason(line)


def test_a_large_chunked_body_does_not_reset_the_answer_away(line):
    client = connect(line)
    client.request("POST", EVENTS, (b" " * 1_000_000 for _ in range(8)), encode_chunked=True)
    assert client.getresponse().status == 400
    client.close()


@pytest.mark.parametrize("lengths", [[], ["abc"], ["-1"], ["5", "6"], ["300000001"]])
def test_it_refuses_a_body_whose_length_it_cannot_take(line, lengths):
    client = connect(line)
    client.putrequest("POST", EVENTS)
    client.putheader("X-Line-TagAccessToken", "demo-token")
    for length in lengths:
        client.putheader("Content-Length", length)
    client.endheaders()
    assert client.getresponse().status == 400
    client.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=sjis"])
def test_it_refuses_another_content_type(line, kind):
    assert post(line, [an_event()], Content_Type=kind).status == 400


def test_it_refuses_a_request_without_content_type(line):
    assert post(line, [an_event()], without=["Content-Type"]).status == 400


def test_it_refuses_a_compressed_body(line):
    assert post(line, [an_event()], Content_Encoding="gzip").status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[NaN]",
        b"\xff\xfe[]",
        b"\xef\xbb\xbf[]",
        b"[" * 100_000,
        b"{}",
        b"null",
        b"[]",
        json.dumps(an_event()).encode(),
        b"[" + json.dumps(an_event()).replace('"event":', '"event": {}, "event":').encode() + b"]",
    ],
)
def test_it_refuses_a_body_that_is_not_a_json_array_of_events(line, body):
    assert post(line, body).status == 400
    assert line.stats["accepted"] == 0


def test_it_refuses_more_than_100_000_events(line):
    one = json.dumps(an_event()).encode()
    assert post(line, b"[" + one + b",{}" * 100_000 + b"]").status == 400
    assert last_reason(line) == "over 100000 events"


def test_one_bad_event_drops_the_whole_request_and_is_named_to_developers_only(line):
    response = post(line, [an_event("a"), an_event("b c"), an_event("c d")])
    assert (response.status, response.content, line.events) == (400, b"", [])
    reason = r"event.deduplication_key: must match [0-9a-zA-Z\-_]{1,256}"
    assert line.stats["last_refusals"] == [{"tag": "demo-tag", "status": 400, "reason": reason, "index": 1}]


def test_it_takes_line_uids_only_with_a_channel_id(line):
    body = [an_event(line_uid="U" + "0" * 32)]
    assert post(line, body).status == 400
    assert post(line, body, X_Line_ChannelID="1234567890").status == 202


@pytest.mark.parametrize("channel", ["", "12a", "１２３".encode().decode("latin-1")])
def test_it_refuses_a_channel_id_that_is_not_digits(line, channel):
    assert post(line, [an_event()], X_Line_ChannelID=channel).status == 400


def test_it_drops_events_without_a_user_field_silently(line):
    nobody = an_event("nobody") | {"user": {}}
    assert post(line, [an_event("somebody"), nobody]).status == 202
    assert (line.stats["accepted"], line.stats["dropped"], len(line.events)) == (1, 1, 1)


def test_it_accepts_duplicates_again_and_counts_them(line):
    named = an_event("a")
    named["event"] |= {"event_type": "conversion", "event_name": "Purchase"}
    post(line, [an_event("a"), named])
    post(line, [an_event("a")])
    assert (line.stats["accepted"], line.stats["duplicates"]) == (3, 1)


def test_the_same_key_for_another_tag_is_no_duplicate(line):
    post(line, [an_event("a")])
    post(line, [an_event("a")], path="/v1/other-tag/events", X_Line_TagAccessToken="other-token")
    assert line.stats["by_tag"] == {"demo-tag": 1, "other-tag": 1}
    assert line.stats["duplicates"] == 0


def test_it_appends_accepted_events_to_a_file_before_it_answers(tmp_path):
    path = tmp_path / "kept.jsonl"
    with Sandbox(tags={"demo-tag": "demo-token"}, keep=path, clock=lambda: NOW) as line:
        post(line, [an_event("a"), an_event("b"), an_event("nobody") | {"user": {}}])
        records = [json.loads(text) for text in path.read_text().splitlines()]
    assert [record["number"] for record in records] == [1, 2]
    assert records[0] == {"number": 1, "tag": "demo-tag", "request": 1, "arrived": NOW, "body": an_event("a")}


def test_it_remembers_only_the_latest_events_but_counts_all():
    with Sandbox(tags={"demo-tag": "demo-token"}, remember=2, clock=lambda: NOW) as line:
        post(line, [an_event(key) for key in "abc"])
        assert [event["event"]["deduplication_key"] for event in line.events] == ["b", "c"]
        assert line.stats["accepted"] == 3


def test_a_connection_is_kept_alive_without_stalls(line):
    client = connect(line)
    start = time.monotonic()
    for number in range(50):
        assert post(line, [an_event(str(number))], client=client).status == 202
    assert time.monotonic() - start < 1  # 50 delayed acknowledgements would take 2 s
    client.close()


def test_it_takes_ten_thousand_events_of_a_kilobyte_quickly(line):
    page = {"url": "https://shop.example.jp/" + "a" * 400, "title": "夏" * 200, "user_agent": "Mozilla/5.0"}
    body = json.dumps([an_event(f"k{number}") | {"web": page} for number in range(10_000)], ensure_ascii=False).encode()
    start = time.monotonic()
    assert post(line, body).status == 202
    assert len(body) > 10_000_000
    assert time.monotonic() - start < 2


# what it can be told


def test_rules_are_used_up_in_order(line):
    line.behave([{"status": 500, "times": 2}, {"status": 429, "retry_after": 3}])
    answers = [post(line, [an_event()]) for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 500, 429, 202]
    assert answers[2].headers["Retry-After"] == "3"
    assert line.stats["accepted"] == 1


def test_a_rule_lets_requests_pass_first(line):
    line.behave([{"status": 503, "skip": 2}])
    assert [post(line, [an_event()]).status for _ in range(4)] == [202, 202, 503, 202]


def test_a_rule_for_one_tag_leaves_the_others_alone(line):
    line.behave([{"status": 500, "tag": "other-tag"}])
    assert post(line, [an_event()]).status == 202
    assert post(line, [an_event()], path="/v1/other-tag/events").status == 500


def test_an_error_may_keep_the_events(line):
    line.behave([{"status": 500, "keep": True}])
    assert post(line, [an_event("a")]).status == 500
    assert post(line, [an_event("a")]).status == 202
    assert (line.stats["accepted"], line.stats["duplicates"]) == (2, 1)


def test_an_error_does_not_keep_the_events_of_an_invalid_request(line):
    line.behave([{"status": 500, "keep": True}])
    assert post(line, [an_event("a b")]).status == 500
    assert line.stats["accepted"] == 0


def test_a_delay_puts_off_the_usual_answer(line):
    line.behave([{"delay": 0.2}])
    start = time.monotonic()
    assert post(line, [an_event()]).status == 202
    assert time.monotonic() - start >= 0.2


def test_it_can_close_the_connection_without_an_answer(line):
    line.behave([{"drop": True, "keep": True}])
    with pytest.raises(http.client.RemoteDisconnected):
        post(line, [an_event()])
    assert (line.stats["accepted"], line.stats["by_status"]) == (1, {"drop": 1})


def test_it_can_hang_until_the_client_gives_up(line):
    line.behave([{"hang": True}])
    client = http.client.HTTPConnection(line.url.removeprefix("http://"), timeout=0.2)
    with pytest.raises(TimeoutError):
        post(line, [an_event()], client=client)
    client.close()
    eventually(lambda: line.stats["by_status"] == {"hang": 1})


@pytest.mark.parametrize(
    "rules",
    [
        {},
        [1],
        [{}],
        [{"times": 2}],
        [{"status": 99}],
        [{"status": "500"}],
        [{"status": True}],
        [{"status": 500, "hang": True}],
        [{"status": 500, "times": 0}],
        [{"status": 500, "skip": -1}],
        [{"retry_after": 3, "delay": 1}],
        [{"status": 429, "retry_after": "3\r\nX: y"}],
        [{"stats": 500}],
        [{"delay": float("nan")}],
    ],
)
def test_it_does_not_guess_what_unclear_rules_mean(line, rules):
    with pytest.raises(ValueError):
        line.behave(rules)


# overlaps


def wait_in_background(line, path=EVENTS):
    client = connect(line)
    thread = threading.Thread(target=lambda: post(line, [an_event()], path=path, client=client))
    before = line.stats["requests"]
    thread.start()
    eventually(lambda: line.stats["requests"] > before)
    return thread


def test_it_notes_two_requests_of_one_tag_at_once(line):
    line.behave([{"delay": 0.3}])
    thread = wait_in_background(line)
    post(line, [an_event()])
    thread.join()
    assert line.stats["overlaps"] == 1


def test_requests_one_after_another_do_not_overlap(line):
    for _ in range(30):
        post(line, [an_event()])
    assert line.stats["overlaps"] == 0


def test_requests_of_two_tags_do_not_overlap(line):
    line.behave([{"delay": 0.2, "tag": "demo-tag"}])
    thread = wait_in_background(line)
    post(line, [an_event()], path="/v1/other-tag/events", X_Line_TagAccessToken="other-token")
    thread.join()
    assert line.stats["overlaps"] == 0


def test_a_retry_after_the_client_gave_up_does_not_overlap(line):
    line.behave([{"delay": 1}])
    client = http.client.HTTPConnection(line.url.removeprefix("http://"), timeout=0.1)
    with pytest.raises(TimeoutError):
        post(line, [an_event()], client=client)
    client.close()
    post(line, [an_event()])
    assert line.stats["overlaps"] == 0


def test_a_client_that_breaks_off_is_counted(line):
    client = socket.create_connection(line.url.removeprefix("http://").split(":"))
    client.sendall(f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[".encode())
    client.close()
    eventually(lambda: line.stats["by_status"] == {"broken": 1})


# its own pages


def read(line, path):
    with urlopen(line.url + path) as response:
        return response.read().decode()


def test_the_counts_are_there_as_json(line):
    post(line, [an_event()])
    assert json.loads(read(line, "/_sandbox/stats")) == line.stats


def test_the_events_are_there_as_json_by_tag_and_number(line):
    post(line, [an_event(key) for key in "abc"])
    post(line, [an_event("d")], path="/v1/other-tag/events", X_Line_TagAccessToken="other-token")
    records = json.loads(read(line, "/_sandbox/events?tag=demo-tag&after=1&limit=1"))
    assert [(record["number"], record["body"]) for record in records] == [(2, an_event("b"))]
    assert len(json.loads(read(line, "/_sandbox/events?after=2"))) == 2


@pytest.mark.parametrize("query", ["after=x", "limit=-1"])
def test_a_query_that_means_nothing_is_answered_400(line, query):
    assert post(line, b"", method="GET", path=f"/_sandbox/events?{query}").status == 400


def test_it_is_told_how_to_behave_over_http(line):
    response = post(line, [{"status": 500, "times": 2}], path="/_sandbox/behave")
    assert (response.status, json.loads(response.content)) == (200, [{"status": 500, "times": 2}])
    assert post(line, [an_event()]).status == 500
    assert post(line, [{"what": 1}], path="/_sandbox/behave").status == 400
    assert line.stats["behaviour"] == [{"status": 500}]


def test_a_reset_forgets_everything(line):
    post(line, [an_event(), an_event("a b")])
    post(line, [an_event()])
    line.behave([{"status": 500}])
    assert post(line, b"", path="/_sandbox/reset").status == 200
    assert line.events == []
    assert not any(line.stats.values())


def test_the_page_shows_counts_rules_and_events_but_no_token(line):
    line.behave([{"status": 503, "skip": 9}])
    post(line, [an_event() | {"web": {"title": "<b>夏</b>"}}])
    post(line, [an_event("a b")])
    page = read(line, "/_sandbox/")
    for part in ("Answered 202", "&quot;status&quot;: 503", "must match", "&lt;b&gt;夏&lt;/b&gt;", "other-tag"):
        assert part in page
    for part in ("<b>", "<script", "<style", " style=", "demo-token"):
        assert part not in page
    assert "color-scheme" in read(line, "/_sandbox/style.css")


def test_the_sandboxes_own_pages_are_not_counted(line):
    read(line, "/_sandbox/")
    assert post(line, b"", path="/_sandbox/nothing").status == 404
    assert (line.stats["requests"], line.stats["by_status"]) == (0, {})


def test_it_stops_at_once_whatever_is_open():
    line = Sandbox(tags={"demo-tag": "demo-token"}, behave=[{"hang": True}, {"delay": 60}]).start()
    idle = connect(line)
    idle.connect()
    silent = [threading.Thread(target=swallow, args=(line,)) for _ in range(2)]
    for thread in silent:
        thread.start()
    eventually(lambda: line.stats["behaviour"] == [])
    start = time.monotonic()
    line.stop()
    for thread in silent:
        thread.join(5)
    assert time.monotonic() - start < 2
    idle.close()


def swallow(line):
    with pytest.raises((http.client.HTTPException, OSError)):
        post(line, [an_event()])
