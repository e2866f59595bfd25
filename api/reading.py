"""What a call brings along: its key, and its parameters in any of the four ways that clients send them."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from accounts import api_keys
from accounts.models import ApiKey
from api.declared import parse_json
from api.errors import ApiError

MOST_JSON = 20_000_000  # bytes
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def key_of(request: HttpRequest) -> ApiKey:
    """Who calls: `Authorization: TD1 KEY`, `Bearer KEY` or the key alone. Raises ApiError 401."""
    given = request.headers.get("Authorization", "").split()
    if not given:
        raise ApiError(401, "Give an API key: Authorization: TD1 YOUR_KEY.")
    found = api_keys.find(given[-1]) if len(given) == 1 or given[0].lower() in ("td1", "bearer") else None
    if found is None:
        raise ApiError(401, "This API key is not valid, has expired, or was revoked.")
    api_keys.seen(found)
    return found


def of_address(request: HttpRequest) -> dict[str, Any]:
    """The parameters of the query string alone. Raises ApiError."""
    try:
        return dict(request.GET.items())
    except TooManyFieldsSent as error:
        raise ApiError(413, "These are too many parameters.") from error
    except (BadRequest, SuspiciousOperation) as error:
        raise ApiError(400, str(error)) from error


def parameters(request: HttpRequest) -> dict[str, Any]:
    """Those of the query string, and over them those of the body: JSON, urlencoded or multipart. Raises ApiError."""
    try:
        found: dict[str, Any] = dict(request.GET.items())
        return found if request.method in ("GET", "HEAD") else {**found, **_of_body(request)}
    except UnreadablePostError as error:
        raise ApiError(400, "The body ended too early.") from error
    except MultiPartParserError as error:
        raise ApiError(400, f"The body is no valid multipart/form-data: {error}") from error
    except RequestDataTooBig as error:
        raise ApiError(413, "The form is too large; JSON may be larger.") from error
    except TooManyFieldsSent as error:
        raise ApiError(413, "These are too many parameters.") from error
    except (BadRequest, SuspiciousOperation) as error:
        raise ApiError(400, str(error)) from error


def _of_body(request: HttpRequest) -> Mapping[str, Any]:
    kind = request.content_type or ""
    if kind == "application/json" or kind.endswith("+json"):
        return _json(request)
    if kind in FORMS and request.method == "POST":
        return dict(request.POST.items())
    if length(request):
        raise ApiError(415, f"Send the parameters as application/json, {' or '.join(FORMS)}.")
    return {}


def length(request: HttpRequest) -> int:
    """How long the body is said to be, in bytes; 0 where Django reads none. Raises ApiError 411 for one in chunks."""
    if "Transfer-Encoding" in request.headers:
        raise ApiError(411, "Send the body with its Content-Length, not in chunks.")
    text = request.headers.get("Content-Length") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _json(request: HttpRequest) -> Mapping[str, Any]:
    if length(request) > MOST_JSON:
        raise ApiError(413, f"The body is larger than {MOST_JSON:,} bytes.")
    try:
        data = parse_json(request.read() or b"{}")
    except ValueError as error:
        raise ApiError(400, f"The body is no valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return data
