"""The query editor in a browser: completion, errors in the text, unsaved changes, previews, keys."""

import re

import pytest
from playwright.sync_api import expect

from exports import queries, targets
from exports.models import Job, Query
from tests.browser.axe import assert_accessible
from tests.exports.queries import a_draft, a_query, line, orders, shop, target_text

pytestmark = pytest.mark.django_db(transaction=True)
ENDLESS = "SELECT count(*) AS n FROM range(100000000000) a, range(1000) b"


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def query(editor):
    orders(shop())
    return a_query(editor)


@pytest.fixture
def page(page_as, editor, query):
    page = page_as(editor)
    page.goto(f"/queries/{query.pk}")
    expect(code(page)).to_be_visible()
    return page


def code(page):
    return page.locator("#editor .cm-content")


def write(page, text):
    code(page).click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
    page.keyboard.press("Escape")  # suggestions


def unsaved(page):
    return page.locator("#unsaved")


def stored():
    return Query.objects.get(name="purchases")


def test_it_completes_tables_and_columns_of_the_database(page):
    write(page, "SELECT * FROM ord")
    page.keyboard.press("Control+Space")
    expect(page.locator("#editor .cm-tooltip-autocomplete")).to_contain_text("orders")
    page.keyboard.press("Escape")
    write(page, "SELECT order_")
    page.keyboard.press("Control+Space")
    write(page, "SELECT orders.pa")
    page.keyboard.press("Control+Space")
    expect(page.locator("#editor .cm-tooltip-autocomplete")).to_contain_text("paid_at")


def test_completion_follows_the_database(page_as, editor, query):
    crm = type(query.database).objects.create(name="crm_data")
    orders(crm, {"member": ["m"]}, name="membership")
    page = page_as(editor)
    page.goto(f"/queries/{query.pk}")
    with page.expect_response("**/databases/crm_data/schema"):
        page.select_option("#q-database", label="crm_data")
    write(page, "SELECT * FROM memb")
    page.keyboard.press("Control+Space")
    expect(page.locator("#editor .cm-tooltip-autocomplete")).to_contain_text("membership")


def test_an_error_is_marked_at_its_place(page, troubles):
    write(page, "SELECT\n  order_uid,\n  nope\nFROM orders")
    page.click("#preview")
    expect(page.locator("#results [role=alert]")).to_contain_text("Line 3, character 3")
    mark = page.locator("#editor .cm-lintRange-error")
    expect(mark).to_have_text("nope")
    page.click("text=Go to line 3")
    expect(page.locator("#editor .cm-activeLine")).to_have_text("  nope")
    assert_accessible(page)
    write(page, "SELECT 1 AS n")
    page.click("#preview")
    expect(page.locator("#results")).to_contain_text("1 row")
    expect(mark).to_have_count(0)
    refused(troubles)


def refused(troubles):
    """Chromium notes each 422 in its console: those are answers here."""
    troubles[:] = [text for text in troubles if "status of 422" not in text]


def test_a_preview_shows_masked_rows_and_values_on_demand(page):
    page.click("#preview")
    expect(page.locator(".grid-data")).to_contain_text("t•••@example.jp")
    expect(page.locator("#results")).to_contain_text("3 rows")
    assert_accessible(page)
    page.click("text=Show values")
    expect(page.locator(".grid-data")).to_contain_text("taro@example.jp")
    expect(unsaved(page)).to_be_hidden()


def test_a_running_preview_is_cancelled(page):
    write(page, ENDLESS)
    page.click("#preview")
    expect(page.locator("#results")).to_contain_text("Running")
    page.wait_for_timeout(700)
    page.click("text=Cancel")
    expect(page.locator("#results")).to_contain_text("The preview was cancelled.")
    expect(code(page)).to_contain_text("range(100000000000)")


def test_an_unsaved_change_is_marked_until_it_is_undone_or_saved(page):
    expect(unsaved(page)).to_be_hidden()
    write(page, "SELECT 2 AS n")
    expect(unsaved(page)).to_be_visible()
    page.keyboard.press("Control+Z")
    expect(unsaved(page)).to_be_hidden()
    page.fill("#q-name", "renamed")
    expect(unsaved(page)).to_be_visible()
    page.fill("#q-name", "purchases")
    expect(unsaved(page)).to_be_hidden()


def test_ctrl_s_saves_and_the_text_stays(page):
    write(page, "SELECT 2 AS n")
    page.keyboard.press("Control+S")
    expect(page.locator("#qhead")).to_contain_text("Saved as version 2.")
    expect(unsaved(page)).to_be_hidden()
    expect(code(page)).to_have_text("SELECT 2 AS n")
    assert stored().sql == "SELECT 2 AS n"
    assert_accessible(page)


