"""Keys for the API: shaped as Treasure Data's, `1/` and 40 lower-case hexadecimal digits, shown once, kept as a digest.

A key needs no slow hash: its 160 random bits cannot be guessed.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, Role, User

ACCOUNT = 1  # one console is one account
SHAPE = re.compile(r"[1-9][0-9]*/[0-9a-f]{40}")
SEEN_EVERY = timedelta(minutes=1)  # how exactly the last use is known


@transaction.atomic
def create(
    user: User,
    *,
    name: str,
    role: str | None = None,
    expires_at: datetime | None = None,
    request: HttpRequest | None = None,
) -> tuple[ApiKey, str]:
    """-> (its row, the key itself, which nobody can show again). `role` None: whatever the person has by then."""
    key = f"{ACCOUNT}/{secrets.token_hex(20)}"
    row = ApiKey.objects.create(
        user=user,
        name=name,
        start=key[:8],
        digest=_digest(key),
        role=role or Role.ADMIN,
        expires_at=expires_at,
    )
    acting = audit.signed_in(request) or (user if request else None)
    audit.record("api_key.create", row, request=request, user=acting, owner=user.username, role=row.role)
    return row, key


def find(key: str) -> ApiKey | None:
    """The row of a key that can be used now."""
    if not SHAPE.fullmatch(key):
        return None
    row = ApiKey.objects.select_related("user").filter(digest=_digest(key)).first()
    return row if row and row.usable and row.user.is_active else None


def seen(row: ApiKey) -> None:
    """Note that it was used: once a minute, so that reading does not become writing."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
    if row.last_used_at is None or row.last_used_at < now - SEEN_EVERY:
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


@transaction.atomic
def revoke(row: ApiKey, *, request: HttpRequest | None = None) -> bool:
    """End a key for good. False: it was revoked before."""
    if not ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    audit.record("api_key.revoke", row, request=request, owner=row.user.username)
    return True


def in_use(user: User) -> "list[ApiKey]":
    """The keys of a person that can be used now, the newest first."""
    return split(user)[0]


def split(user: User) -> "tuple[list[ApiKey], list[ApiKey]]":
    """-> (those that are neither revoked nor expired, those that are), the newest first."""
    keys = list(ApiKey.objects.select_related("user").filter(user=user))
    return [key for key in keys if key.usable], [key for key in keys if not key.usable]


def is_it(row: ApiKey, key: str) -> bool:
    """Whether `key` is this very key."""
    return secrets.compare_digest(row.digest, _digest(key))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
