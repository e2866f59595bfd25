"""What tests of queries need: a database with a small real table, a destination, and what an editor posts."""

import json
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

from exports import queries, targets
from exports.options import DEFAULT
from exports.queries import Draft
from exports.texts import Text
from integrations.models import Authentication
from warehouse.models import Database, Table, TableFile, tables_folder

SQL = "SELECT order_uid, phone, email, paid_at FROM orders ORDER BY order_uid"
ORDERS = {
    "order_uid": ["o-1", "o-2", "o-3"],
    "phone": ["+818012345678", "+819087654321", None],
    "email": ["taro@example.jp", "hanako@shop.example", "kenji@mail.example"],
    "paid_at": [1795360045, 1795360359, 1795360513],
}


def orders(database, columns=ORDERS, name="orders"):
    """A table with these columns in one Parquet file."""
    data = pa.table(columns)
    path = tables_folder() / f"{uuid.uuid4().hex}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data, path)
    kinds = [
        [n, "BIGINT" if pa.types.is_int64(t) else "VARCHAR"]
        for n, t in zip(data.column_names, data.schema.types, strict=True)
    ]
    table = Table.objects.create(database=database, name=name, columns=kinds)
    TableFile.objects.create(table=table, path=path.name, rows=len(data), bytes=path.stat().st_size)
    return table


def shop():
    return Database.objects.get_or_create(name="shop_jp")[0]


def line(name="line_prod"):
    return Authentication.objects.create(name=name, connector_key="line_conversion", settings={"line_tag_id": "tag_1"})


def target_text(authentication, **mapping):
    sources = {field: {"column": column} for field, column in mapping.items()}
    return json.dumps({"authentication": authentication.pk, "mapping": sources, "settings": {}})


def a_draft(name="purchases", sql=SQL, target=None, options=DEFAULT, **changes):
    return Draft(name, a_text(sql=sql, **changes), target, options)


def a_text(sql=SQL, **changes):
    values = {"database": shop(), "sql": sql, "time_zone": "Asia/Tokyo", "engine": "duckdb"}
    return Text(**values | changes)


def a_query(user=None, **changes):
    return queries.create(a_draft(**changes), user=user)


def posted(query=None, **changes):
    """What the form of the editor posts for this query, with some values changed."""
    values = {"name": "purchases", "database": shop().pk, "time_zone": "Asia/Tokyo", "sql": SQL, "target": ""}
    values |= {"engine": "duckdb"}
    if query:
        text = targets.dump(targets.of(query))
        values |= {"name": query.name, "database": query.database_id, "sql": query.sql, "target": text}
        values |= {"version": query.version, "time_zone": query.time_zone}
    return values | changes
