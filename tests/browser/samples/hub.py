"""The Integrations Hub."""

from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from exports.models import ExportTarget, Query
from integrations.models import Authentication
from tests.browser.samples.page import Page
from tests.conftest import person
from warehouse.models import Database


def an_authentication(page=""):
    """Used by a query, so that its page and the one that deletes it have something to name."""
    kenji = person("kenji", Role.EDITOR)
    one = Authentication.objects.create(
        name="line_capi_prod",
        connector_key="line_conversion",
        settings={"line_tag_id": "8f2c41d7-3b0e-4a6c-9d55-6a1e7f3cb902"},
        created_by=kenji,
        tested_at=timezone.now(),
        test_ok=False,
        test_says="LINE refused the access token (401). Paste a new token.",
    )
    query = Query.objects.create(name="daily", database=Database.objects.create(name="shop_jp"), sql="select 1")
    ExportTarget.objects.create(query=query, authentication=one)
    return reverse("integrations:authentication", args=[one.pk]) + page


def a_source(page=""):
    one = Authentication.objects.create(
        name="shop_warehouse",
        connector_key="postgresql",
        settings={"host": "db.shop.internal", "port": "5432", "database": "shop", "user": "console_reader"},
        tested_at=timezone.now(),
        test_ok=True,
        test_says='PostgreSQL 16.4 answered; signed in as "console_reader". The role only reads.',
    )
    return reverse("integrations:authentication", args=[one.pk]) + page


def the_authentications():
    an_authentication()
    a_source()
    Authentication.objects.create(name="not_tested", connector_key="line_conversion")
    return reverse("integrations:authentications")


PAGES = [
    Page("catalog", "/integrations/catalog", Role.EDITOR),
    Page("catalog, nothing found", "/integrations/catalog?q=nothing-has-this-name", Role.VIEWER),
    Page("field guide", "/integrations/catalog/line_conversion", Role.EDITOR),
    Page("create authentication", "/integrations/catalog/line_conversion/authentication", Role.EDITOR),
    Page("catalog, for an admin", "/integrations/catalog", Role.ADMIN),
    Page("create a PostgreSQL source", "/integrations/catalog/postgresql/authentication", Role.ADMIN),
    Page("create a Trino source", "/integrations/catalog/trino/authentication", Role.ADMIN),
    Page("create a Treasure Data source", "/integrations/catalog/treasure_data/authentication", Role.ADMIN),
    Page("source", a_source, Role.ADMIN),
    Page("source, for an editor", a_source, Role.EDITOR),
    Page("edit source", lambda: a_source("/edit"), Role.ADMIN),
    Page("no authentications", "/integrations/authentications", Role.EDITOR),
    Page("authentications", the_authentications, Role.EDITOR),
    Page("authentication", an_authentication, Role.EDITOR),
    Page("authentication, for a viewer", an_authentication, Role.VIEWER),
    Page("edit authentication", lambda: an_authentication("/edit"), Role.EDITOR),
    Page("delete authentication in use", lambda: an_authentication("/delete"), Role.EDITOR),
]
