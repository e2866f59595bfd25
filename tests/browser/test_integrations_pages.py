"""The Integrations Hub in a real browser: what htmx swaps, and what becomes of a typed token."""

import socket

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from integrations.models import Authentication
from tests.browser.axe import assert_accessible

STEP_1 = "/integrations/catalog/line_conversion/authentication"


def nowhere():
    """The address of a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_the_catalog_searches_while_one_types(page_as, viewer):
    page = page_as(viewer)
    page.goto("/integrations/catalog")
    page.get_by_label("Search connectors").fill("salesforce")
    page.get_by_role("heading", name="No connector matches “salesforce”").wait_for()
    assert page.url.endswith("?q=salesforce")
    page.get_by_label("Search connectors").fill("line")
    page.get_by_role("heading", name="LINE Conversion API").wait_for()


def test_the_whole_wizard_with_a_test_on_the_way(page_as, editor, settings):
    settings.LINE_CONVERSION_API_URL = nowhere()
    page = page_as(editor)
    page.goto(STEP_1)
    page.get_by_label("LINE Tag ID").fill("my-tag")
    page.get_by_label("Access Token").fill("my-token")
    page.get_by_role("button", name="Test connection").click()
    page.get_by_text("The connection was refused.").wait_for()
    assert page.get_by_label("Access Token").input_value() == ""
    assert page.get_by_text("Set; leave blank to keep").is_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("textbox", name="Name").fill("my connection")
    assert_accessible(page)
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="my connection", exact=True).wait_for()
    assert Authentication.objects.get().open_secrets() == {"access_token": "my-token"}


def test_errors_open_the_advanced_settings_and_take_the_focus(page_as, editor, troubles):
    page = page_as(editor)
    page.goto(STEP_1)
    page.get_by_text("Advanced settings").click()
    page.get_by_label("Maximum Retry").fill("11")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Some things need a correction.").wait_for()
    assert page.get_by_label("Maximum Retry").is_visible()
    expect(page.locator("#errors")).to_be_focused()
    assert_accessible(page)
    troubles.clear()  # the browser reports the answer 422


def test_a_test_in_the_list_changes_its_row_alone(page_as, editor, settings):
    settings.LINE_CONVERSION_API_URL = nowhere()
    for name in ("one", "other"):
        saved = Authentication(name=name, connector_key="line_conversion", settings={"line_tag_id": name})
        saved.set_secrets({"access_token": "t"}, at=timezone.now())
        saved.save()
    page = page_as(editor)
    page.goto(reverse("integrations:authentications"))
    page.get_by_role("button", name="Test other").click()
    page.get_by_role("row", name="other").get_by_text("Not working").wait_for()
    assert page.get_by_role("row", name="one").get_by_text("Not tested").is_visible()
    assert page.get_by_role("row").count() == 3
