"""A shop whose customers were built into a parent segment."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from audiences import parents, segments
from audiences.definitions import Definition
from audiences.models import ParentSegment
from audiences.parents import Plan
from audiences.segments import Draft
from warehouse.models import Database, Table, TableFile

TYPES = {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN", "timestamp[us]": "TIMESTAMP"}
CUSTOMERS = {
    "customer_id": ["c1", "c2", "c3", "c4"],
    "email": ["taro@example.jp", "hana@example.jp", None, "ken@example.jp"],
    "country": ["JP", "JP", "US", None],
    "points": [10, 200, 30, 0],
    "newsletter": [True, False, True, None],
    "registered_at": [datetime(2026, month, 1) for month in (1, 2, 3, 4)],
}
ORDERS = {
    "customer_id": ["c1", "c1", "c2", "c3"],
    "time": [int(datetime(2026, 5, day, tzinfo=UTC).timestamp()) for day in (1, 2, 3, 4)],
    "total": [1000, 2500, 400, 9000],
    "category": ["tea", "cups", "tea", None],
}
DEFINITION = {
    "master": {"database": "shop_jp", "table": "customers", "key": "customer_id"},
    "attributes": [],
    "behaviors": [
        {
            "name": "Orders",
            "database": "shop_jp",
            "table": "orders",
            "key": "customer_id",
            "parent_key": "customer_id",
            "time": "time",
            "columns": [{"source": name, "name": name} for name in ("total", "category")],
        }
    ],
}


def a_table(database, name, columns):
    """With its rows, in one Parquet file below DATA_DIR."""
    data = pa.table(columns)
    place, _ = Database.objects.get_or_create(name=database)
    kinds = [[field.name, TYPES[str(field.type)]] for field in data.schema]
    table = Table.objects.create(database=place, name=name, columns=kinds)
    file = TableFile(table=table, path=f"{database}-{name}.parquet", rows=len(data), bytes=1)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data, file.absolute_path)
    file.save()
    return table


def a_parent(name="Shop customers", built=True):
    """Of the shop's tables; `built`: with its table of customers, as a build would leave it."""
    if not Table.objects.filter(database__name="shop_jp", name="orders").exists():
        a_table("shop_jp", "customers", CUSTOMERS)
        a_table("shop_jp", "orders", ORDERS)
    parent = ParentSegment.objects.create(name=name, definition=DEFINITION)
    if built:
        a_table(parent.database_name, "customers", CUSTOMERS)
    return parent


def a_built_parent(user, name="Shop customers"):
    """One that people made, with its table of customers as its first build leaves it."""
    if not Table.objects.filter(database__name="shop_jp", name="orders").exists():
        a_table("shop_jp", "customers", CUSTOMERS)
        a_table("shop_jp", "orders", ORDERS)
    parent, _ = parents.create(Plan(name, Definition.from_json(DEFINITION)), user=user)
    a_table(parent.database_name, "customers", CUSTOMERS)
    return parent


def attribute(name, kind, **operator):
    return {"type": "Value", "leftValue": {"name": name}, "operator": {"type": kind, **operator}, "exclude": False}


def rule_of(*conditions, kind="And"):
    return {"type": kind, "conditions": list(conditions)}


IN_JAPAN = rule_of(attribute("country", "Equal", rightValue="JP"))


def a_segment(parent, name="In Japan", rule=IN_JAPAN, folder=None, user=None):
    return segments.create(parent, Draft(name, "", folder, rule), user=user)
