"""The page of a table: first rows, masked unless an editor asks; loads; deleting."""

import pytest
from django.test import Client

from accounts.models import AuditEntry
from tests.warehouse.factories import a_table
from warehouse import tables
from warehouse.models import Table

pytestmark = pytest.mark.django_db

PAGE = "/databases/shop/tables/orders"


@pytest.fixture
def orders(shop, editor):
    notes = ["write to hanako@example.com", "<b>bold</b>"]
    return a_table(shop, order_id=["A1", "A2"], phone=["+819012345678", None], note=notes, user=editor)


def test_a_viewer_sees_masked_rows(as_user, viewer, orders):
    page = as_user(viewer).get(PAGE).content.decode()
    assert "+81•••78" in page and "h•••@example.com" in page and "A1" in page
    assert "+819012345678" not in page and "hanako" not in page
    assert "Show values" not in page


def test_values_are_escaped_and_null_is_named(as_user, viewer, orders):
    page = as_user(viewer).get(PAGE).content.decode()
    assert "&lt;b&gt;bold" in page and '<td class="null">NULL</td>' in page


def test_an_editor_shows_values_on_record(as_user, editor, orders):
    response = as_user(editor).post(f"{PAGE}/reveal")
    assert "+819012345678" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert AuditEntry.objects.get(action="table.reveal").target_name == "shop.orders"


def test_a_viewer_may_not_show_values(as_user, viewer, orders):
    assert as_user(viewer).post(f"{PAGE}/reveal").status_code == 403
    assert not AuditEntry.objects.filter(action="table.reveal").exists()


def test_values_are_not_shown_by_a_link(as_user, editor, orders):
    assert as_user(editor).get(f"{PAGE}/reveal").status_code == 405


def test_it_shows_columns_and_loads(as_user, viewer, orders):
    page = as_user(viewer).get(PAGE).content.decode()
    assert "2 rows, 4 columns" in page and "orders.csv" in page and "Appended" in page and "by editor" in page


def test_only_the_first_rows_are_shown(as_user, viewer, shop):
    a_table(shop, n=[f"row-{number}" for number in range(150)])
    page = as_user(viewer).get(PAGE).content.decode()
    assert "row-99" in page and "row-100" not in page and "150 rows" in page


def test_a_long_value_is_cut(as_user, viewer, shop):
    a_table(shop, n=["x" * 900])
    page = as_user(viewer).get(PAGE).content.decode()
    assert f"{'x' * 200}…" in page and "x" * 201 not in page


def test_rows_come_from_several_files(as_user, viewer, orders, source):
    tables.load(database=orders.database, table="orders", sources=[source("b.csv", "order_id\nB1\n")])
    page = as_user(viewer).get(PAGE).content.decode()
    assert "A1" in page and "B1" in page


def test_a_missing_file_is_an_explanation_not_a_crash(as_user, viewer, orders):
    orders.files.get().absolute_path.unlink()
    response = as_user(viewer).get(PAGE)
    assert response.status_code == 200 and b"is missing or damaged" in response.content


def test_a_table_that_was_never_loaded_says_so(as_user, viewer, shop):
    Table.objects.create(database=shop, name="orders")
    assert b"Nothing has been loaded" in as_user(viewer).get(PAGE).content


def test_many_loads_cost_no_more_queries(as_user, viewer, orders, editor, django_assert_max_num_queries):
    client = as_user(viewer)
    for _ in range(30):
        orders.loads.create(mode="append", sources=["x.csv"], rows=1, loaded_by=editor)
    with django_assert_max_num_queries(8):
        page = client.get(PAGE).content.decode()
    assert "1–10 of 31" in page


def test_an_editor_deletes_a_table_after_a_question(as_user, editor, orders):
    client = as_user(editor)
    assert b"Its 2 rows" in client.get(f"{PAGE}/delete").content
    assert Table.objects.exists()
    assert client.post(f"{PAGE}/delete")["Location"] == "/databases/shop"
    assert not Table.objects.exists()


def test_a_viewer_may_not_delete_a_table(as_user, viewer, orders):
    assert as_user(viewer).post(f"{PAGE}/delete").status_code == 403
    assert Table.objects.exists()


@pytest.mark.parametrize("action", ["reveal", "delete", "rename", "swap", "move", "empty"])
def test_a_forged_post_is_refused(editor, orders, action):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(f"{PAGE}/{action}").status_code == 403
