"""The audit trail: one function writes it."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from accounts.models import AuditEntry


def record(
    action: str,
    target: Model | None = None,
    *,
    request: HttpRequest | None = None,
    user: Any = None,
    name: str = "",
    **details: Any,
) -> AuditEntry:
    """Write one entry. `action` reads like "authentication.create"; `details` must hold no secret and no personal data.

    Who: `user`, else `request.user`; without a request it is the console itself (management commands).
    """
    person = user or signed_in(request)
    key = getattr(request, "api_key", None)
    return AuditEntry.objects.create(
        user=person,
        user_name=person.get_username() if person else "" if request else "console",
        api_key=key.masked if key else "",
        action=action,
        target_kind=target._meta.model_name or "" if target else "",
        target_id=str(target.pk) if target else "",
        target_name=(name or str(target) if target else name)[:255],
        details=details,
        ip_address=request.META.get("REMOTE_ADDR") or None if request else None,
    )


def signed_in(request: HttpRequest | None) -> Any:
    """Who sends this request. → the user, or None."""
    user = getattr(request, "user", None)
    return user if user and user.is_authenticated else None
