"""http>: what is asked, of whom, and what its answers mean."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from tests.exports.notify.servers import WebHook, running
from tests.workflows.factories import step, taken
from workflows import secrets
from workflows.operators import exchange, http
from workflows.operators.base import Done, Later, TaskFailed

pytestmark = pytest.mark.django_db
URL = "https://api.shop.example/v1/rows"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.WORKFLOW_HTTP_HOSTS = ["api.shop.example", "*.hooks.example"]


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


def ask(user, url=URL, params=None, **more):
    return step(user, "http", url, params=params or {}, now=NOON, **more)


def test_it_keeps_the_status_and_the_text_if_asked_to(editor, server):
    server.get(URL, body="はい\0".encode(), content_type="text/plain")
    outcome = taken(ask(editor, params={"store_content": "true"}))
    assert outcome.stored == {"http": {"last_status": 200, "last_content": "はい"}}
    assert outcome.reset == [("http", "last_status"), ("http", "last_content")]
    server.get(URL, status=204)
    assert taken(ask(editor)) == Done({"http": {"last_status": 204}}, [("http", "last_status")])


def test_secrets_are_put_in_and_shown_nowhere(editor, server):
    one = ask(
        editor,
        f"{URL}?key=${{secret:token}}",
        {"headers": [{"authorization": "TD1 ${secret:token}"}, {"X-A": 1}, {"X-A": "b"}], "store_content": True},
    )
    secrets.keep(one.attempt.session.workflow.project, "token", "s3cret-token", user=editor)
    server.get(URL, body="you sent s3cret-token")
    outcome = taken(one)
    sent = server.calls[0].request
    assert (sent.headers["Authorization"], sent.headers["X-A"]) == ("TD1 s3cret-token", "1, b")
    assert sent.params == {"key": "s3cret-token"}
    assert outcome.stored["http"]["last_content"] == "you sent ••••••"
    assert one.log.text == f"GET {URL}\nThe answer is 200."


def test_a_missing_secret_is_named(editor):
    with pytest.raises(TaskFailed, match="no secret “token”"):
        taken(ask(editor, params={"headers": [{"a": "${secret:token}"}]}))


@pytest.mark.parametrize(
    ("params", "body", "kind"),
    [
        ({"content": "a b"}, "a b", "text/plain; charset=utf-8"),
        ({"content": {"a": [1, "é"]}}, '{"a": [1, "é"]}', "application/json"),
        ({"content": "x", "content_format": "json"}, '"x"', "application/json"),
        ({"content": {"a": "b c", "d": True}, "content_format": "form"}, "a=b+c&d=true", http.TYPES["form"]),
        ({"content": "<a/>", "content_type": "text/xml"}, "<a/>", "text/xml"),
        ({"content": {}, "headers": [{"content-type": "application/x"}]}, "{}", "application/x"),
    ],
)
def test_content_is_written_in_its_format(editor, server, params, body, kind):
    server.post(URL)
    taken(ask(editor, params={"method": "post", **params}))
    sent = server.calls[0].request
    assert (sent.body.decode(), sent.headers["Content-Type"]) == (body, kind)


@pytest.mark.parametrize(
    ("query", "sent"),
    [({"b": "x y", "c": 1}, "?a=1&b=x+y&c=1"), ("?b=%41&c=", "?a=1&b=A&c="), ('{"b": 2}', "?a=1&b=2")],
)
def test_a_query_is_added_to_the_address(editor, server, query, sent):
    server.get(URL)
    taken(ask(editor, f"{URL}?a=1#part", {"query": query}))
    assert server.calls[0].request.url == URL + sent


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://api.shop.example.evil.example/",
        "https://api.shop.example@evil.example/",
        "https://hooks.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
    ],
)
def test_a_host_that_is_not_listed_is_not_asked(editor, url):
    with pytest.raises(TaskFailed, match="may not ask the host") as error:
        taken(ask(editor, url))
    assert "WORKFLOW_HTTP_HOSTS" in error.value.advice


def test_listed_hosts_are_asked_whatever_their_addresses(editor, server, settings):
    settings.WORKFLOW_HTTP_HOSTS += ["127.0.0.1", "::1"]
    for url in ("https://a.b.Hooks.example/", "http://127.0.0.1:8080/x", "http://[::1]/"):
        server.get(url)
        taken(ask(editor, url))
    assert len(server.calls) == 3


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.shop.example/",
        "api.shop.example/x",
        "https://",
        "https://api.shop.example\\@evil.example/",
        "https://a\nb/",
    ],
)
def test_an_address_is_one_of_http(editor, url):
    with pytest.raises(TaskFailed, match="http> needs an address such as"):
        taken(ask(editor, url))


def test_a_redirect_leads_to_listed_hosts_alone(editor, server):
    server.get(URL, status=302, headers={"Location": "http://169.254.169.254/"})
    with pytest.raises(TaskFailed, match="from https to http"):
        taken(ask(editor))
    server.get(URL, status=302, headers={"Location": "//169.254.169.254/"})
    with pytest.raises(TaskFailed, match=r"may not ask the host 169\.254\.169\.254"):
        taken(ask(editor))


def test_another_server_gets_none_of_the_headers(editor, server):
    server.post(URL, status=307, headers={"Location": "/next"})
    server.post("https://api.shop.example/next", status=303, headers={"Location": "https://a.hooks.example/x y"})
    server.get("https://a.hooks.example/x%20y")
    taken(ask(editor, params={"method": "POST", "content": "hi", "headers": [{"X-Token": "abc"}]}))
    _, second, third = (call.request for call in server.calls)
    assert (second.body, second.headers["X-Token"]) == (b"hi", "abc")
    assert third.body is None
    assert not {"x-token", "content-type"} & {name.lower() for name in third.headers}


def test_redirects_end(editor, server):
    server.get(URL, status=302, headers={"Location": URL})
    with pytest.raises(TaskFailed, match="more than 8 times"):
        taken(ask(editor))
    assert taken(ask(editor, params={"follow_redirects": False})).stored == {"http": {"last_status": 302}}


def test_a_refusal_tells_the_status_and_a_masked_part_of_the_answer(editor, server):
    one = ask(editor)
    secrets.keep(one.attempt.session.workflow.project, "token", "s3cret-token", user=editor)
    server.get(URL, status=403, body="s3cret-token of kana@shop.example is\nwrong " + "x" * 500)
    with pytest.raises(TaskFailed) as error:
        taken(one)
    assert error.value.message.startswith("The server answered 403: •••••• of k•••@shop.example is wrong xxx")
    assert len(error.value.message) < 250
    assert error.value.params == {"status": 403}


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"body": requests.ConnectionError("no")}])
def test_what_may_pass_is_tried_again_after_a_wait(editor, server, fault):
    server.get(URL, **fault)
    outcome = taken(ask(editor))
    assert outcome == Later({"tries": 1}, at=NOON + timedelta(seconds=5))
    assert taken(ask(editor, memory={"tries": 7})).at == NOON + timedelta(minutes=5)
    with pytest.raises(TaskFailed) as error:
        taken(ask(editor, memory={"tries": 8}))
    assert error.value.advice == "It was tried 9 times."


def test_the_wait_is_as_long_as_the_server_asks_for(editor, server):
    server.get(URL, status=429, headers={"Retry-After": "90"})
    assert taken(ask(editor)).at == NOON + timedelta(seconds=90)


def test_what_may_have_been_done_is_not_repeated_unless_it_says_so(editor, server):
    server.post(URL, status=500)
    with pytest.raises(TaskFailed) as error:
        taken(ask(editor, params={"method": "POST"}))
    assert (error.value.message, "retry: true" in error.value.advice) == ("The server answered 500.", True)
    assert isinstance(taken(ask(editor, params={"method": "POST", "retry": "true"})), Later)


def test_a_longer_answer_than_can_be_kept_fails(editor, server):
    server.get(URL, body="x" * (http.LONGEST_CONTENT + 1))
    with pytest.raises(TaskFailed, match="longer than the 65,536 bytes"):
        taken(ask(editor, params={"store_content": True}))


def test_a_server_that_hangs_is_left_in_time(settings):
    settings.WORKFLOW_HTTP_HOSTS = ["127.0.0.1"]
    with running(WebHook()) as server:
        server.hangs = True
        request = exchange.Request("POST", f"http://127.0.0.1:{server.server_address[1]}/", {}, b"hi")
        with pytest.raises(exchange.Unanswered, match=r"within 0\.2 s"):
            exchange.send(request, seconds=0.2, follow=True, longest=1)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"method": "CONNECT"}, "“method” must be GET"),
        ({"timeout": 601}, "“timeout” must be a whole number from 1 to 600"),
        ({"headers": [{"Host": "x"}]}, "Not allowed are host"),
        ({"headers": [{"a": "b", "c": "d"}]}, "must be a list of headers"),
        ({"headers": [{"a": "b\r\nc: d"}]}, "The header a has a line break"),
        ({"headers": [{"a b": "c"}]}, "must be a list of headers"),
        ({"content": [1], "content_format": "form"}, "“content” must be a map with content_format: form"),
        ({"content": [1], "content_format": "text"}, "“content” must be text with content_format: text"),
        ({"content": "x", "content_format": "xml"}, "must be text, json or form, not “xml”"),
        ({"query": ["a"]}, "“query” must be a map, not a list"),
    ],
)
def test_what_cannot_be_asked_is_told(editor, params, told):
    with pytest.raises(TaskFailed, match=told):
        taken(ask(editor, params=params))
