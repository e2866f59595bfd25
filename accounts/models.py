"""People, their roles, and the audit trail."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone


class Role(models.TextChoices):
    """What a person may do; each role includes the ones before it."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"

    @property
    def explanation(self) -> str:
        return EXPLANATIONS[self]


EXPLANATIONS = {
    Role.VIEWER: "Sees queries, jobs and connections, and changes nothing. Personal data stays masked.",
    Role.EDITOR: "Does all that a viewer does, runs queries, sets up exports and connections, and downloads raw rows.",
    Role.ADMIN: "Does all that an editor does, manages users, and reads the audit trail.",
}


class PeopleManager(UserManager["User"]):
    def active_admins(self) -> "models.QuerySet[User]":
        """Those who can manage users now."""
        return self.filter(models.Q(role=Role.ADMIN) | models.Q(is_superuser=True), is_active=True)


class User(AbstractUser):
    """A person who signs in. A superuser counts as admin. One name: not every name has a first and a last part."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    objects = PeopleManager()  # type: ignore[misc]

    def may(self, role: str) -> bool:
        """Whether this person has `role` or a higher one."""
        order = Role.values
        return self.is_active and order.index(self.effective_role) >= order.index(role)

    @property
    def effective_role(self) -> Role:
        return Role.ADMIN if self.is_superuser else Role(self.role)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name or self.username

    @property
    def initials(self) -> str:
        words = self.display_name.split()
        return (words[0][:1] + words[-1][:1]).upper() if len(words) > 1 else self.display_name[:2].upper()


class ApiKey(models.Model):
    """A key with which a program acts for a person. Of the key itself only a digest is kept, and its first letters."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    start = models.CharField(max_length=12)  # tells one key from another
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role.choices)  # as far as the person has it too
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        return f"{self.start}…"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and not self.expired

    @property
    def state(self) -> str:
        """ "active", "revoked", "expired", or "off" while its person is deactivated."""
        if self.revoked_at:
            return "revoked"
        if self.expired:
            return "expired"
        return "active" if self.user.is_active else "off"

    @property
    def effective_role(self) -> Role:
        """The lower one of the key's role and its person's."""
        return min(Role(self.role), self.user.effective_role, key=Role.values.index)

    def may(self, role: str) -> bool:
        """Whether both the key and its person have `role` or a higher one."""
        return self.user.is_active and Role.values.index(self.effective_role) >= Role.values.index(role)


class AuditEntry(models.Model):
    """Who did what to which thing, and when. Names are kept as text, so that an entry outlives what it tells of.

    `user_name` is "console" for what the console does itself, and empty for someone who is not signed in. `api_key` is
    the beginning of the key with which a program did it for the person.
    """

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    user_name = models.CharField(max_length=150)
    api_key = models.CharField(max_length=13, blank=True)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    details: Any = models.JSONField(default=dict)
    ip_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        # One for each way to read the trail a page at a time: all of it, of a person, of an action.
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["user", "-at", "-id"], name="audit_by_user"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.user_name} {self.action} {self.target_name}"

    @property
    def words(self) -> str:
        return in_words(self.action)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The details as (label, text), to be read by people."""
        return [(label(key), as_text(value)) for key, value in self.details.items()]


def label(key: str) -> str:
    return re.sub(r"^Api\b", "API", key.replace("_", " ").capitalize())


def in_words(action: str) -> str:
    """What an action is called on the page: "user.set_password" → "User: set password"."""
    thing, _, deed = action.partition(".")
    return f"{label(thing)}: {label(deed).lower()}" if deed else label(thing)


def as_text(value: Any) -> str:
    """A detail for people: `{"from": a, "to": b}` is a change."""
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case {"from": before, "to": after, **rest} if not rest:
            return f"{as_text(before)} → {as_text(after)}"
        case dict():
            return ", ".join(f"{label(key).lower()} {as_text(item)}" for key, item in value.items()) or "–"
        case list():
            return ", ".join(map(as_text, value)) or "–"
    return str(value)
