"""The form of a parent segment in a browser: it grows as tables are chosen, and Enter saves it."""

import pytest

from audiences.models import ParentSegment
from tests.audiences.factories import CUSTOMERS, ORDERS, a_table
from tests.browser.axe import settled

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_parent_segment_is_made_from_tables_that_are_chosen(page_as, editor, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    a_table("shop_jp", "customers", CUSTOMERS)
    a_table("shop_jp", "orders", ORDERS)
    page = page_as(editor)
    page.goto("/audience-studio/new")
    page.locator("#id_master-table").select_option("shop_jp.customers")
    page.get_by_text("Its 6 columns, all taken").wait_for()
    page.locator("#id_master-key").select_option("customer_id")
    page.get_by_role("button", name="Add behavior").click()
    page.locator("#id_behaviors-0-table").wait_for()
    settled(page)
    page.locator("#id_behaviors-0-table").select_option("shop_jp.orders")
    page.get_by_label("Name of total").fill("amount")
    assert page.locator("#id_behaviors-0-name").input_value() == "Orders"
    assert page.locator("#id_behaviors-0-time").input_value() == "time"
    page.get_by_text("@hourly (:00)").click()
    page.get_by_text("Next 5 runs").wait_for()
    page.locator("#id_name").fill("Shop")
    page.locator("#id_name").press("Enter")
    page.get_by_role("heading", name="Builds").wait_for()
    made = ParentSegment.objects.get()
    assert made.definition["behaviors"][0]["columns"][0] == {"source": "total", "name": "amount"}
    assert made.query.schedule.cron == "@hourly"
