"""Signing in and out, as the audit trail tells it."""

from typing import Any

import axes.signals  # noqa: F401  connects its receivers first: `failed` reads what they counted
from axes.helpers import get_cool_off, get_failure_limit
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from accounts.audit import record
from accounts.models import User


def listen() -> None:
    """Called once, when the apps are ready."""
    user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    user_login_failed.connect(failed)


def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record("sign_in", request=request, user=user)


def signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user:
        record("sign_out", request=request, user=user)


def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """One entry for each wrong password, and one when throttling begins.

    What is tried while throttled is not checked at all, and would flood the trail.
    """
    failures, limit = getattr(request, "axes_failures_since_start", None) or 0, get_failure_limit(request, credentials)
    if request and failures <= limit:
        record_stranger("sign_in.failed", request, credentials.get("username"))
    if request and failures == limit:
        record_stranger("sign_in.throttled", request, credentials.get("username"))


def wait(request: HttpRequest) -> int:
    """Seconds that no password is taken after too many wrong ones. An attempt before then starts the wait again."""
    cool_off = get_cool_off(request)
    return int(cool_off.total_seconds()) if cool_off else 0


def record_stranger(action: str, request: HttpRequest, username: str | None) -> None:
    """About the person of that username. A name that nobody has is not kept: it may be a mistyped password."""
    person = User.objects.filter(username=(username or "").replace("\0", "")).first()
    record(action, person, request=request, name="" if person else "an unknown username")
