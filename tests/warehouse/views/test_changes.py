"""The pages that change tables and databases: they ask, do it, or name who is in the way."""

import pytest

from exports.models import Query
from tests.warehouse.factories import a_table
from warehouse.models import Database, Table

pytestmark = pytest.mark.django_db

PAGE = "/databases/shop/tables/orders"


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


@pytest.fixture
def orders(shop):
    return a_table(shop, n=[1, 2])


@pytest.fixture
def query(shop):
    return Query.objects.create(name="daily", database=shop, sql="SELECT n FROM orders")


def test_the_table_page_offers_every_change(client, orders):
    page = client.get(PAGE).content.decode()
    for action in ("rename", "swap", "move", "empty", "delete"):
        assert f'href="{PAGE}/{action}"' in page


def test_a_table_is_renamed(client, orders):
    assert b'value="orders"' in client.get(f"{PAGE}/rename").content
    response = client.post(f"{PAGE}/rename", {"name": "sales"}, follow=True)
    assert b"Table orders is now called sales." in response.content
    assert response.request["PATH_INFO"] == "/databases/shop/tables/sales"


@pytest.mark.parametrize(
    ("name", "status", "complaint"),
    [("No Name", 422, "lower-case letters"), ("taken", 409, "shop.taken exists already")],
)
def test_a_name_that_will_not_do_is_explained(client, shop, orders, name, status, complaint):
    Table.objects.create(database=shop, name="taken")
    response = client.post(f"{PAGE}/rename", {"name": name})
    assert response.status_code == status and complaint in response.content.decode()
    assert f'value="{name}"' in response.content.decode()


@pytest.mark.parametrize(
    ("action", "fields"), [("rename", {"name": "sales"}), ("move", {"database": "other"}), ("delete", {})]
)
def test_a_table_in_use_is_left_alone_and_its_users_are_linked(client, orders, query, action, fields):
    Database.objects.create(name="other")
    page = client.get(f"{PAGE}/{action}").content.decode()
    assert (
        "It is in use." in page
        and f'href="/queries/{query.pk}"' in page
        and 'type="submit">' not in page.split("wizfoot")[1]
    )
    response = client.post(f"{PAGE}/{action}", fields)
    assert response.status_code == 409 and "query “daily” uses it." in response.content.decode()
    assert Table.objects.get().name == "orders"


def test_tables_are_swapped_also_while_in_use(client, shop, orders, query):
    other = Table.objects.create(database=shop, name="fresh")
    assert b'<option value="fresh">' in client.get(f"{PAGE}/swap").content
    response = client.post(f"{PAGE}/swap", {"other": "fresh"}, follow=True)
    assert b"Tables orders and fresh are swapped." in response.content
    assert Table.objects.get(name="orders") == other


def test_a_table_alone_cannot_be_swapped_or_moved(client, orders):
    assert b"shop has no other table to swap with." in client.get(f"{PAGE}/swap").content
    assert b"There is no other database." in client.get(f"{PAGE}/move").content
    assert client.post(f"{PAGE}/swap", {"other": "orders"}).status_code == 422


def test_a_table_is_moved(client, orders):
    other = Database.objects.create(name="other")
    response = client.post(f"{PAGE}/move", {"database": "other"})
    assert response["Location"] == "/databases/other/tables/orders"
    assert Table.objects.get().database == other


def test_a_table_is_emptied_after_a_question_that_counts_its_rows(client, orders):
    assert b"Its 2 rows are deleted." in client.get(f"{PAGE}/empty").content
    response = client.post(f"{PAGE}/empty", follow=True)
    assert b"Table shop.orders is empty: 2 rows deleted." in response.content
    assert not orders.files.filter(retired_at=None).exists()


def test_a_database_is_renamed(client, orders):
    response = client.post("/databases/shop/rename", {"name": "store"}, follow=True)
    assert response.request["PATH_INFO"] == "/databases/store" and b"orders" in response.content


def test_a_database_whose_name_is_taken_or_written_out_keeps_it(client, shop):
    Database.objects.create(name="other")
    response = client.post("/databases/shop/rename", {"name": "other"})
    assert response.status_code == 422 and b"A database with this name exists." in response.content
    Query.objects.create(name="daily", database=shop, sql="SELECT n FROM shop.orders")
    assert client.post("/databases/shop/rename", {"name": "store"}).status_code == 409


def test_a_database_is_emptied_after_a_question_that_counts(client, orders):
    assert b"1 table with 2 rows go." in client.get("/databases/shop/empty").content
    assert b"1 table of shop deleted." in client.post("/databases/shop/empty", follow=True).content
    assert b"shop has no tables." in client.get("/databases/shop/empty").content


def test_a_database_with_a_query_is_not_deleted(client, query):
    assert b"It is in use." in client.get("/databases/shop/delete").content
    assert client.post("/databases/shop/delete").status_code == 409


@pytest.mark.parametrize("address", [f"{PAGE}/{action}" for action in ("rename", "swap", "move", "empty", "delete")])
def test_a_viewer_may_change_nothing(as_user, viewer, orders, address):
    assert as_user(viewer).get(address).status_code == 403
    assert as_user(viewer).post(address, {"name": "sales"}).status_code == 403
