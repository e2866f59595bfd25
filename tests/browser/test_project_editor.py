"""The Project Editor in a browser: errors at their lines, saving, what stays unsaved, new and deleted files."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible
from tests.workflows.factories import pushed
from workflows import contents, projects
from workflows.models import Project

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {
    "daily.dig": "timezone: Asia/Tokyo\n+load:\n  td>: queries/load.sql\n  database: shop\n",
    "queries/load.sql": "SELECT 1\n",
}


@pytest.fixture
def project(editor):
    contents._files.cache_clear()
    contents._texts.cache_clear()
    return pushed(editor, FILES).project


@pytest.fixture
def page(page_as, editor, project):
    page = page_as(editor)
    page.goto(f"/workflows/projects/{project.pk}/edit")
    expect(code(page)).to_be_visible()
    return page


def code(page):
    return page.locator(".pe-f:not([hidden]) .cm-content")


def write(page, text):
    code(page).click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def files():
    return {path: text.decode() for path, text in contents.files(projects.latest(Project.objects.get()).pk).items()}


def refused(troubles):
    """Chromium notes each 422 in its console: those are answers here."""
    troubles[:] = [text for text in troubles if "status of 422" not in text]


def test_an_error_is_told_at_its_line_and_the_mended_text_is_saved(page, project, troubles):
    mended = FILES["daily.dig"].replace("shop", "shop_jp")
    write(page, mended.replace("database", "databse"))
    page.keyboard.press("Control+S")
    problem = page.locator("#problems")
    expect(problem).to_contain_text("daily.dig, line 4")
    expect(page.locator(".pe-f:not([hidden]) .cm-lintRange-error")).to_have_text("databse")
    page.get_by_role("link", name="load.sql").click()
    expect(code(page)).to_have_text("SELECT 1")
    page.get_by_role("link", name="daily.dig, line 4").click()
    expect(page.locator(".pe-f:not([hidden]) .cm-activeLine")).to_have_text("  databse: shop_jp")
    expect(page.locator("#unsaved")).to_be_visible()
    assert_accessible(page)
    assert files() == FILES
    write(page, mended)
    page.fill("#note", "The shop in Japan")
    page.click("#save")
    expect(page.locator("#pehead")).to_contain_text("Saved. The shop in Japan")
    expect(page.locator("#unsaved")).to_be_hidden()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(0)
    assert files() == {**FILES, "daily.dig": mended}
    page.click("[aria-label=Revisions]")
    page.click("text=The shop in Japan")
    expect(page.locator(".diff .del")).to_contain_text("database: shop")
    expect(page.locator(".diff .add")).to_contain_text("database: shop_jp")
    refused(troubles)


def test_files_are_added_renamed_and_deleted_in_one_revision(page):
    page.click("#add")
    page.keyboard.type("weekly.dig")
    write(page, "+a:\n  td>: q/all.sql\n  database: shop\n")
    expect(page.locator(".pe-f:not([hidden]) code-editor")).to_have_attribute("data-language", "yaml")
    page.get_by_role("link", name="load.sql").click()
    page.locator(".pe-f:not([hidden]) input.mono").fill("q/all.sql")
    page.get_by_role("link", name="daily.dig").click()
    page.locator(".pe-f:not([hidden])").get_by_label("Delete this file").check()
    expect(page.locator("#tree del")).to_have_text("daily.dig")
    page.click("#save")
    expect(page.locator("#pehead")).to_contain_text("Saved. Added q/all.sql and weekly.dig; removed")
    assert files() == {"weekly.dig": "+a:\n  td>: q/all.sql\n  database: shop\n", "q/all.sql": "SELECT 1\n"}
    expect(page.locator("#tree")).not_to_contain_text("daily.dig")
    page.get_by_role("link", name="all.sql").click()
    write(page, "SELECT 2\n")
    page.click("#save")
    expect(page.locator("#pehead")).to_contain_text("Saved. Edited q/all.sql")
    assert files()["q/all.sql"] == "SELECT 2\n"


def test_a_revision_that_came_meanwhile_is_told_and_not_overwritten(page, admin, troubles):
    pushed(admin, {**FILES, "queries/load.sql": "SELECT 'theirs'\n"})
    write(page, FILES["daily.dig"].replace("shop", "mine"))
    page.click("#save")
    head = page.locator("#pehead")
    expect(head).to_contain_text(re.compile("Another revision was saved .* by admin"))
    expect(head).to_contain_text("You have changed other files")
    assert "mine" not in files()["daily.dig"]
    page.click("text=Save over it")
    expect(page.get_by_role("status")).to_contain_text("Saved over the revision of others.")
    assert "mine" in files()["daily.dig"] and files()["queries/load.sql"] == "SELECT 'theirs'\n"
    expect(page.locator("#unsaved")).to_be_hidden()
    refused(troubles)


def test_keys_are_completed_by_what_may_stand_there(page):
    found = page.locator(".pe-f:not([hidden]) .cm-tooltip-autocomplete")
    write(page, "+load:\n  td>: queries/load.sql\n  ")
    page.keyboard.type("resu")
    expect(found).to_contain_text("result_connection")
    expect(found).not_to_contain_text("td_run>")
    found.get_by_role("option", name="result_connection").click()
    expect(code(page)).to_contain_text("result_connection: ")
    write(page, "+load:\n  ")
    page.keyboard.type("td")
    expect(found).to_contain_text("td_run>")
    write(page, "")
    page.keyboard.type("sche")
    expect(found).to_contain_text("schedule")


def test_operators_stand_beside_the_editor_and_a_small_window_has_all(page, page_as, editor, project):
    page.click("#operators")
    expect(page.locator("#reference")).to_contain_text("td_for_each>")
    page.locator("#reference summary", has_text="td_run>").click()
    expect(page.locator("#reference")).to_contain_text("store_last_results")
    assert_accessible(page)
    small = page_as(editor, width=390, theme="dark")
    small.goto(f"/workflows/projects/{project.pk}/edit?file=queries/load.sql")
    expect(code(small)).to_have_text("SELECT 1")
    assert_accessible(small)
