"""The pages of databases: who may see and change them, and that they cost the same however much there is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from warehouse.models import Database, Table, TableFile

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def table(database, name, *, files=1, retired=None):
    made = Table.objects.create(database=database, name=name, columns=[["id", "BIGINT"], ["phone", "VARCHAR"]])
    for number in range(files):
        path = f"{database.pk}/{made.pk}/{number}.parquet"
        TableFile.objects.create(table=made, path=path, rows=1000, bytes=2048, retired_at=retired)
    return made


def test_the_list_sums_up_each_database(as_user, viewer, shop):
    table(shop, "orders", files=2)
    table(shop, "visits", files=1)
    page = as_user(viewer).get("/databases").content.decode()
    assert "shop" in page and "3,000" in page and "6.0\xa0KB" in page


def test_retired_files_do_not_count(as_user, viewer, shop):
    table(shop, "orders", retired="2025-01-01T00:00:00Z")
    assert "1,000" not in as_user(viewer).get("/databases").content.decode()


@pytest.mark.parametrize("address", ["/databases", "/databases/shop"])
def test_many_tables_cost_no_more_queries_than_one(as_user, viewer, shop, address, django_assert_num_queries):
    client = as_user(viewer)
    table(shop, "orders")
    few = count(client, address)
    for number in range(30):
        table(Database.objects.create(name=f"other_{number}"), "orders", files=3)
        table(shop, f"table_{number}", files=3)
    with django_assert_num_queries(few):
        client.get(address)


def count(client, address):
    """How many queries a page costs."""
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def test_the_list_is_searched_by_name(as_user, viewer, shop):
    Database.objects.create(name="audience")
    page = as_user(viewer).get("/databases?q=AUD").content.decode()
    assert "/databases/audience" in page and "/databases/shop" not in page


def test_a_long_list_is_split_into_pages(as_user, viewer):
    Database.objects.bulk_create(Database(name=f"database_{number:03}") for number in range(51))
    assert "database_050" in as_user(viewer).get("/databases?page=2").content.decode()


def test_an_editor_creates_a_database(as_user, editor):
    response = as_user(editor).post("/databases/new-database", {"name": "shop_jp"})
    assert response["Location"] == "/databases/shop_jp"
    assert Database.objects.get().created_by == editor
    entry = AuditEntry.objects.get(action="database.create")
    assert (entry.user, entry.target_name) == (editor, "shop_jp")


@pytest.mark.parametrize(("name", "reason"), [("shop", b"name exists"), ("My Shop", b"lower-case letters")])
def test_a_name_that_will_not_do_is_explained_beside_the_field(as_user, editor, shop, name, reason):
    response = as_user(editor).post("/databases/new-database", {"name": name})
    assert response.status_code == 422 and reason in response.content
    assert b'aria-invalid="true"' in response.content and name.encode() in response.content


@pytest.mark.parametrize("address", ["new-database", "shop/delete", "shop/upload"])
def test_a_viewer_may_change_nothing(as_user, viewer, shop, address):
    assert as_user(viewer).get(f"/databases/{address}").status_code == 403
    assert as_user(viewer).post(f"/databases/{address}", {"name": "new"}).status_code == 403
    assert Database.objects.get() == shop


def test_a_viewer_sees_no_buttons_to_change_things(as_user, viewer, shop):
    page = as_user(viewer).get("/databases/shop").content
    assert b"Upload file" not in page and b"Delete" not in page


def test_an_empty_database_is_deleted(as_user, editor, shop):
    assert b"Delete database" in as_user(editor).get("/databases/shop/delete").content
    assert as_user(editor).post("/databases/shop/delete")["Location"] == "/databases"
    assert not Database.objects.exists()


def test_a_database_with_tables_is_not_deleted(as_user, editor, shop):
    table(shop, "orders")
    response = as_user(editor).post("/databases/shop/delete")
    assert response.status_code == 409 and b"still has 1 table" in response.content
    assert b"Delete database" not in as_user(editor).get("/databases/shop/delete").content


def test_the_schema_names_tables_and_columns_in_one_query(as_user, viewer, shop, django_assert_num_queries):
    client = as_user(viewer)
    table(shop, "orders")
    before = count(client, "/databases/shop/schema")
    for number in range(20):
        table(shop, f"table_{number:02}")
    with django_assert_num_queries(before):
        found = client.get("/databases/shop/schema").json()
    assert found["orders"] == ["id", "phone"] and len(found) == 21


@pytest.mark.parametrize("address", ["/databases/none", "/databases/none/schema", "/databases/shop/tables/none"])
def test_what_does_not_exist_is_not_found(as_user, viewer, shop, address):
    assert as_user(viewer).get(address).status_code == 404


def test_a_database_page_lists_its_tables_only(as_user, viewer, shop):
    table(shop, "orders")
    table(Database.objects.create(name="other"), "visits")
    page = as_user(viewer).get("/databases/shop").content.decode()
    assert "/databases/shop/tables/orders" in page and "visits" not in page
