"""What is done with authentications: create, change, delete, test. Each is audited here, and no secret gets there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests
from django.conf import settings as site
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import audit
from accounts.models import Role
from integrations import testing, usage
from integrations.catalog import AnyConnector
from integrations.declared import Source
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.spec import Connector, Setting
from integrations.testing import Verdict


class NameTaken(Exception):
    """Another authentication got this name in the meantime."""


class InUse(Exception):
    """It cannot be deleted; `uses` say why."""

    def __init__(self, uses: list[usage.Use]) -> None:
        super().__init__(f"{len(uses)} uses")
        self.uses = uses


@dataclass(frozen=True)
class Tested:
    """A test's result, as kept: `at` in ISO form."""

    at: str
    ok: bool
    says: str

    @classmethod
    def now(cls, verdict: Verdict) -> Self:
        return cls(timezone.now().isoformat(), verdict.ok, verdict.says[:300])


def manager(connector: AnyConnector) -> Role:
    """Who may make, change, test and delete authentications: a source opens other servers to everybody's queries."""
    return Role.ADMIN if connector.is_source else Role.EDITOR


def base_url(connector: Connector) -> str:
    """Where the destination is: the site's setting KEY_API_URL, KEY being the connector's."""
    return str(getattr(site, f"{connector.key.upper()}_API_URL"))


def asked_settings(connector: AnyConnector) -> tuple[Setting, ...]:
    """What an authentication holds: the other settings belong to an export."""
    return connector.settings_of("credentials", "advanced")


def secret_settings(connector: AnyConnector) -> list[Setting]:
    return [s for s in connector.settings if s.kind == "secret"]


