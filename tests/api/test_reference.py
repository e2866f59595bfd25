"""The page that shows the API."""

import pytest

from api import views  # noqa: F401 - declares the endpoints
from api.declared import ENDPOINTS, INTEGER, TEXT, Param, array, nullable, record
from api.reference import allowed, curl, sections, sketch


def endpoint_of(method, path):
    return next(e for e in ENDPOINTS if (e.method, e.path) == (method, path))


@pytest.mark.django_db
def test_viewers_see_every_endpoint(as_user, viewer, client):
    text = as_user(viewer).get("/api/docs").content.decode()
    assert all(e.path in text for e in ENDPOINTS)
    assert client.get("/api/docs")["Location"].startswith("/sign-in")


@pytest.mark.django_db
def test_a_search_finds_by_words_of_what_is_told(as_user, viewer):
    page = as_user(viewer).get("/api/docs?q=PASSWORD+old").context
    assert [call.endpoint.path for _, calls in page["sections"] for call in calls] == ["/v3/user/password/change"]
    assert page["opened"]


@pytest.mark.django_db
def test_what_is_looked_for_is_text_on_the_page(as_user, viewer):
    assert b"<b>x" not in as_user(viewer).get("/api/docs?q=<b>x").content


def test_nothing_is_found_where_a_word_is_nowhere():
    assert sections("no-such-word") == []


@pytest.mark.parametrize(
    ("param", "words"),
    [
        (Param("n", "integer", minimum=-2, maximum=2), "whole number from -2 to 2"),
        (Param("b", "boolean"), "true or false"),
        (Param("o", "object"), "JSON"),
        (Param("c", choices=("json", "csv")), "json, csv"),
        (Param("t", most=255), "text, at most 255 characters"),
        (Param("t"), "text"),
    ],
)
def test_limits_are_told_in_words(param, words):
    assert allowed(param) == words


def test_an_answer_is_sketched():
    schema = record(users=array(record(name=TEXT)), phone=nullable(TEXT), id=INTEGER)
    assert sketch(schema).split("\n") == [
        "{",
        '  "users": [',
        "    {",
        '      "name": text',
        "    }, …",
        "  ],",
        '  "phone": text or null,',
        '  "id": whole number',
        "}",
    ]


def test_curl_sends_what_must_be_given():
    assert curl(endpoint_of("POST", "/v3/user/add/{name}")).split(" \\\n  ") == [
        "curl -X POST",
        '-H "Authorization: TD1 $TD_API_KEY"',
        '"$TD_API_SERVER/v3/user/add/NAME"',
        "--data-urlencode password=PASSWORD",
    ]


def test_curl_needs_no_key_where_nobody_does():
    assert curl(endpoint_of("GET", "/v3/system/server_status")) == 'curl \\\n  "$TD_API_SERVER/v3/system/server_status"'
