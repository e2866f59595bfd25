"""What a call brings along: its key, and its parameters in any of the four ways that clients send them."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from accounts import api_keys
from accounts.models import ApiKey
from api.errors import ApiError

MOST_JSON = 20_000_000  # bytes


def key_of(request: HttpRequest) -> ApiKey:
    """Who calls: `Authorization: TD1 KEY`, `Bearer KEY` or the key alone. Raises ApiError 401."""
    given = request.headers.get("Authorization", "").split()
    if not given:
        raise ApiError(401, "Give an API key: Authorization: TD1 YOUR_KEY.", WWW_Authenticate="TD1")
    found = api_keys.find(given[-1]) if len(given) == 1 or given[0].lower() in ("td1", "bearer") else None
    if found is None:
        raise ApiError(401, "This API key is not valid, has expired, or was revoked.", WWW_Authenticate="TD1")
    api_keys.seen(found)
    return found


def parameters(request: HttpRequest) -> dict[str, Any]:
    """Those of the query string, and over them those of the body: JSON, urlencoded or multipart. Raises ApiError."""
    found: dict[str, Any] = dict(request.GET.items())
    if request.method != "GET":
        found |= _of_body(request)
    return found


def _of_body(request: HttpRequest) -> Mapping[str, Any]:
    kind = request.content_type or ""
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return _json(request)
        if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return dict(request.POST.items())
    except UnreadablePostError as error:
        raise ApiError(400, "The body ended too early.") from error
    except MultiPartParserError as error:
        raise ApiError(400, f"The body is no valid multipart/form-data: {error}") from error
    except (RequestDataTooBig, TooManyFieldsSent) as error:
        raise ApiError(413, "The parameters are too large.") from error
    return {}


def _json(request: HttpRequest) -> Mapping[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > MOST_JSON:
        raise ApiError(413, f"The body is larger than {MOST_JSON:,} bytes.")
    try:
        data = json.loads(request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"The body is no valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return data
