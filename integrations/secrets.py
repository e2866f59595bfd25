"""Encryption at rest: Fernet, with keys from CREDENTIAL_KEYS. The first key encrypts, every key decrypts."""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretUnreadable(Exception):
    """None of the keys in CREDENTIAL_KEYS opens this value."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def encrypt(values: dict[str, Any]) -> str:
    """A dict of secrets → text to keep."""
    return _fernet().encrypt(json.dumps(values).encode()).decode()


def decrypt(text: str) -> dict[str, Any]:
    """The text kept by `encrypt` → the dict. Empty text is an empty dict. Raises SecretUnreadable."""
    if not text:
        return {}
    try:
        values: dict[str, Any] = json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken as error:
        raise SecretUnreadable("None of the keys in CREDENTIAL_KEYS opens this secret.") from error
    return values


def rotate(text: str) -> str:
    """The same secret, encrypted with the first key. Raises SecretUnreadable."""
    return encrypt(decrypt(text)) if text else text
