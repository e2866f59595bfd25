"""What every page has around it, as a keyboard and a browser meet it."""

import pytest
from django.urls import reverse

from tests.browser.axe import assert_accessible
from tests.conftest import PASSWORD


def focused(page):
    return page.evaluate("document.activeElement.innerText.trim()")


def test_the_skip_link_leads_to_the_content(page_as, viewer):
    page = page_as(viewer)
    page.goto("/settings")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_drawer_opens_and_closes_by_keyboard_on_a_phone(page_as, viewer):
    page = page_as(viewer, width=390)
    page.goto("/settings")
    drawer, button = page.locator("#nav"), page.get_by_role("button", name="Open navigation")
    assert not drawer.is_visible()
    button.press("Enter")
    assert drawer.is_visible()
    assert_accessible(page)
    page.keyboard.press("Tab")
    assert focused(page) == "Linecapi Console"
    page.keyboard.press("Escape")
    assert not drawer.is_visible() and page.evaluate("document.activeElement.ariaLabel") == "Open navigation"


def test_the_navigation_stands_on_a_wide_window_and_marks_where_one_is(page_as, admin):
    page = page_as(admin)
    page.goto("/users/new")
    nav = page.get_by_role("navigation", name="Main")
    assert nav.is_visible()
    assert nav.locator("[aria-current=page]").all_inner_texts() == ["Users"]


@pytest.mark.parametrize(("role", "seen"), [("viewer", 0), ("editor", 0), ("admin", 1)])
def test_only_admins_see_the_control_panel(page_as, request, role, seen):
    page = page_as(request.getfixturevalue(role))
    page.goto("/settings")
    assert page.get_by_role("link", name="Audit trail").count() == seen


def test_the_theme_stays_when_it_is_switched(page_as, viewer):
    page = page_as(viewer, theme="light")
    page.goto("/settings")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch colour theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper
    response = page.goto("/settings")
    assert 'data-theme="dark"' in response.text()


def test_a_message_is_shown_once_after_a_change(page_as, viewer):
    page = page_as(viewer)
    page.goto("/settings")
    page.get_by_label("Name").fill("Mika Kondo")
    page.get_by_role("button", name="Save profile").click()
    assert page.get_by_role("status").inner_text() == "Your name and e-mail are saved."
    page.reload()
    assert page.get_by_role("status").count() == 0


def test_one_signs_out_from_the_account_menu(page_as, viewer):
    page = page_as(viewer)
    page.goto("/settings")
    page.get_by_role("button", name="Account: viewer").press("Enter")
    assert_accessible(page)
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/sign-in")
    page.goto("/settings")
    assert "/sign-in?next=" in page.url


def test_a_failed_sign_in_takes_the_focus_to_the_reason(page_as, viewer):
    page = page_as(None)
    page.goto("/sign-in?next=/settings")
    assert page.evaluate("document.activeElement.name") == "username"
    page.keyboard.type("viewer")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#errors")
    assert focused(page) == "The username or the password is wrong."
    assert_accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")


def test_a_password_can_be_shown_while_it_is_typed(page_as):
    page = page_as(None)
    page.goto("/sign-in")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_label("Password").get_attribute("type") == "text"


def test_deactivating_asks_first_and_escape_means_no(page_as, admin, viewer):
    page = page_as(admin)
    page.goto(reverse("accounts:user", args=[viewer.pk]))
    page.get_by_role("button", name="Deactivate…").press("Enter")
    dialog = page.get_by_role("dialog", name="Deactivate viewer?")
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.get_by_role("button", name="Deactivate…").click()
    dialog.get_by_role("button", name="Keep active").click()
    assert not dialog.is_visible()
    page.get_by_role("button", name="Deactivate…").click()
    dialog.get_by_role("button", name="Deactivate").click()
    assert page.get_by_role("status").inner_text() == "viewer is deactivated and signed out."


def test_the_trail_is_filtered_without_loading_the_page_again(page_as, admin):
    page = page_as(admin)
    page.goto("/audit")
    page.evaluate("window.kept = true")
    page.get_by_role("combobox", name="User").select_option("console")
    page.get_by_text("No entry matches").wait_for()
    assert "user=console" in page.url and page.evaluate("window.kept")
    page.go_back()
    page.get_by_role("rowheader", name="Sign in").wait_for()


def test_a_request_that_came_to_nothing_says_so_on_the_page(page_as, admin, troubles):
    page = page_as(admin)
    page.goto("/audit")
    page.route("**/audit?*", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_role("combobox", name="User").select_option("console")
    page.locator("#trouble").get_by_text("The server could not do that (500).").wait_for()
    page.unroute("**/audit?*")
    page.get_by_role("combobox", name="User").select_option("stranger")
    page.get_by_text("No entry matches").wait_for()
    assert page.locator("#trouble").inner_text() == ""
    assert troubles and all("500" in trouble for trouble in troubles)
    troubles.clear()


def test_a_session_that_ended_leads_to_the_sign_in_page_and_back(page_as, admin):
    page = page_as(admin)
    page.goto("/audit")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("combobox", name="User").select_option("console")
    page.wait_for_url("**/sign-in?next=/audit")
