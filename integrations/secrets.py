"""Encryption at rest: Fernet, with keys from CREDENTIAL_KEYS. The first key encrypts, every key decrypts.

A model that keeps such text names its columns in `ENCRYPTED_COLUMNS`, a tuple of field names: that is how
`rotate_credentials` finds them.
"""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SecretUnreadable(Exception):
    """None of the keys in CREDENTIAL_KEYS opens this value, or it is older than allowed."""


UNREADABLE = "None of the keys in CREDENTIAL_KEYS opens this secret."


def _fernet() -> MultiFernet:
    return MultiFernet([_key(number, text) for number, text in enumerate(settings.CREDENTIAL_KEYS, 1)])


def _key(number: int, text: str) -> Fernet:
    try:
        return Fernet(text)
    except ValueError:
        message = f"Key {number} of CREDENTIAL_KEYS is not a Fernet key (32 bytes as URL-safe base64)."
        raise ImproperlyConfigured(message) from None


def encrypt(values: dict[str, Any]) -> str:
    """A dict of secrets → text to keep."""
    return _fernet().encrypt(json.dumps(values).encode()).decode()


def decrypt(text: str, *, max_age: int | None = None) -> dict[str, Any]:
    """The text kept by `encrypt` → the dict. Empty text is an empty dict.

    `max_age`: seconds since `encrypt` after which it counts as unreadable. Raises SecretUnreadable.
    """
    if not text:
        return {}
    try:
        values: dict[str, Any] = json.loads(_fernet().decrypt(text.encode(), ttl=max_age))
    except InvalidToken as error:
        raise SecretUnreadable(UNREADABLE) from error
    return values


def rotate(text: str) -> str:
    """The same secret, encrypted with the first key, its age kept. Raises SecretUnreadable."""
    if not text:
        return text
    try:
        return _fernet().rotate(text.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(UNREADABLE) from error
