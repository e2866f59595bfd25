"""A shop whose customers were built into a parent segment."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils import timezone

from audiences import activations, parents, segments
from audiences.activations import Wanted
from audiences.definitions import Definition
from audiences.models import ParentSegment
from audiences.outputs import Attribute, Built, Outputs, Parameter
from audiences.parents import Plan
from audiences.repeats import Repeat
from audiences.segments import Draft
from exports.targets import Target
from integrations.models import Authentication
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


def a_destination(name="line_capi_prod"):
    """That can send: with a token for the tag of the sandbox."""
    saved = Authentication(name=name, connector_key="line_conversion", settings={"line_tag_id": "tag"})
    saved.set_secrets({"access_token": "token"}, at=timezone.now())
    saved.save()
    return saved


def stringed(column, kind="String", **values):
    return Built(column, "$1", (Parameter(kind, **values),))


EVENTS = Outputs(
    False,
    (Attribute("deduplication_key", "customer_id"), Attribute("email", "email")),
    (
        stringed("event_type", value="conversion"),
        stringed("source_type", value="web"),
        stringed("event_timestamp", "Timestamp"),
    ),
)


def wanted(name="Winback", authentication=None, outputs=EVENTS, **values):
    settings = {"ignore_invalid_records": True, "max_records": 1000, "keep_row_order": False}
    target = Target(authentication or Authentication.objects.first() or a_destination(), {}, settings)
    return Wanted(name, target, outputs=outputs, **values)


DAILY = Repeat("day", start=datetime(2026, 11, 1, 6), time_zone="Asia/Tokyo")


def an_activation(segment, user, **values):
    """That runs daily from 06:00 in Tokyo on, unless told otherwise."""
    return activations.create(segment, wanted(**{"repeat": DAILY, **values}), user=user)[0]
