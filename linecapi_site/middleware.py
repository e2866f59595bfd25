"""Where a request comes from, when proxies stand in front, and the name under which log lines speak of it."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from linecapi_site.logs import REQUEST

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """A name for each request: the proxy's X-Request-ID where one is trusted, or a new one. The answer has it too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        name = given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex
        REQUEST.set(name)  # until the thread's next request: Django logs how this one ended after all middleware
        response = self.get_response(request)
        response["X-Request-ID"] = name
        return response


class RealAddress:
    """Sets REMOTE_ADDR to the address that the outermost trusted proxy saw.

    Each proxy appends to X-Forwarded-For; only the last TRUSTED_PROXIES entries can be believed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        trusted = settings.TRUSTED_PROXIES
        if trusted and len(seen) >= trusted:
            request.META["REMOTE_ADDR"] = seen[-trusted]
        return self.get_response(request)
