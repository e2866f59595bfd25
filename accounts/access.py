"""Who may open what: one decorator for every page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Role

View = Callable[..., HttpResponseBase]
LARGEST = 2**63 - 1  # what a database holds as an integer


def requires(role: str) -> Callable[[View], View]:
    """Signed in, and with at least `role`; otherwise the sign-in page or 403. An address with a NUL, or with a number
    that no database has, leads nowhere."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not request.user.may(role):
                raise PermissionDenied(f"This needs the role {Role(role).label.lower()}.")
            if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
                raise Http404("The address holds a NUL.")  # PostgreSQL refuses even to look for such a text
            if any(isinstance(one, int) and one > LARGEST for one in kwargs.values()):
                raise Http404("The address holds a number that is none of a row.")
            return view(request, *args, **kwargs)

        return checked

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way to the sign-in page and back; for htmx as a header, or the sign-in page would land inside the page."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect_to_login(request.get_full_path())
    return HttpResponseClientRedirect(redirect_to_login(request.htmx.current_url_abs_path or "/").url)  # type: ignore[attr-defined]


viewer = requires(Role.VIEWER)
editor = requires(Role.EDITOR)
admin = requires(Role.ADMIN)
