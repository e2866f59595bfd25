"""What was entered but is not saved yet, kept in the session between two pages: encrypted, and for an hour only."""

import secrets as random
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from integrations import secrets

LIFETIME = 3600  # seconds
KEPT = 5  # drafts of a session, so that several tabs can be open
SESSION_KEY = "authentication_drafts"

Session = MutableMapping[str, Any]


@dataclass
class Draft:
    """Settings and secrets that a form gave, and what a test of exactly these came to (see `Tested`).

    `purpose` says what the draft is for, so that it serves for nothing else.
    """

    purpose: str
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    tested: dict[str, Any] | None = None


def save(session: Session, draft: Draft, key: str = "") -> str:
    """Keep the draft in place of the one under `key`, or as a new one. Returns its key."""
    others = {k: text for k, text in session.get(SESSION_KEY, {}).items() if k != key and _read(text)}
    key = key or random.token_urlsafe(9)
    text = secrets.encrypt({"purpose": draft.purpose, "values": draft.values, "tested": draft.tested})
    session[SESSION_KEY] = {**dict(list(others.items())[1 - KEPT :]), key: text}
    return key


def load(session: Session, key: str, purpose: str) -> Draft | None:
    """The draft under `key`; None if there is none, if it is for something else, or older than an hour."""
    data = _read(session.get(SESSION_KEY, {}).get(key, ""))
    return Draft(**data) if data and data["purpose"] == purpose else None


def drop(session: Session, key: str) -> None:
    session[SESSION_KEY] = {k: text for k, text in session.get(SESSION_KEY, {}).items() if k != key}


def _read(text: str) -> dict[str, Any]:
    try:
        return secrets.decrypt(text, max_age=LIFETIME)
    except secrets.SecretUnreadable:
        return {}
