"""Pages of which htmx asks for parts."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


def is_partial(request: HttpRequest) -> bool:
    """htmx asks for a part of the page, but for all of it when someone goes back."""
    return bool(request.htmx and not request.htmx.history_restore_request)  # type: ignore[attr-defined]


def vary(response: HttpResponse) -> HttpResponse:
    """One address has two answers, and neither is to be kept."""
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "no-store"
    return response
