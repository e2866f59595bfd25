"""The secrets of a project: written by people, read by operators alone, masked wherever text is shown."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts import audit
from accounts.models import User
from integrations.secrets import decrypt, encrypt
from workflows.models import Project, Secret

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254}")
LONGEST = 10_000
PLACE = re.compile(r"\$\{\s{0,100}+secret:([^}]{0,300}+)\}")  # possessive: texts may be long
OTHER = re.compile(r"\$\{\s{0,100}+([a-z]{1,100}+):[^}]{0,1000}+\}")
MASK = "••••••"
SHORTEST_MASKED = 4  # characters: shorter values stand in many a text by chance


class SecretMissing(LookupError):
    """The project has no secret `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The project has no secret “{key}”.")
        self.key = key


def problem(key: str, value: str) -> str:
    """Why this cannot be kept, with what is allowed; "" if it can."""
    if not KEY.fullmatch(key):
        return "A key has letters, digits, and . _ - behind the first; up to 255 characters."
    if not value:
        return "A secret cannot be empty."
    if len(value) > LONGEST or "\0" in value:
        return f"A secret has at most {LONGEST:,} characters, none of them NUL."
    return ""


def keep(project: Project, key: str, value: str, *, user: User, request: HttpRequest | None = None) -> Secret:
    """Write a secret, over one that the key had. `request`: for the audit trail."""
    values = {"encrypted": encrypt({"value": value}), "updated_by": user}
    secret, made = Secret.objects.update_or_create(project=project, key=key, defaults=values)
    deed = "workflow_secret.create" if made else "workflow_secret.replace"
    audit.record(deed, secret, request=request, user=user, project=project.name)
    return secret


def remove(project: Project, key: str, *, user: User, request: HttpRequest | None = None) -> bool:
    """→ whether there was one."""
    gone, _ = Secret.objects.filter(project=project, key=key).delete()
    if gone:
        audit.record("workflow_secret.delete", request=request, user=user, name=key, project=project.name)
    return bool(gone)


def named(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The keys of `${secret:key}` in these files, each with the files that name it."""
    found: dict[str, list[str]] = {}
    for path, text in sorted(texts.items()):
        for key in dict.fromkeys(match[1].strip() for match in PLACE.finditer(text)):
            found.setdefault(key, []).append(path)
    return dict(sorted(found.items()))


def fill(value: Any, project: int) -> Any:
    """A text, list or map with each `${secret:key}` replaced. Raises SecretMissing, SecretUnreadable."""
    return _filled(value, _Read(project))


class _Read:
    def __init__(self, project: int) -> None:
        self.project = project

    def __getitem__(self, key: str) -> str:
        found = Secret.objects.filter(project=self.project, key=key).first()
        if found is None:
            raise SecretMissing(key)
        return str(decrypt(found.encrypted)["value"])


def _filled(value: Any, read: _Read) -> Any:
    if isinstance(value, str):
        return PLACE.sub(lambda found: read[found[1].strip()], value)
    if isinstance(value, Mapping):
        return {key: _filled(one, read) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, read) for one in value]
    return value


def other_word(value: str) -> str | None:
    """The first `${word:…}` in a text that is no secret, which no operator reads; None without one."""
    return next((found[0] for found in OTHER.finditer(value) if found[1] != "secret"), None)


def masked(text: str, project: int) -> str:
    """The text without the values of the project's secrets."""
    for secret in Secret.objects.filter(project=project):
        value = str(decrypt(secret.encrypted)["value"])
        if len(value) >= SHORTEST_MASKED:
            text = text.replace(value, MASK)
    return text
