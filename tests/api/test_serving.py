"""What holds for every call: the key, the role, the four ways to send parameters, and errors in TD's form."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, AuditEntry, Role
from api import views  # noqa: F401 - declares the endpoints
from api.declared import ENDPOINTS, Param
from api.errors import ApiError
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db
SHOW = "/v3/user/show"


def test_the_status_of_the_server_needs_no_key(api):
    assert api(None).get("/v3/system/server_status").json() == {"status": "ok"}


def test_a_path_may_begin_with_two_slashes():
    assert Client().get("/", PATH_INFO="//v3/system/server_status").status_code == 200


@pytest.mark.parametrize("form", ["TD1 {}", "td1 {}", "Bearer {}", "{}"])
def test_a_key_is_taken_in_each_form(editor, form):
    _, key = api_keys.create(editor, name="tests")
    answer = Client().get(SHOW, headers={"Authorization": form.format(key)})
    assert (answer.status_code, answer.json()["id"]) == (200, editor.pk)


@pytest.mark.parametrize("header", ["", "TD1", "TD1 1/00", "Basic {}", "TD1 {} more", "TD1 1/" + "0" * 40])
def test_anything_else_is_401_in_the_form_of_the_clients(editor, header):
    _, key = api_keys.create(editor, name="tests")
    answer = Client().get(SHOW, headers={"Authorization": header.format(key)})
    assert answer.status_code == 401
    assert {"error", "message", "text", "severity", "status_code"} <= set(answer.json())
    assert key not in answer.content.decode()


def test_a_session_is_no_key(as_user, editor):
    assert as_user(editor).get(SHOW).status_code == 401


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_key_that_has_ended_is_refused(api, editor, change):
    calls = api(editor)
    ApiKey.objects.update(**change)
    assert calls.get(SHOW).status_code == 401


def test_a_key_ends_with_its_person(api, editor):
    calls = api(editor)
    editor.is_active = False
    editor.save()
    assert calls.get(SHOW).status_code == 401


def test_a_key_may_do_no_more_than_its_person_nor_than_its_role(api, viewer, admin):
    for calls in (api(viewer, Role.ADMIN), api(admin, Role.VIEWER)):
        answer = calls.post("/v3/user/remove/editor")
        assert (answer.status_code, answer.json()["message"]) == (403, "This needs the role admin.")


def test_the_last_use_is_noted_once_a_minute(api, editor, django_assert_num_queries):
    calls = api(editor)
    calls.get(SHOW)
    first = ApiKey.objects.get().last_used_at
    with django_assert_num_queries(1):
        calls.get(SHOW)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    calls.get(SHOW)
    assert ApiKey.objects.get().last_used_at > first


def ways(api, path, **params):
    """The same call in each way that clients send parameters."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    yield api.post(path, **params)
    yield api.client.post(path, params, headers=api.headers)  # multipart/form-data
    yield api.post(path, json=json.dumps(params))
    yield api.post(f"{path}?{query}", json="{}")


def test_parameters_are_read_in_each_way(api, admin, viewer):
    for n, answer in enumerate(ways(api(admin), "/v3/user/email/change/viewer", email="new@example.com")):
        assert answer.json() == {"name": "viewer", "email": "new@example.com"}, n


def test_a_post_without_a_body_is_a_post_without_parameters(api, admin):
    calls = api(admin)
    answer = calls.client.generic("POST", "/v3/user/apikey/add/admin", headers=calls.headers, content_type="")
    assert api_keys.SHAPE.fullmatch(answer.json()["apikey"])