def test_leaving_with_unsaved_changes_asks(page):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    write(page, "SELECT 2 AS n")
    page.click("nav.crumbs >> text=Queries", no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"] and page.url.endswith(f"/queries/{stored().pk}")


def test_leaving_without_changes_does_not_ask(page):
    page.on("dialog", lambda dialog: pytest.fail("asked"))
    page.click("nav.crumbs >> text=Queries")
    expect(page.locator("h1")).to_have_text("Queries")


def test_a_refused_save_keeps_text_and_mark(page, troubles):
    write(page, "SELECT 2 AS n")
    page.fill("#q-name", "")
    page.click("#save")
    expect(page.locator("#qhead")).to_contain_text("Give the query a name.")
    expect(code(page)).to_have_text("SELECT 2 AS n")
    expect(unsaved(page)).to_be_visible()
    assert_accessible(page)
    refused(troubles)


def test_a_conflict_can_be_decided_without_losing_the_text(page, admin, troubles):
    queries.update(stored(), a_draft(sql="SELECT 'theirs' AS n"), base=1, user=admin)
    write(page, "SELECT 'mine' AS n")
    page.click("#save")
    expect(page.locator("#qhead [role=alert]")).to_contain_text("by admin")
    assert_accessible(page)
    page.click("text=Save anyway as version 3")
    expect(page.locator("#qhead")).to_contain_text("Saved as version 3.")
    assert stored().sql == "SELECT 'mine' AS n"
    refused(troubles)


def test_a_new_query_is_saved_with_a_name(page_as, editor, query):
    page = page_as(editor)
    page.goto("/queries/new")
    write(page, "SELECT 3 AS n")
    page.fill("#q-name", "fresh")
    page.click("#save")
    page.wait_for_url(re.compile(r"/queries/\d+$"))
    expect(page.locator(".alert.ok")).to_contain_text("Query saved.")
    assert Query.objects.get(name="fresh").sql == "SELECT 3 AS n"


def test_the_run_button_says_where_the_result_goes(page):
    expect(page.locator("#run")).to_contain_text("Run")
    text = target_text(line("line_prod"), phone="phone")
    page.evaluate(
        """text => { const target = document.getElementById("target"); target.value = text;
        target.dispatchEvent(new Event("input", {bubbles: true})); }""",
        text,
    )
    expect(page.locator("#run")).to_contain_text("Run and export to line_prod")
    expect(unsaved(page)).to_be_visible()
    page.keyboard.press("Control+S")
    expect(page.locator("#qhead")).to_contain_text("Saved as version 2.")
    expect(page.locator("#run")).to_contain_text("Run and export to line_prod")
    assert targets.of(stored()).mapping == {"phone": {"column": "phone"}}


def test_ctrl_enter_runs_and_unsaved_text_is_there_on_the_way_back(page):
    write(page, "SELECT 2 AS n")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/jobs/*")
    assert Job.objects.get().sql == "SELECT 2 AS n" and Job.objects.get().query_version is None
    page.goto(f"/queries/{stored().pk}")
    expect(code(page)).to_have_text("SELECT 2 AS n")
    expect(unsaved(page)).to_be_visible()
    page.keyboard.press("Control+S")
    expect(unsaved(page)).to_be_hidden()


def test_the_export_panel_opens_and_closes(page):
    page.click("#export")
    expect(page.locator("#insp-h")).to_contain_text("Export Results")
    expect(page.locator("#export")).to_have_attribute("aria-expanded", "true")
    assert_accessible(page)
    page.click("#export")
    expect(page.locator("#inspector")).to_be_hidden()


def test_a_viewer_reads_and_previews(page_as, viewer, query):
    page = page_as(viewer)
    page.goto(f"/queries/{query.pk}")
    code(page).click()
    page.keyboard.type("x")
    expect(code(page)).not_to_contain_text("x")
    page.click("#preview")
    expect(page.locator(".grid-data")).to_contain_text("t•••@example.jp")
    assert_accessible(page)


def test_a_validation_is_started_with_the_keyboard(page_as, editor):
    orders(shop())
    query = a_query(editor, target=targets.parse(target_text(line("line_prod"), email="email")))
    page = page_as(editor)
    page.goto(f"/queries/{query.pk}")
    page.focus("#run-more")
    page.keyboard.press("Enter")
    expect(page.locator("#run-modes")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("#run-modes")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    expect(page.locator("#job-mode")).to_have_text("Validation")


def test_the_other_ways_to_run_come_with_the_destination(page):
    expect(page.locator("#run-more")).to_be_hidden()
    page.evaluate(
        """text => { const target = document.getElementById("target"); target.value = text;
        target.dispatchEvent(new Event("input", {bubbles: true})); }""",
        target_text(line("line_prod"), phone="phone"),
    )
    expect(page.locator("#run-more")).to_be_visible()


def test_a_retry_limit_that_is_refused_is_shown_where_it_was_written(page, troubles):
    page.click("#options-open")
    page.select_option("#q-priority", label="High")
    page.fill("#q-retry_limit", "99")
    page.keyboard.press("Control+s")
    expect(page.locator("#options")).to_contain_text("Retry limit: write a whole number from 0 to 32.")
    expect(page.locator("#q-retry_limit")).to_be_focused()
    assert_accessible(page)
    refused(troubles)
    page.fill("#q-retry_limit", "3")
    page.keyboard.press("Control+s")
    expect(page.locator("#qhead")).to_contain_text("Saved as version 2.")
    assert (stored().priority, stored().retry_limit) == (1, 3)
    expect(unsaved(page)).to_be_hidden()
