"""People, their keys, the API, and the pages of the console itself."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from accounts.audit import record
from accounts.models import Role, User
from tests.browser.samples.page import Page
from tests.conftest import person


def a_user():
    return reverse("accounts:user", args=[person("kenji", Role.VIEWER).pk])


def some_keys():
    """Of the reader: one in use, one that has expired, one that was revoked. → the first."""
    reader, past = User.objects.get(), timezone.now() - timedelta(days=1)
    first, _ = api_keys.create(reader, name="Nightly export on the batch host", expires_at=past + timedelta(days=90))
    api_keys.create(reader, name="Old", expires_at=past)
    api_keys.revoke(api_keys.create(reader, name="Lost")[0])
    return first


def a_deactivated_user():
    kenji = person("kenji", Role.EDITOR)
    kenji.is_active = False
    kenji.save()
    return reverse("accounts:user", args=[kenji.pk])


def a_trail():
    kenji = person("kenji", Role.VIEWER)
    for n in range(60):
        record("user.update", kenji, role={"from": "Viewer", "to": "Editor"}, changed=["name"], number=n)
    return reverse("accounts:audit")


PAGES = [
    Page("sign in", "/sign-in", None),
    Page("my settings", "/settings", Role.VIEWER),
    Page("users", "/users", Role.ADMIN),
    Page("new user", "/users/new", Role.ADMIN),
    Page("settings with keys", lambda: some_keys() and "/settings", Role.VIEWER),
    Page("new key", "/settings/api-keys/new", Role.ADMIN),
    Page("revoke a key", lambda: f"/settings/api-keys/{some_keys().pk}/revoke", Role.ADMIN),
    Page("API", "/api/docs", Role.VIEWER),
    Page("API, calls that were looked for", "/api/docs?q=add+viewer", Role.VIEWER),
    Page("API, nothing found", "/api/docs?q=nothing-has-this-name", Role.VIEWER),
    Page("user with keys", lambda: reverse("accounts:user", args=[some_keys().user_id]), Role.ADMIN),
    Page("user", a_user, Role.ADMIN),
    Page("deactivated user", a_deactivated_user, Role.ADMIN),
    Page("audit trail", a_trail, Role.ADMIN),
    Page("audit trail, nothing found", "/audit?target=nothing-has-this-name", Role.ADMIN),
    Page("system, without a cluster", "/system", Role.ADMIN),
    Page("forbidden", "/users", Role.VIEWER),
    Page("not found", "/no-such-page", Role.VIEWER),
    Page("not found, stranger", "/no-such-page", None),
]