def split(connector: AnyConnector, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and secrets apart; only what the connector knows and what has a value."""
    given = {s: values[s.name] for s in connector.settings if values.get(s.name) is not None}
    plain = {s.name: value for s, value in given.items() if s.kind != "secret"}
    return plain, {s.name: value for s, value in given.items() if s.kind == "secret"}


@transaction.atomic
def create(
    *, connector: AnyConnector, name: str, values: Mapping[str, Any], tested: Tested | None, request: HttpRequest
) -> Authentication:
    """Save a new authentication. `values`: settings and secrets together. Raises NameTaken."""
    authentication = Authentication(name=name, connector_key=connector.key, created_by_id=request.user.pk)
    plain, hidden = split(connector, values)
    authentication.settings = plain
    authentication.set_secrets(hidden, at=timezone.now())
    _keep_test(authentication, tested)
    save(authentication)
    audit.record("authentication.create", authentication, request=request, connector=connector.key, set=sorted(values))
    return authentication


@transaction.atomic
def update(
    authentication: Authentication,
    *,
    name: str,
    values: Mapping[str, Any],
    tested: Tested | None = None,
    request: HttpRequest,
) -> list[str]:
    """Save what changed and return its names. Secrets missing in `values` stay as they are. Raises NameTaken.

    `tested`: the result of a test of exactly these values; an older result does not outlive a change of them.
    """
    changed = changes(authentication, values)
    plain, hidden = split(authentication.connector, values)
    if changed:
        authentication.settings = _not_asked(authentication) | plain
        _keep_test(authentication, tested)
    if hidden:
        authentication.set_secrets(_merged(authentication, hidden), at=timezone.now())
    if name != authentication.name:
        changed, authentication.name = ["name", *changed], name
    if changed:
        save(authentication)
        audit.record("authentication.update", authentication, request=request, changed=changed)
    return changed


def changes(authentication: Authentication, values: Mapping[str, Any]) -> list[str]:
    """The names of settings that `values` would change; a secret that is given counts as a change."""
    asked = [s for s in asked_settings(authentication.connector) if s.kind != "secret"]
    old, (new, hidden) = authentication.settings, split(authentication.connector, values)
    differing = {s.name for s in asked if old.get(s.name, s.default) != new.get(s.name, s.default)}
    return sorted(differing | set(hidden))


def delete(authentication: Authentication, *, request: HttpRequest) -> None:
    """Delete it. Raises InUse while something uses it."""
    with transaction.atomic():
        locked = Authentication.objects.select_for_update().get(pk=authentication.pk)
        if uses := usage.uses_of(locked):
            raise InUse(uses)
        audit.record("authentication.delete", locked, request=request, connector=locked.connector_key)
        try:
            locked.completions.all().delete()
            locked.delete()
        except (ProtectedError, RestrictedError) as error:
            raise InUse(usage.uses_of(locked)) from error


def test(authentication: Authentication, *, http: requests.Session, request: HttpRequest) -> Verdict:
    """Test the saved values, keep the result, and return it."""
    try:
        values = authentication.all_settings()
    except SecretUnreadable as error:
        verdict = Verdict(False, str(error), "Enter the credentials again.")
    else:
        verdict = test_values(authentication.connector, values, http=http)
    _keep_test(authentication, Tested.now(verdict))
    # Only these columns, and not `updated_at`: someone may be saving other values at this moment.
    tested = {n: getattr(authentication, n) for n in ("tested_at", "test_ok", "test_says")}
    Authentication.objects.filter(pk=authentication.pk).update(**tested)
    record_test(authentication.connector, verdict, authentication, request=request)
    return verdict


def test_values(connector: AnyConnector, values: Mapping[str, Any], *, http: requests.Session) -> Verdict:
    """Test settings and secrets that need not be saved."""
    if isinstance(connector, Source):
        return testing.check_source(connector, values)
    return testing.check_credentials(connector, values, base_url=base_url(connector), http=http)


def record_test(
    connector: AnyConnector, verdict: Verdict, authentication: Authentication | None = None, *, request: HttpRequest
) -> None:
    details: dict[str, Any] = {"connector": connector.key, "ok": verdict.ok, "status": verdict.status}
    audit.record("authentication.test", authentication, request=request, **details)


def send_test_event(
    authentication: Authentication, *, key: str, http: requests.Session, request: HttpRequest
) -> Verdict:
    """Send one event that is shown but not counted, with the deduplication key `key`."""
    connector, now = authentication.destination, int(timezone.now().timestamp())
    try:
        values = authentication.all_settings()
    except SecretUnreadable as error:
        return Verdict(False, str(error), "Enter the credentials again.")
    verdict = testing.send_test_event(connector, values, key=key, now=now, base_url=base_url(connector), http=http)
    details: dict[str, Any] = {"ok": verdict.ok, "status": verdict.status, "deduplication_key": key}
    audit.record("authentication.test_event", authentication, request=request, **details)
    return verdict


def save(authentication: Authentication) -> None:
    """Raises NameTaken."""
    try:
        with transaction.atomic():
            authentication.save()
    except IntegrityError as error:
        if Authentication.objects.filter(name=authentication.name).exclude(pk=authentication.pk).exists():
            raise NameTaken(authentication.name) from error
        raise


# --- parts -------------------------------------------------------------------------------------------------------


def _not_asked(authentication: Authentication) -> dict[str, Any]:
    """Saved settings that the form does not ask for."""
    asked = {s.name for s in asked_settings(authentication.connector)}
    return {name: value for name, value in authentication.settings.items() if name not in asked}


def _merged(authentication: Authentication, new: dict[str, str]) -> dict[str, str]:
    """New secrets over the old ones; the old ones are only opened if some of them stay."""
    if {s.name for s in secret_settings(authentication.connector)} <= set(new):
        return new
    return {**authentication.open_secrets(), **new}


def _keep_test(authentication: Authentication, tested: Tested | None) -> None:
    authentication.tested_at = parse_datetime(tested.at) if tested else None
    authentication.test_ok = tested.ok if tested else None
    authentication.test_says = tested.says if tested else ""
