"""What unmodified clients need before a URL is looked up."""

import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneSlash:
    """Lets `//v3/…` be `/v3/…`: so td-client for Python asks when its endpoint has no slash at the end. And lets
    `/api/…/` be `/api/…`, as digdag does: tdworkflow asks for secrets so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith("//"):
            request.path_info = re.sub(r"^/+", "/", request.path_info)
            request.path = re.sub(r"^/+", "/", request.path)
        if request.path_info.startswith("/api/") and request.path_info.endswith("/"):
            request.path_info, request.path = request.path_info.rstrip("/"), request.path.rstrip("/")
        return self.get_response(request)
