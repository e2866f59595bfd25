"""Segments in a browser: a nested rule built by keyboard and mouse, and the menu of the tree."""

import pytest
from playwright.sync_api import expect

from audiences import folders
from audiences.models import Segment
from tests.audiences.factories import a_parent, a_segment
from tests.browser.axe import assert_accessible

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def parent():
    return a_parent()


def count(page):
    return page.locator("#panel [data-count]")


def test_a_nested_rule_by_keyboard_and_mouse(page_as, editor, parent):
    page = page_as(editor)
    page.goto(f"/audience-studio/{parent.pk}/segments/new")
    first = page.get_by_role("group", name="Condition 1")
    first.get_by_label("Attribute, behavior or segment").focus()
    page.keyboard.type("country")
    expect(first.get_by_label("Operator")).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("not complete yet: 1 thing")
    first.get_by_label("Value").focus()
    page.keyboard.type("JP")
    expect(count(page)).to_have_attribute("data-count", "2")
    expect(first.get_by_label("Value")).to_be_focused()
    page.click("text=Add group")
    inner = page.get_by_role("group", name="Condition 2.1")
    expect(inner.get_by_label("Attribute, behavior or segment")).to_be_focused()
    page.keyboard.type("Orders")
    inner.get_by_label("Operator").select_option(label="is at least")
    inner.get_by_label("Value").fill("1")
    inner.get_by_role("button", name="Add filter").press("Enter")
    chosen = page.get_by_role("group", name="Filter 2.1.1")
    expect(chosen.get_by_label("Column")).to_be_focused()
    page.keyboard.type("category")
    chosen.get_by_label("Value").fill("cups")
    expect(count(page)).to_have_attribute("data-count", "1")
    page.get_by_role("button", name="Add condition to group 2").click()
    second = page.get_by_role("group", name="Condition 2.2")
    second.get_by_label("Attribute, behavior or segment").select_option("a:points")
    second.get_by_label("Value").fill("200")
    expect(count(page)).to_have_attribute("data-count", "0")
    page.get_by_role("group", name="Group 2").get_by_label("Customers who match").select_option(label="Any of these")
    expect(count(page)).to_have_attribute("data-count", "2")
    page.get_by_role("button", name="Remove condition 2.1").click()
    expect(count(page)).to_have_attribute("data-count", "1")
    expect(page.get_by_role("button", name="Add condition to group 2")).to_be_focused()
    page.click("#panel summary")
    page.click("text=Show a sample")
    expect(page.locator("#sample-rows tbody tr")).to_have_count(1)
    assert_accessible(page)
    first.get_by_label("Value").fill("US")
    expect(count(page)).to_have_attribute("data-count", "0")
    expect(page.locator("#panel pre")).to_be_visible()
    expect(page.locator(".sample-old")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Americans")
    page.keyboard.press("Control+s")
    expect(page.locator("h1")).to_have_text("Americans")
    assert Segment.objects.get().count == 0


def test_the_menu_of_a_segment_by_right_click_and_by_its_button(page_as, editor, parent):
    folder = folders.create(parent, "Campaigns", None)
    a_segment(parent, "Winback", folder=folder)
    other = a_segment(parent, "In Japan")
    page = page_as(editor)
    page.goto(f"/audience-studio/{parent.pk}/segments")
    menu = page.locator("#segment-menu")
    page.get_by_role("link", name="In Japan").click(button="right")
    expect(menu).to_contain_text("In Japan")
    expect(menu.get_by_role("link", name="Edit segment rules")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    button = page.get_by_role("button", name="Actions for In Japan")
    button.press("Enter")
    move = menu.get_by_role("link", name="Move")
    expect(move).to_have_attribute("href", f"/audience-studio/segments/{other.pk}/move")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.locator("summary").press("Enter")
    expect(page.get_by_text("Winback")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("Winback")).to_be_hidden()
    page.locator("summary").click(button="right")
    page.locator("#folder-menu").get_by_role("link", name="Rename").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Campaigns")
    page.go_back()
    page.get_by_role("link", name="In Japan").click(button="right")
    menu.get_by_role("button", name="Duplicate").click()
    expect(page.locator("h1")).to_have_text("Copy of In Japan")
    expect(page.locator("#count [data-count]")).to_have_attribute("data-count", "2")
