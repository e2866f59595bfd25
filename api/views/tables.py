"""Tables: what there is, their columns and names, and the newest rows."""

import msgpack
from django.db import IntegrityError
from django.http import HttpResponse

from accounts import audit
from accounts.models import Role
from api.declared import BOOLEAN, INTEGER, TEXT, Answer, Call, Param, array, endpoint, nullable, record
from api.errors import ApiError, invalid, missing
from api.refusals import database_named, refusals, table_named
from api.times import utc
from warehouse import altering, catalogue, changes, tail, tdtypes
from warehouse.engines.base import EngineError, EngineUnavailable
from warehouse.models import Table
from warehouse.tables import delete_table

TAG = "Tables"
TABLE = record(
    id=INTEGER,
    name=TEXT,
    type=TEXT,
    count=INTEGER,
    estimated_storage_size=INTEGER,
    counter_updated_at=nullable(TEXT),
    last_log_timestamp=nullable(TEXT),
    created_at=TEXT,
    updated_at=TEXT,
    expire_days=nullable(INTEGER),
    include_v=BOOLEAN,
    schema=TEXT,
)
NAMED = record(database=TEXT, table=TEXT, type=TEXT)
SCHEMA = Param(
    "schema", "object", help='[["name", "type"], …]; types: int, long, float, double, string, array<…>', required=True
)


@endpoint("GET", "/v3/table/list/{database}", tag=TAG, answer=record(database=TEXT, tables=array(TABLE)))
def table_list(call: Call, database: str) -> Answer:
    """List the tables of a database."""
    return {"database": database, "tables": [_table(table) for table in catalogue.tables(database_named(database))]}


@endpoint("GET", "/v3/table/show/{database}/{table}", tag=TAG, answer=TABLE)
def table_show(call: Call, database: str, table: str) -> Answer:
    """Show one table."""
    found = table_named(database, table)
    return _table(catalogue.with_sums(Table.objects.filter(pk=found.pk)).get())


