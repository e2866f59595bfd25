"""Who may open what: one decorator for every view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import Role

View = Callable[..., HttpResponse]


def requires(role: str) -> Callable[[View], View]:
    """Signed in, and with at least `role`; otherwise the sign-in page or 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.may(role):  # type: ignore[union-attr]
                raise PermissionDenied(f"This needs the role {Role(role).label.lower()}.")
            return view(request, *args, **kwargs)

        return login_required(checked)

    return decorate


viewer = requires(Role.VIEWER)
editor = requires(Role.EDITOR)
admin = requires(Role.ADMIN)
