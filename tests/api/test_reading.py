"""Bodies and query strings that are broken, too large, or in a form that is not read."""

import pytest
from werkzeug.test import Client

pytestmark = pytest.mark.django_db
CHANGE = "/v3/user/email/change/admin"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def send(api, admin):
    """`send(body, content_type, **headers)` → (status, message)."""
    calls = api(admin)

    def post(body, content_type, path=CHANGE, **extra):
        answer = calls.client.generic("POST", path, body, content_type, headers=calls.headers, **extra)
        return answer.status_code, answer.json().get("message")

    return post


@pytest.fixture
def send_to_server(api, admin, application):
    """`send_to_server(body, content_type, query)` → status, through the very entry point that gunicorn calls."""
    server, headers = Client(application), api(admin).headers

    def post(body, content_type, query=""):
        return server.post(
            CHANGE, data=body, content_type=content_type, query_string=query, headers=headers
        ).status_code

    return post


def test_a_body_in_chunks_is_refused_rather_than_not_read(send):
    says = "Send the body with its Content-Length, not in chunks."
    assert send(b"", FORM, HTTP_TRANSFER_ENCODING="chunked") == (411, says)


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", ""])
def test_a_body_of_a_kind_that_is_not_read_is_415(send, kind):
    assert send(b"email=a@example.com", kind)[0] == 415


@pytest.mark.parametrize("length", ["20000001", "99999999999"])
def test_json_that_is_too_large_is_413_before_it_is_read(send, length):
    assert send(b"{}", "application/json", CONTENT_LENGTH=length) == (413, "The body is larger than 20,000,000 bytes.")


@pytest.mark.parametrize("length", ["abc", "²", "-1"])
def test_a_length_that_is_no_number_is_none(send, length):
    assert send(b"{}", "application/json", CONTENT_LENGTH=length)[0] in (400, 422)


def test_a_form_that_is_too_large_is_413(send):
    assert send(b"email=" + b"a" * 3_000_000, FORM) == (413, "The form is too large; JSON may be larger.")


def test_too_many_parameters_are_413(send, settings):
    many = "&".join(f"a{n}=1" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    assert send(many.encode(), FORM) == (413, "These are too many parameters.")
    assert send(b"", FORM, path=f"{CHANGE}?{many}") == (413, "These are too many parameters.")


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x", "application/json"])
@pytest.mark.parametrize("charset", ["=utf-16", "=hex", "=shift_jis", "=no-such", "=a\0b", "*=no-such''%41"])
def test_a_charset_changes_nothing(send_to_server, kind, charset):
    assert send_to_server("email=日&x=%FF".encode(), f"{kind}; charset{charset}", "y=%FF") in (400, 415, 422)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=é", "; boundary=" + "a" * 300])
def test_multipart_without_its_boundary_is_400(send, boundary):
    assert send(b"--x--", f"multipart/form-data{boundary}")[0] in (400, 422)


def test_too_many_files_among_the_parameters_are_400(send):
    part = '--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n'
    assert send((part * 101 + "--x--\r\n").encode(), "multipart/form-data; boundary=x")[0] == 400