@endpoint("POST", "/v3/table/create/{database}/{table}/{type}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def table_create(call: Call, database: str, table: str, type: str) -> Answer:
    """Make an empty table, with the column time. `type` is "log". Imports add the columns that they need."""
    if type != "log":
        raise invalid("type", "must be log, the only type of tables")
    home, taken = database_named(database), ApiError(409, f"Table {database}.{table} already exists.")
    if home.tables.filter(name=table).exists():
        raise taken
    try:
        with refusals("table"):
            altering.create_table(home, table, user=call.user, request=call.request)
    except IntegrityError as error:
        raise taken from error
    return _named(database, table)


@endpoint("POST", "/v3/table/delete/{database}/{table}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def table_delete(call: Call, database: str, table: str) -> Answer:
    """Delete a table. One that a saved query reads stays."""
    with refusals("table"):
        delete_table(table_named(database, table), user=call.user, request=call.request)
    return _named(database, table)


@endpoint(
    "POST",
    "/v3/table/swap/{database}/{table}/{other}",
    role=Role.EDITOR,
    tag=TAG,
    answer=record(database=TEXT, table1=TEXT, table2=TEXT),
)
def table_swap(call: Call, database: str, table: str, other: str) -> Answer:
    """Let two tables exchange their names, in one moment."""
    one = table_named(database, table)
    table_named(database, other)
    with refusals("table"):
        changes.swap_tables(one, other, user=call.user, request=call.request)
    return {"database": database, "table1": table, "table2": other}


@endpoint(
    "POST",
    "/v3/table/rename/{database}/{table}/{new_name}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("overwrite", "boolean", help="Delete the table that has the name already", default=False),),
    answer=NAMED,
)
def table_rename(call: Call, database: str, table: str, new_name: str) -> Answer:
    """Give a table another name. One that a saved query reads keeps its name."""
    one = table_named(database, table)
    with refusals("new_name"):
        changes.rename_table(one, new_name, overwrite=call["overwrite"], user=call.user, request=call.request)
    return _named(database, new_name)


@endpoint(
    "POST",
    "/v3/table/change_database/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("dest_database_name", required=True, most=128),),
    answer=NAMED,
)
def table_change_database(call: Call, database: str, table: str) -> Answer:
    """Put a table into another database."""
    one, to = table_named(database, table), database_named(call["dest_database_name"])
    with refusals("table"):
        changes.move_table(one, to, user=call.user, request=call.request)
    return _named(to.name, table)


@endpoint(
    "POST",
    "/v3/table/update-schema/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(SCHEMA,),
    answer=NAMED,
)
def table_update_schema(call: Call, database: str, table: str) -> Answer:
    """Give a table other columns. Rows stay: a column that is left out is not shown, and a value that does not fit its
    column's type reads as NULL. Both come back with the old schema. The column time stays whatever is sent."""
    with refusals("schema"):
        altering.set_columns(table_named(database, table), call["schema"], user=call.user, request=call.request)
    return _named(database, table)


@endpoint(
    "POST",
    "/v3/table/append-schema/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(SCHEMA,),
    answer=NAMED,
)
def table_append_schema(call: Call, database: str, table: str) -> Answer:
    """Give a table more columns."""
    with refusals("schema"):
        altering.add_columns(table_named(database, table), call["schema"], user=call.user, request=call.request)
    return _named(database, table)


@endpoint(
    "POST",
    "/v3/table/update/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("expire_days", "integer", help="Only 0: rows do not expire here", minimum=0),
        Param("include_v", "boolean", help="Only false: there is no column v"),
        Param("detect_schema", "boolean", help="Only true: imports add the columns that they need"),
    ),
    answer=NAMED,
)
def table_update(call: Call, database: str, table: str) -> Answer:
    """Confirm how tables are here. Rows do not expire, there is no column v, and imports add columns."""
    table_named(database, table)
    if call["expire_days"]:
        raise invalid("expire_days", "rows of tables do not expire here; delete old ones with a query that replaces")
    if call["include_v"]:
        raise invalid("include_v", "tables have no column v here")
    if call["detect_schema"] is False:
        raise invalid("detect_schema", "imports always add the columns that they need")
    return _named(database, table)


@endpoint(
    "GET",
    "/v3/table/tail/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("count", "integer", help="Rows", default=10, minimum=1, maximum=1000),
        Param("format", default="msgpack", choices=("msgpack",)),
    ),
    media=("application/x-msgpack",),
)
def table_tail(call: Call, database: str, table: str) -> Answer:
    """Get the newest rows by time, the newest first: a map a row, one after the other in msgpack."""
    found = table_named(database, table)
    try:
        rows = tail.newest_rows(found, call["count"])
    except EngineError as error:
        status = 503 if isinstance(error, EngineUnavailable) else 422
        raise ApiError(status, f"The rows cannot be read: {error.message}") from error
    audit.record("table.tail", found, request=call.request, rows=len(rows))
    return HttpResponse(b"".join(map(msgpack.packb, rows)), content_type="application/x-msgpack")


@endpoint("GET", "/v3/table/distribution/{database}/{table}", tag=TAG)
def table_distribution(call: Call, database: str, table: str) -> Answer:
    """How rows are distributed: always 404, for tables are not distributed by a key here."""
    table_named(database, table)
    raise missing(f"A distribution of table {database}.{table}")


def _named(database: str, table: str) -> dict[str, str]:
    return {"database": database, "table": table, "type": "log"}


def _table(table: Table) -> dict[str, object]:
    """`table`: with the sums of `catalogue.with_sums`."""
    return {
        "id": table.pk,
        "name": table.name,
        "type": "log",
        "count": table.rows,  # type: ignore[attr-defined]
        "estimated_storage_size": table.bytes,  # type: ignore[attr-defined]
        "counter_updated_at": utc(table.last_load) or None,  # type: ignore[attr-defined]
        "last_log_timestamp": None,
        "created_at": utc(table.created_at),
        "updated_at": utc(table.updated_at),
        "expire_days": None,
        "include_v": False,
        "schema": tdtypes.text(table.columns),
    }
