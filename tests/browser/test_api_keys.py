"""A key for the API, from the form to its end, as a person sees it; and the reference of the API."""

from playwright.sync_api import expect

from accounts import api_keys
from accounts.models import ApiKey
from tests.browser.axe import assert_accessible


def test_a_key_is_made_copied_and_revoked(page_as, editor):
    page = page_as(editor)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/settings")
    page.get_by_role("link", name="New key").click()
    page.get_by_role("button", name="Make key").click()
    page.get_by_text("The key is not made.").wait_for()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Name").fill("Batch host")
    page.get_by_role("button", name="Make key").click()
    page.get_by_role("heading", name="Batch host is made").wait_for()
    page.wait_for_function("document.activeElement.id === 'made-h'")
    assert_accessible(page)
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    key = page.evaluate("navigator.clipboard.readText()")
    assert api_keys.find(key).name == "Batch host" and key not in page.url
    page.reload()
    assert key not in page.content() and ApiKey.objects.count() == 1
    page.goto("/settings")
    assert key not in page.content()
    page.get_by_role("link", name="Revoke Batch host").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_text("The key Batch host is revoked.").wait_for()
    assert api_keys.find(key) is None


def test_without_a_clipboard_the_key_is_selected(page_as, editor):
    page = page_as(editor)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto("/settings")
    page.get_by_role("button", name="Copy Environment").click()
    page.get_by_text("Selected. Copy it").wait_for()
    assert "TD_API_SERVER" in page.evaluate("getSelection().toString()")


def test_the_examples_are_chosen_by_keyboard(page_as, viewer):
    page = page_as(viewer, width=390)
    page.goto("/settings")
    page.get_by_role("tab", name="td-client").focus()
    page.keyboard.press("ArrowRight")
    assert "force_tdclient=True" in page.get_by_role("tabpanel", name="pytd").inner_text()
    assert_accessible(page)


def test_the_reference_searches_while_one_types(page_as, viewer):
    page = page_as(viewer, width=390)
    page.goto("/api/docs")
    page.get_by_label("Search the API").fill("add viewer")
    page.get_by_text("1 call", exact=True).wait_for(state="attached")
    assert page.get_by_text("--data-urlencode password=PASSWORD").is_visible()
    assert page.url.endswith("?q=add%20viewer")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
