"""Authentications: saved connections to a destination, or to a source of rows."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations import secrets
from integrations.catalog import AnyConnector, any_connector, connector
from integrations.declared import Source
from integrations.spec import Connector

USER = settings.AUTH_USER_MODEL


class AuthenticationQuerySet(models.QuerySet["Authentication"]):
    def saved(self) -> "AuthenticationQuerySet":
        """Without the inline ones: those that people made, can choose, and change."""
        return self.filter(inline=False)


class Authentication(models.Model):
    """Settings and secrets for one destination or source, referred to by name. Secrets are only in `encrypted`.

    An `inline` one was given with a result through the API, see `integrations.inline`: it is never listed. It completes
    or overrides its `base`, if it has one.
    """

    name = models.CharField(max_length=255, unique=True, error_messages={"unique": "This name is taken."})
    connector_key = models.CharField(max_length=40)
    settings: Any = models.JSONField(default=dict)
    encrypted = models.TextField(blank=True, default="")
    secrets_set_at = models.DateTimeField(null=True)
    inline = models.BooleanField(default=False)
    base = models.ForeignKey("self", models.PROTECT, null=True, related_name="completions")
    fingerprint = models.CharField(max_length=64, null=True, unique=True)  # of an inline one: what is in it, keyed
    tested_at = models.DateTimeField(null=True)
    test_ok = models.BooleanField(null=True)
    test_says = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    ENCRYPTED_COLUMNS = ("encrypted",)  # see integrations.secrets

    objects = AuthenticationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="authentication_inline_iff_fingerprint",
                condition=Q(inline=True, fingerprint__isnull=False) | Q(inline=False, fingerprint=None, base=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connector(self) -> AnyConnector:
        return any_connector(self.connector_key)

    @property
    def destination(self) -> Connector:
        """The connector of a destination. Raises KeyError for a source."""
        return connector(self.connector_key)

    @property
    def address(self) -> str:
        """What tells it from others of its connector; of a destination the first setting: "LINE Tag ID 8f2c…b902"."""
        if isinstance(self.connector, Source):
            return self.connector.address(self.settings)
        first = self.connector.settings[0]
        value = str(self.public_settings().get(first.name, ""))
        return f"{first.label} {value if len(value) <= 12 else f'{value[:4]}…{value[-4:]}'}"

    def set_secrets(self, values: dict[str, str], *, at: Any) -> None:
        """Replace the secrets; the caller saves."""
        self.encrypted = secrets.encrypt(values)
        self.secrets_set_at = at

    def public_settings(self) -> dict[str, Any]:
        """The settings that are no secrets, with the base's and then defaults where it has none of its own."""
        if self.base:
            return {**self.base.public_settings(), **self.settings}
        defaults = {s.name: s.default for s in self.connector.settings if s.default is not None}
        return {**defaults, **self.settings}

    def all_settings(self) -> dict[str, Any]:
        """Settings and secrets together, with defaults filled in: for sending only, never for showing.

        Raises SecretUnreadable.
        """
        return {**self.public_settings(), **self.open_secrets()}

    def open_secrets(self) -> dict[str, Any]:
        """The secrets in clear, with the base's where it has none of its own. Raises SecretUnreadable."""
        return {**(self.base.open_secrets() if self.base else {}), **self.own_secrets()}

    def own_secrets(self) -> dict[str, Any]:
        """Without the base's. Raises SecretUnreadable."""
        return secrets.decrypt(self.encrypted)
