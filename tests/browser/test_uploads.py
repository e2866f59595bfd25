"""A file goes into a table in two steps, and a broken one can be corrected on the way."""

import pytest

from tests.browser.axe import assert_accessible
from tests.browser.samples.data import a_table
from warehouse.models import Database, Load


@pytest.mark.parametrize("width", [1440, 390])
def test_a_file_is_corrected_and_loaded(page_as, editor, tmp_path, width):
    Database.objects.create(name="shop_jp")
    # Wrong where only the load sees it: the first 20,000 rows suggest a number.
    broken, good = tmp_path / "broken.csv", tmp_path / "good.csv"
    broken.write_text("Phone,total\n" + "+819012345678,1\n" * 20_001 + "+819012345678,x\n")
    good.write_text("Phone,total\n+819012345678,1\n")
    page = page_as(editor, width=width)
    page.set_default_timeout(60_000)
    page.goto("/databases/shop_jp/upload")
    page.locator("#id_file").set_input_files(broken)
    page.get_by_label("Table").fill("orders")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Type of total").select_option("BIGINT")
    assert_accessible(page)
    page.get_by_role("button", name="Load").click()
    page.get_by_text("Line 20003").wait_for()
    assert_accessible(page)
    page.locator("#id_file").set_input_files(good)
    page.get_by_role("button", name="Use this file").click()
    page.get_by_text("good.csv becomes").wait_for()
    page.get_by_role("button", name="Load").click()
    page.get_by_text("1 row loaded into shop_jp.orders.").wait_for()
    assert Load.objects.get().sources == ["good.csv"]


def test_values_are_shown_on_request(page_as, editor):
    page = page_as(editor)
    page.goto(a_table())
    page.get_by_text("+81•••78").wait_for()
    page.get_by_role("button", name="Show values").click()
    page.get_by_text("+819012345678").wait_for()
    assert_accessible(page)
