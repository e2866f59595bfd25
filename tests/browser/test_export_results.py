"""Export Results by its labels: both ways of the product document, with keyboard, on wide and on small screens."""

import json
import time

import pytest
from playwright.sync_api import expect

from exports import result_targets, targets
from exports.models import ExportTarget, Query
from integrations.models import Authentication
from tests.browser.axe import assert_accessible, settled
from warehouse.models import Database

SQL = f"""SELECT 'key_1' AS deduplication_key, 'conversion' AS event_type, 'web' AS source_type,
  {int(time.time())} AS event_timestamp, '+818012345678' AS tel"""
EXAMPLE = (
    "SELECT 'elizabetho@fb.com' as email, 'Purchase' as event_name, 1598531676 as event_timestamp, "
    "'dedup_key_123' as deduplication_key"
)
CHOICE = "line_capi_output_test, LINE Conversion API"


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def query(transactional_db):
    made = Authentication(name="line_capi_output_test", connector_key="line_conversion")
    made.settings = {"line_tag_id": "tag_1"}
    made.set_secrets({"access_token": "secret"}, at=None)
    made.save()
    return Query.objects.create(name="purchases", database=Database.objects.create(name="shop"), sql=SQL, version=1)


@pytest.fixture
def open_panel(page_as, editor, query):
    """`open_panel(width=390, sql=…)` → the query's page with the panel open."""

    def opened(sql=SQL, **look):
        Query.objects.update(sql=sql)
        page = page_as(editor, **look)
        page.goto(f"/queries/{query.pk}")
        page.get_by_role("button", name="Export Results").click()
        expect(page.get_by_role("heading", name="Export Results")).to_be_visible()
        settled(page)
        return page

    return opened


def existing(page):
    page.get_by_role("radio", name="Use Existing Integration").check(force=True)
    page.get_by_label("Authentication", exact=True).select_option(label=CHOICE)
    expect(page.get_by_role("heading", name="Column mapping")).to_be_visible()


def status(page):
    return page.locator(".insp-f:not(#schedule-footer) [role=status]")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_a_query_is_exported_to_an_existing_integration(open_panel, query, width, theme):
    page = open_panel(width=width, theme=theme)
    assert_accessible(page)
    existing(page)
    page.get_by_role("button", name="Use tel for phone").click()
    expect(status(page)).to_contain_text("All 1 rows of the sample would be sent.")
    expect(page.get_by_label("phone", exact=True)).to_be_focused()
    page.get_by_label("Batch Size").fill("5000")
    assert_accessible(page)
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".insp .alert", has_text="The export is set. Save the query")).to_be_focused()
    assert_accessible(page)
    if width < 900:
        page.get_by_role("button", name="Back to query").click()
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.", exact=True)).to_be_visible()
    kept = ExportTarget.objects.get(query=query)
    assert kept.settings == {"ignore_invalid_records": True, "max_records": 5000, "keep_row_order": False}
    assert kept.mapping["phone"] == {"column": "tel"}


def test_an_answer_that_comes_late_takes_away_nothing_that_was_typed(open_panel):
    page, held = open_panel(), []
    page.get_by_role("radio", name="Create New Integration").check(force=True)
    settled(page)
    page.route("**/queries/target/check", lambda route: held.append(route))
    page.get_by_label("Type").select_option(label="LINE Conversion API")
    page.get_by_label("Name of the new integration").fill("line_capi_new")
    page.get_by_label("LINE Tag ID").fill("tag_2")
    with page.expect_response("**/queries/target/check"):
        held[0].continue_()
    settled(page)
    expect(page.get_by_label("Name of the new integration")).to_have_value("line_capi_new")


def test_a_new_integration_is_created_on_the_way(open_panel, troubles):
    page = open_panel()
    page.get_by_role("radio", name="Create New Integration").check(force=True)
    page.get_by_label("Type").select_option(label="LINE Conversion API")
    page.get_by_label("Name of the new integration").fill("line_capi_new")
    page.get_by_label("LINE Tag ID").fill("tag_2")
    page.get_by_label("Access Token").fill("typed-token")
    page.get_by_label("Maximum Retry").fill("99")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Maximum Retry must be 1 to 10; 99 is not.")).to_be_visible()
    expect(page.get_by_label("Maximum Retry")).to_be_focused()
    assert_accessible(page)
    page.get_by_label("Maximum Retry").fill("3")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("The integration line_capi_new is created.")).to_be_visible()
    expect(page.get_by_label("Ignore Invalid Records")).to_be_checked()
    page.get_by_role("button", name="Use tel for phone").click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The export is set.")).to_be_visible()
    made = Authentication.objects.get(name="line_capi_new")
    assert json.loads(page.locator("#target").input_value())["authentication"] == made.pk
    assert made.all_settings()["access_token"] == "typed-token" and made.settings["max_retry"] == 3
    assert "typed-token" not in page.content()
    troubles[:] = [text for text in troubles if "422" not in text]


def test_the_second_example_query_is_told_what_is_wrong_before_it_runs(open_panel, troubles):
    page = open_panel(sql=EXAMPLE)
    existing(page)
    row = page.locator("#r-event_timestamp")
    expect(row).to_contain_text("1 of 1: is more than 90 days ago")
    for name in ("event_type", "source_type"):
        expect(page.locator(f"#r-{name}")).to_contain_text("is required: map a column or set a constant")
    expect(status(page)).to_contain_text("2 of 4 required fields mapped")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_label("event_type", exact=True)).to_be_focused()
    expect(page.get_by_label("event_type", exact=True)).to_have_attribute("aria-invalid", "true")
    assert page.locator("#target").input_value() == ""
    troubles[:] = [text for text in troubles if "422" not in text]


