"""Create Activation in a browser: four steps, lines that follow, a checklist that keeps up, nothing lost on the way."""

import pytest
from playwright.sync_api import expect

from audiences.models import Activation
from exports import schedules
from tests.audiences.factories import a_destination, a_parent, a_segment
from tests.browser.axe import assert_accessible, settled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def page(page_as, editor):
    a_destination()
    segment = a_segment(a_parent(), user=editor)
    page = page_as(editor)
    page.goto(f"/audience-studio/segments/{segment.pk}/activations/new")
    return page


def go_on(page):
    page.locator(".wizfoot [name=next]").click()


def add_string(page, number, name, *, value="", kind="String"):
    settled(page)
    page.click("#add-string")
    expect(page.locator(f"#kind-{number}")).to_be_focused()
    if kind != "String":
        page.select_option(f"#kind-{number}", kind)
        expect(page.locator(f"#format-{number}")).to_be_visible()
    else:
        page.fill(f"#value-{number}", value)
    page.fill(f"#name-{number}", name)


def test_from_a_segment_to_an_activation(page, troubles):
    go_on(page)
    expect(page.locator("#errors")).to_contain_text("Activation name: Give the activation a name.")
    page.get_by_label("Activation name").fill("Winback")
    page.get_by_label("Authentication").select_option(index=1)
    go_on(page)

    page.get_by_text("Choose columns").click()
    page.locator("#add-column").wait_for()
    settled(page)
    page.click("#add-column")
    expect(page.locator("#source-0")).to_be_focused()
    expect(page.locator("#output-0")).to_have_value("email")
    settled(page)
    page.click("#add-column")
    expect(page.locator("#output-1")).to_have_value("customer_id")
    page.select_option("#source-1", "country")
    expect(page.locator("#output-1")).to_have_value("country")
    page.fill("#output-1", "deduplication_key")
    page.select_option("#source-1", "customer_id")
    add_string(page, 0, "event_type", value="conversion")
    add_string(page, 1, "source_type", value="web")
    add_string(page, 2, "event_timestamp", kind="Timestamp")
    page.keyboard.press("Tab")
    checklist = page.locator("#checklist")
    expect(checklist).to_contain_text("All 2 rows of the sample would be sent.")
    expect(page.locator("#output-1")).to_have_value("deduplication_key")
    assert_accessible(page)
    page.click("[name=remove][value=string-1]")
    expect(page.locator("#add-string")).to_be_focused()
    expect(checklist).to_contain_text("source_type needs attention")
    add_string(page, 2, "source_type", value="web")
    go_on(page)

    page.get_by_text("Repeat every week").click()
    page.get_by_text("Thu", exact=True).click()
    expect(page.locator("#next li")).to_have_count(5)
    page.get_by_role("link", name="Details", exact=True).click()
    expect(page.get_by_label("Activation name")).to_have_value("Winback")
    page.get_by_role("link", name="Schedule", exact=True).click()
    expect(page.get_by_label("Thu")).to_be_checked()
    go_on(page)

    expect(page.locator(".rev")).to_contain_text("2 attributes and 3 strings")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Winback")).to_be_visible()
    expect(page.locator(".alert.ok")).to_contain_text("“Winback” is created.")
    one = Activation.objects.get()
    assert schedules.timing_of(one.query).cron.endswith("* * 4")
    assert {each["column"] for each in one.columns} == {
        "email", "deduplication_key", "event_type", "source_type", "event_timestamp",
    }  # fmt: skip
    troubles[:] = [text for text in troubles if "status of 422" not in text]


def test_a_warning_that_comes_while_one_works_keeps_nobody_from_going_on(page, troubles):
    """A list of names that htmx moved behind the warning crashed Chromium."""
    page.get_by_label("Activation name").fill("Winback")
    page.get_by_label("Authentication").select_option(index=1)
    go_on(page)
    page.get_by_text("Choose columns").click()
    page.locator("#add-column").wait_for()
    settled(page)
    page.click("#add-column")
    expect(page.locator("#source-0")).to_be_focused()
    add_string(page, 0, "deduplication_key", value="x")
    page.locator("#name-0").press("Tab")
    expect(page.get_by_text("Every row would have the same deduplication_key")).to_be_visible()
    go_on(page)
    expect(page.get_by_role("heading", name="Schedule")).to_be_visible()
