"""Sources in the Integrations Hub: the same pages as for destinations, and only admins make them."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from integrations.models import Authentication
from tests.integrations.test_sources import make
from tests.sources import PASSWORD
from warehouse.engines.postgresql import PostgreSQLEngine

CATALOG = "/integrations/catalog"
STEP_1 = f"{CATALOG}/postgresql/authentication"
LIST = "/integrations/authentications"


@pytest.fixture
def client(as_user, admin):
    return as_user(admin)


@pytest.fixture
def shop(db, postgresql):
    settings = postgresql.settings()
    return make("shop", "postgresql", settings, {"password": settings.pop("password")})


def draft_of(response):
    return re.search(r'name="draft" value="([^"]*)"', response.content.decode())[1]


def test_an_admin_makes_a_source_on_the_way_known_from_destinations(client, admin, postgresql):
    page = client.get(STEP_1).content.decode()
    assert "CREATE ROLE console_reader" in page and "the host and port entered here" in page
    response = client.post(STEP_1, postgresql.settings(), follow=True)
    assert ">Done</button>" in response.content.decode() and PASSWORD not in response.content.decode()
    response = client.post(f"{STEP_1}/name", {"name": "shop", "draft": draft_of(response)})
    assert response["Location"] == reverse("integrations:authentications")
    one = Authentication.objects.get()
    assert (one.connector_key, one.created_by) == ("postgresql", admin)
    assert one.open_secrets() == {"password": PASSWORD} and PASSWORD not in str(one.settings)


def test_a_connection_is_tested_before_it_is_saved(client, postgresql):
    page = client.post(STEP_1, {**postgresql.settings(), "test": "1"}).content.decode()
    assert "signed in as &quot;reader&quot;" in page
    page = client.post(STEP_1, {**postgresql.settings(user="test"), "test": "1"}).content.decode()
    assert "is a superuser" in page and PASSWORD not in page
    tests = AuditEntry.objects.filter(action="authentication.test").order_by("pk")
    assert [entry.details["ok"] for entry in tests] == [True, False]


@pytest.mark.parametrize(
    ("entered", "says"),
    [
        ({"host": "a,b"}, "Host must be one host name or address, or the folder"),
        ({"port": "many"}, "Port must be a whole number from 1 to 65535"),
        ({"sslmode": "perhaps"}, "TLS must be one of require, verify-full, prefer, disable"),
        ({"password": ""}, "Password is required"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client, postgresql, entered, says):
    response = client.post(STEP_1, postgresql.settings(**entered))
    assert response.status_code == 422 and says in response.content.decode()


def test_a_choice_is_a_list_with_its_default_chosen(client):
    page = client.get(STEP_1).content.decode()
    assert '<option value="require" selected>Required</option>' in page


def test_its_page_shows_settings_and_no_secret(client, shop):
    page = client.get(f"{LIST}/{shop.pk}").content.decode()
    assert "Off" in page and PASSWORD not in page and "Signs in and looks at what the role may do" in page
    assert "Send a test event" not in page


def test_a_saved_source_is_tested_and_edited(client, shop):
    client.post(f"{LIST}/{shop.pk}/test")
    shop.refresh_from_db()
    assert shop.test_ok and "answered" in shop.test_says
    entered = {**shop.settings, "name": "shop", "password": "", "database": "other"}
    client.post(f"{LIST}/{shop.pk}/edit", entered)
    shop.refresh_from_db()
    assert shop.settings["database"] == "other" and shop.test_ok is None
    assert shop.open_secrets() == {"password": PASSWORD}


def test_an_unused_source_is_deleted(client, shop):
    client.post(f"{LIST}/{shop.pk}/delete")
    assert not Authentication.objects.exists()


def test_a_source_gets_no_test_event_and_no_field_guide(client, shop):
    assert client.post(f"{LIST}/{shop.pk}/test-event").status_code == 404
    assert client.get(f"{CATALOG}/postgresql").status_code == 404


# --- who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["postgresql", "trino", "treasure_data"])
def test_editors_cannot_make_a_source(as_user, editor, key):
    for page in ("", "/name"):
        for send in (as_user(editor).get, as_user(editor).post):
            assert send(f"{CATALOG}/{key}/authentication{page}").status_code == 403


@pytest.mark.parametrize("page", ["/edit", "/delete", "/test"])
def test_editors_cannot_change_test_or_delete_a_source(as_user, editor, shop, page):
    assert as_user(editor).post(f"{LIST}/{shop.pk}{page}", {"name": "mine"}).status_code == 403
    shop.refresh_from_db()
    assert shop.name == "shop" and shop.test_ok is None


def test_editors_see_sources_without_buttons_that_would_fail(as_user, editor, shop, saved):
    client = as_user(editor)
    page = client.get(CATALOG).content.decode()
    assert page.count("Create Authentication") == 1 and page.count("Ask an admin of this console") == 3
    page = client.get(LIST).content.decode()
    assert f"{LIST}/{saved.pk}/edit" in page and f"{LIST}/{shop.pk}/edit" not in page and "shop" in page
    assert "/edit" not in client.get(f"{LIST}/{shop.pk}").content.decode()


def test_an_admin_can_make_each_source(client):
    page = client.get(CATALOG).content.decode()
    assert page.count("Create Authentication") == 4
    assert all(f"{CATALOG}/{key}/authentication" in page for key in ("postgresql", "trino", "treasure_data"))


def test_without_the_driver_the_tile_says_what_to_install(client, monkeypatch):
    monkeypatch.setattr(PostgreSQLEngine, "driver", "no_such_driver")
    page = client.get(CATALOG).content.decode()
    assert page.count("pip install -r requirements-sources.txt") == 1 and STEP_1 not in page


def test_sources_are_found_by_their_words(client):
    page = client.get(CATALOG, {"q": "read-only postgres"}).content.decode()
    assert "0 destinations, 1 source" in page and "PostgreSQL" in page
