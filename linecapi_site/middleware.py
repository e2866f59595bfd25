"""Where a request comes from, when proxies stand in front."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


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
