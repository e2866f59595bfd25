"""Imports of rows, a little at a time."""

import time
import uuid

from accounts.models import Role
from api.bodies import MSGPACK, on_disk
from api.declared import NUMBER, TEXT, Answer, Call, endpoint, record
from api.errors import invalid
from api.refusals import refusals, table_named
from warehouse.importing import Sent, import_file

TAG = "Imports"
FORMAT = "msgpack.gz"
LONGEST_ID = 255
IMPORTED = record(elapsed_time=NUMBER, unique_id=TEXT, database=TEXT, table=TEXT, md5_hex=TEXT)


@endpoint(
    "PUT", "/v3/table/import/{database}/{table}/{format}", role=Role.EDITOR, tag=TAG, answer=IMPORTED, body=MSGPACK
)
def table_import(call: Call, database: str, table: str, format: str) -> Answer:
    """Add rows to a table: maps in msgpack, one after the other, packed with gzip. `format` is "msgpack.gz".

    New keys become columns. A row without time gets that of the import. All rows are added, or none.
    """
    return _import(call, database, table, format, "")


@endpoint(
    "PUT",
    "/v3/table/import_with_id/{database}/{table}/{unique_id}/{format}",
    role=Role.EDITOR,
    tag=TAG,
    answer=IMPORTED,
    body=MSGPACK,
)
def table_import_with_id(call: Call, database: str, table: str, unique_id: str, format: str) -> Answer:
    """The same under an id of the sender's. What comes again under it, within 30 days, is not added again."""
    if len(unique_id) > LONGEST_ID:
        raise invalid("unique_id", f"has {len(unique_id):,} characters; at most {LONGEST_ID} are allowed")
    return _import(call, database, table, format, unique_id)


def _import(call: Call, database: str, table: str, form: str, unique_id: str) -> Answer:
    began = time.monotonic()
    if form != FORMAT:
        raise invalid("format", f"must be {FORMAT}")
    found = table_named(database, table)
    with on_disk(call.request) as body, refusals("table"):
        import_file(found, Sent(body.path, unique_id, call.user, call.request))
    return {
        "elapsed_time": round(time.monotonic() - began, 3),
        "unique_id": unique_id or uuid.uuid4().hex,
        "database": database,
        "table": table,
        "md5_hex": body.md5,
    }