@pytest.mark.parametrize("body", ["{", "[]", '"a"', "[" * 100_000, '{"n": NaN}', '{"n": ' + "1" * 5000 + "}"])
def test_json_that_is_no_object_is_400(api, admin, body):
    answer = api(admin).post("/v3/user/email/change/admin", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")


def test_a_bad_parameter_is_422_and_names_itself(api, admin):
    answer = api(admin).post("/v3/user/email/change/admin", email="")
    assert (answer.status_code, answer.json()["details"]) == (422, {"email": ["is required"]})


@pytest.mark.parametrize("path", ["/v3/no/such", "/v4/x", "/api/nothing", "/v3/", "/v3", "/v3/a%0Ab"])
def test_what_is_not_served_is_404_in_json(path):
    assert Client().get(path).json()["status_code"] == 404


def test_another_method_is_405(api, editor):
    answer = api(editor).post(SHOW)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_a_body(api, editor):
    calls = api(editor)
    answer = calls.client.head(SHOW, headers=calls.headers)
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_answer_is_kept_nowhere(api, editor):
    for answer in (api(editor).get(SHOW), api(None).get(SHOW)):
        assert answer["Cache-Control"] == "no-store"


def test_a_401_says_how_to_be_known(api):
    assert api(None).get(SHOW)["WWW-Authenticate"] == "TD1"


def test_the_trail_tells_which_key_did_it(api, admin):
    calls = api(admin)
    calls.post("/v3/user/email/change/admin", email="new@example.com")
    entry = AuditEntry.objects.get(action="user.update")
    assert (entry.user, entry.api_key) == (admin, f"{calls.key[:8]}…")


def test_nul_in_a_path_is_404(api, admin):
    assert api(admin).post("/v3/user/remove/a%00b").status_code == 404


def test_what_fails_unforeseen_is_500_without_a_traceback(api, editor, monkeypatch):
    monkeypatch.setattr("api.views.account.utc", lambda moment: 1 / 0)
    answer = api(editor).get(SHOW)
    assert (answer.status_code, "Traceback" in answer.content.decode()) == (500, False)


def test_every_endpoint_but_three_needs_a_key():
    free = {"/v3/system/server_status", "/v3/user/authenticate", "/api/openapi.json"}
    assert {e.path for e in ENDPOINTS if not e.role} == free


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.role], ids=lambda e: f"{e.method} {e.path}")
def test_without_a_key_or_with_an_unknown_one_nothing_is_done(endpoint):
    path = endpoint.path.replace("{", "").replace("}", "")
    for headers in ({}, {"Authorization": f"TD1 1/{'0' * 40}"}):
        assert Client().generic(endpoint.method, path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("param", "value", "says"),
    [
        (Param("n", "integer", minimum=-2, maximum=2), "3", "must be a whole number from -2 to 2; 3 is not"),
        (Param("n", "integer"), "1.5", "must be a whole number"),
        (Param("n", "integer"), True, "must be a whole number"),
        (Param("n", "integer", maximum=2), 3, "must be a whole number of at most 2"),
        (Param("b", "boolean"), "maybe", "must be true or false"),
        (Param("t", choices=("a", "b")), "c", "must be one of a, b"),
        (Param("t", most=3), "abcd", "has 4 characters; at most 3 are allowed"),
        (Param("t"), {"a": 1}, "must be text"),
        (Param("t"), "a\0b", "has characters that cannot be kept"),
        (Param("t"), "\ud800", "has characters that cannot be kept"),
        (Param("o", "object"), "{", "is no valid JSON"),
        (Param("o", "object"), {"a": "\ud800"}, "has characters that cannot be kept"),
        (Param("o", "object"), {"a": "\0"}, "has characters that cannot be kept"),
        (Param("o", "object"), '{"a": NaN}', "is no valid JSON"),
        (Param("o", "object"), [float("inf")], "is no valid JSON"),
        (Param("o", "object"), "[" * 100_000, "is no valid JSON"),
        (Param("o", "object", most=9), [1, 2, 3, 4], "has 12 characters; at most 9 are allowed"),
    ],
)
def test_what_a_parameter_refuses(param, value, says):
    with pytest.raises(ApiError) as raised:
        param.clean(value)
    assert (raised.value.status, says in raised.value.message) == (422, True)


@pytest.mark.parametrize(
    ("param", "value", "clean"),
    [
        (Param("n", "integer", default=7), "", 7),
        (Param("n", "integer"), "-2", -2),
        (Param("n", "integer"), 5.0, 5),
        (Param("b", "boolean"), "True", True),
        (Param("b", "boolean"), "0", False),
        (Param("t"), 5, "5"),
        (Param("o", "object"), '{"a": 1}', {"a": 1}),
        (Param("o", "object"), [1], [1]),
        (Param("o", "object"), ["\\u0000"], ["\\u0000"]),  # six characters, and no NUL
    ],
)
def test_what_a_parameter_is_read_as(param, value, clean):
    assert param.clean(value) == clean


def test_a_client_of_nobody_has_no_key():
    assert Api("").headers == {}
