"""Every view checks access, and nothing changes by GET: found by walking all URLs, so a new view cannot forget it."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

pytestmark = [pytest.mark.django_db, pytest.mark.page]
OPEN = {"accounts:sign_in", "healthz", "readyz"}  # what strangers may see
BY_TOKEN = {"metrics"}  # for programs: strangers are refused, not sent to sign in
ANSWERS_ALL = {"accounts:sign_out"}  # harmless for everybody


def patterns(resolver, namespace=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield namespace + (entry.name or ""), entry


CALLS = "api:"  # by key, not by session: tests/api/test_serving.py walks them
ALL = sorted((found for found in patterns(get_resolver()) if found[0] != CALLS), key=lambda found: found[0])
NAMES = [name for name, _ in ALL]


def url(name, entry):
    """A URL of this pattern; the things it names need not exist."""
    values = {
        "int": 987654,
        "str": "line_conversion",
        "slug": "line_conversion",
        "uuid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
    }
    kinds = {key: type(c).__name__.removesuffix("Converter").lower() for key, c in entry.pattern.converters.items()}
    return reverse(name, kwargs={key: values[kind.replace("string", "str")] for key, kind in kinds.items()})


@pytest.mark.parametrize(("name", "entry"), ALL, ids=NAMES)
def test_strangers_are_sent_to_sign_in(client, name, entry):
    if name in OPEN | ANSWERS_ALL:
        return
    for send in (client.get, client.post):
        response = send(url(name, entry))
        assert response.status_code in ({403, 405} if name in BY_TOKEN else {302, 405})
        if response.status_code == 302:
            assert response["Location"].startswith("/sign-in")


@pytest.mark.parametrize(("name", "entry"), ALL, ids=NAMES)
def test_a_post_without_its_token_is_refused(admin, name, entry):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(url(name, entry)).status_code in (403, 404, 405)
