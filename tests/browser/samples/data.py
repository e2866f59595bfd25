"""Databases and tables."""

import pyarrow as pa
import pyarrow.parquet as pq
from django.urls import reverse

from accounts.models import Role
from exports.models import Query
from tests.browser.samples.page import Page
from warehouse.models import Database, Table, TableFile


def a_table(page=""):
    """With rows, personal data, a NULL and two loads."""
    shop = Database.objects.create(name="shop_jp")
    one = Table.objects.create(database=shop, name="orders", columns=[["order_id", "BIGINT"], ["phone", "VARCHAR"]])
    file = TableFile(table=one, path=f"{shop.pk}/{one.pk}/a.parquet", rows=2, bytes=900)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"order_id": [1, 2], "phone": ["+819012345678", None]}), file.absolute_path)
    file.save()
    for mode in ("append", "replace"):
        one.loads.create(mode=mode, sources=["orders.csv"], rows=2)
    return reverse("warehouse:table", args=["shop_jp", "orders"]) + page


def a_used_table(page=""):
    """One that a query reads, beside another one."""
    address = a_table(page)
    shop = Database.objects.get()
    Table.objects.create(database=shop, name="orders_new")
    Query.objects.create(name="daily_orders", database=shop, sql="SELECT phone FROM orders")
    return address


def a_database(page=""):
    a_table()
    return reverse("warehouse:database", args=["shop_jp"]) + page


def an_empty_database(page=""):
    Database.objects.create(name="shop_jp")
    return reverse("warehouse:database", args=["shop_jp"]) + page


PAGES = [
    Page("no databases", "/databases", Role.EDITOR),
    Page("databases", lambda: a_database() and "/databases", Role.VIEWER),
    Page("databases, nothing found", "/databases?q=nothing", Role.VIEWER),
    Page("new database", "/databases/new-database", Role.EDITOR),
    Page("database", a_database, Role.EDITOR),
    Page("empty database", an_empty_database, Role.EDITOR),
    Page("delete a database with tables", lambda: a_database("/delete"), Role.EDITOR),
    Page("delete an empty database", lambda: an_empty_database("/delete"), Role.EDITOR),
    Page("table", a_table, Role.EDITOR),
    Page("table, for a viewer", a_table, Role.VIEWER),
    Page("delete a table", lambda: a_table("/delete"), Role.EDITOR),
    Page("delete a table in use", lambda: a_used_table("/delete"), Role.EDITOR),
    Page("rename a table", lambda: a_table("/rename"), Role.EDITOR),
    Page("swap two tables", lambda: a_used_table("/swap"), Role.EDITOR),
    Page("move a table", lambda: a_table("/move"), Role.EDITOR),
    Page("empty a table", lambda: a_table("/empty"), Role.EDITOR),
    Page("rename a database", lambda: a_database("/rename"), Role.EDITOR),
    Page("empty a database", lambda: a_database("/empty"), Role.EDITOR),
    Page("upload a file", lambda: a_database("/upload?table=orders"), Role.EDITOR),
]