def test_a_constant_is_set_with_the_keyboard(open_panel):
    page = open_panel(sql=EXAMPLE)
    existing(page)
    source = page.get_by_label("source_type", exact=True)
    source.focus()
    source.select_option(label="Constant…")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Constant for source_type")).to_be_focused()
    page.keyboard.type("web")
    page.keyboard.press("Tab")
    expect(page.locator("#r-source_type")).to_contain_text("1 of 1 valid")
    expect(page.get_by_label("Constant for source_type")).to_have_value("web")


def test_quick_changes_do_not_undo_each_other(open_panel):
    page = open_panel()
    existing(page)
    for name in ("external_id", "event_name", "title"):
        page.get_by_label(name, exact=True).select_option(label="deduplication_key")
    expect(page.locator("label[for=show-mapped], label:has(#show-mapped)")).to_contain_text("7")
    for name in ("external_id", "event_name", "title"):
        expect(page.get_by_label(name, exact=True)).to_have_value("c:deduplication_key")


def test_the_filter_shows_only_what_was_asked_for(open_panel):
    page = open_panel(sql=EXAMPLE)
    existing(page)
    page.get_by_role("radio", name="Problems").check(force=True)
    expect(page.locator("#map tr[data-state]:visible")).to_have_count(3)
    expect(page.locator("#map .grp:visible")).to_have_count(1)


def additional(page):
    return page.locator("#more-fields")


def test_additional_fields_are_closed_until_they_are_wanted_and_stay_as_they_were_opened(open_panel):
    page = open_panel()
    existing(page)
    expect(page.get_by_label("value", exact=True)).not_to_be_visible()
    additional(page).locator("summary").click()
    expect(page.get_by_label("value", exact=True)).to_be_visible()
    page.get_by_label("title", exact=True).select_option(label="deduplication_key")
    expect(page.locator("#r-title")).to_contain_text("1 of 1 valid")
    expect(page.get_by_label("value", exact=True)).to_be_visible()


def test_constants_of_additional_fields_are_typed(open_panel):
    page = open_panel(sql=f"{SQL}, ARRAY['a', 'b'] AS item_ids")
    existing(page)
    expect(page.locator("#r-item_ids")).to_contain_text("a, b")
    for name, value in (("test_flag", "yes"), ("value", "12.50")):
        page.get_by_label(name, exact=True).select_option(label="Constant…")
        page.get_by_label(f"Constant for {name}").fill(value)
        page.keyboard.press("Tab")
    expect(page.locator("#r-value")).to_contain_text("1 of 1 valid")
    expect(page.locator("#r-test_flag")).to_contain_text("must be true or false")
    page.get_by_label("Constant for test_flag").fill("true")
    page.keyboard.press("Tab")
    expect(page.locator("#r-test_flag")).to_contain_text("1 of 1 valid")
    expect(additional(page)).to_contain_text("3 of 7 mapped")


@pytest.mark.parametrize(
    ("word", "rows", "shown"), [("Mapped", 1, True), ("Problems", 0, False), ("Not sent", 6, True)]
)
def test_the_filter_holds_for_additional_fields_too(open_panel, word, rows, shown):
    page = open_panel(sql=f"{SQL}, 1980 AS value")
    existing(page)
    expect(page.locator("#r-value")).to_contain_text("1 of 1 valid")
    page.locator("label", has_text=word).get_by_role("radio").check(force=True)
    expect(page.locator("#map-more tr[data-state]:visible")).to_have_count(rows)
    expect(additional(page)).to_be_visible(visible=shown)


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_additional_fields_are_accessible(open_panel, width, theme):
    page = open_panel(sql=f"{SQL}, 1980 AS value, ['a'] AS keywords", width=width, theme=theme)
    existing(page)
    expect(page.locator("#r-value")).to_contain_text("1 of 1 valid")
    assert_accessible(page)


def test_the_export_is_removed(open_panel, query):
    page = open_panel()
    existing(page)
    page.get_by_role("button", name="Use tel for phone").click()
    expect(status(page)).to_contain_text("would be sent")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Remove export").click()
    expect(page.get_by_text("The export is removed.")).to_be_visible()
    assert page.locator("#target").input_value() == ""


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_a_result_goes_into_a_table(open_panel, query, troubles, width, theme):
    page = open_panel(width=width, theme=theme)
    page.get_by_role("radio", name="Treasure Data Table").check(force=True)
    page.get_by_label("Table", exact=False).last.wait_for()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Give the table a name.")).to_be_visible()
    troubles.clear()  # the refusal is a 422, which the browser tells
    assert_accessible(page)
    page.locator("#into-table").fill("paid")
    page.locator("#into-mode").select_option("replace")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The result replaces table shop.paid.")).to_be_visible()
    expect(page.locator("#run-label")).to_contain_text("Run and write into shop.paid")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as version 2.", exact=True)).to_be_attached()
    query.refresh_from_db()
    assert query.into == {"database": "shop", "table": "paid", "mode": "replace"}


def test_what_came_through_the_api_is_kept_as_an_authentication(open_panel, query, editor):
    given = {"type": "line_conversion", "line_tag_id": "tag_77", "access_token": "abc"}
    targets.save(query, result_targets.read(json.dumps(given), user=editor).target)
    page = open_panel(width=390)
    expect(page.get_by_text("Given with a result", exact=True)).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Name of the integration").fill("line_from_api")
    page.get_by_role("button", name="Keep as an authentication").click()
    expect(page.get_by_text("The integration line_from_api is created.")).to_be_visible()
    expect(page.get_by_label("Authentication", exact=True)).to_have_value(
        str(ExportTarget.objects.get().authentication_id)
    )
    assert Authentication.objects.get(name="line_from_api").inline is False
