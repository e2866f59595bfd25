"""People, their roles, and the audit trail."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What a person may do; each role includes the ones before it."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"


class User(AbstractUser):
    """A person who signs in. A superuser counts as admin."""

    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    def may(self, role: str) -> bool:
        """Whether this person has `role` or a higher one."""
        order = Role.values
        mine = Role.ADMIN if self.is_superuser else self.role
        return self.is_active and order.index(mine) >= order.index(role)

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        words = self.display_name.split()
        return (words[0][:1] + words[-1][:1]).upper() if len(words) > 1 else self.display_name[:2].upper()


class AuditEntry(models.Model):
    """Who did what to which thing, and when. Names are kept as text, so that an entry outlives what it tells of."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    user_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60, db_index=True)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    details: Any = models.JSONField(default=dict)
    ip_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.user_name} {self.action} {self.target_name}"
