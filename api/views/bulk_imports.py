"""Bulk imports, as pytd and embulk do them."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import FileResponse, HttpResponse

from accounts import audit
from accounts.models import Role
from api.bodies import MSGPACK, on_disk
from api.declared import BOOLEAN, INTEGER, TEXT, Answer, Call, Param, Schema, array, endpoint, nullable, record
from api.errors import ApiError, missing
from api.refusals import refusals, table_named
from exports import bulk_imports as bulk
from exports.bulk_models import BulkImport
from exports.models import Priority
from exports.options import Options

TAG = "Bulk imports"
STATUS: Schema = {"type": "string", "enum": ["uploading", "performing", "ready", "committing", "committed"]}
BULK_IMPORT = record(
    name=TEXT,
    status=STATUS,
    database=TEXT,
    table=TEXT,
    job_id=nullable(TEXT),
    upload_frozen=BOOLEAN,
    valid_records=INTEGER,
    error_records=INTEGER,
    valid_parts=INTEGER,
    error_parts=INTEGER,
)
NAMED = record(name=TEXT, bulk_import=TEXT)
PART = record(name=TEXT, bulk_import=TEXT, part=TEXT)
MODE = Param(
    "mode", help="replace: the rows take the place of the table's", default="append", choices=("append", "replace")
)
PRIORITY = Param("priority", "integer", default=Priority.NORMAL, minimum=Priority.VERY_LOW, maximum=Priority.VERY_HIGH)


@endpoint("GET", "/v3/bulk_import/list", tag=TAG, answer=record(bulk_imports=array(BULK_IMPORT)))
def bulk_import_list(call: Call) -> Answer:
    """List the bulk imports."""
    found = BulkImport.objects.select_related("job", "table__database")
    return {"bulk_imports": [_shown(each) for each in found]}


@endpoint("GET", "/v3/bulk_import/show/{name}", tag=TAG, answer=BULK_IMPORT)
def bulk_import_show(call: Call, name: str) -> Answer:
    """Show one: how far it is, and after its job how many records and parts are valid."""
    return _shown(_named(name))


@endpoint("GET", "/v3/bulk_import/list_parts/{name}", tag=TAG, answer=record(name=TEXT, parts=array(TEXT)))
def bulk_import_list_parts(call: Call, name: str) -> Answer:
    """List the names of its parts."""
    return {"name": name, "parts": list(_named(name).parts.values_list("name", flat=True))}


@endpoint(
    "POST",
    "/v3/bulk_import/create/{name}/{database}/{table}",
    role=Role.EDITOR,
    tag=TAG,
    params=(MODE,),
    answer=NAMED,
)
def bulk_import_create(call: Call, name: str, database: str, table: str) -> Answer:
    """Begin a bulk import into a table. It ends by itself 30 days after its last step."""
    found = table_named(database, table)
    with _steps("name"):
        bulk.create(name, found, call["mode"], user=call.user, request=call.request)
    return _answer(name)


@endpoint("PUT", "/v3/bulk_import/upload_part/{name}/{part}", role=Role.EDITOR, tag=TAG, answer=PART, body=MSGPACK)
def bulk_import_upload_part(call: Call, name: str, part: str) -> Answer:
    """Send a part: maps in msgpack, packed with gzip. Sent again under its name, it takes the place of the first."""
    found = _named(name)
    with on_disk(call.request) as body, _steps("part"):
        bulk.put_part(found, part, body.path, body.bytes)
    return _answer(name) | {"part": part}


@endpoint("POST", "/v3/bulk_import/delete_part/{name}/{part}", role=Role.EDITOR, tag=TAG, answer=PART)
def bulk_import_delete_part(call: Call, name: str, part: str) -> Answer:
    """Take a part back."""
    with _steps("part"):
        if not bulk.delete_part(_named(name), part):
            raise missing(f"The part {part} of the bulk import {name}")
    return _answer(name) | {"part": part}


@endpoint("POST", "/v3/bulk_import/freeze/{name}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def bulk_import_freeze(call: Call, name: str) -> Answer:
    """Take no more parts."""
    with _steps("name"):
        bulk.freeze(_named(name))
    return _answer(name)


@endpoint("POST", "/v3/bulk_import/unfreeze/{name}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def bulk_import_unfreeze(call: Call, name: str) -> Answer:
    """Take parts again; it has to be performed anew then."""
    with _steps("name"):
        bulk.unfreeze(_named(name))
    return _answer(name)


@endpoint(
    "POST",
    "/v3/bulk_import/perform/{name}",
    role=Role.EDITOR,
    tag=TAG,
    params=(PRIORITY, Param("pool_name", help="Accepted, and without effect")),
    answer=record(name=TEXT, bulk_import=TEXT, job_id=TEXT),
)
def bulk_import_perform(call: Call, name: str) -> Answer:
    """Start the job that reads the parts. Records and parts that cannot be read are left out and counted."""
    with _steps("name"):
        job = bulk.perform(_named(name), user=call.user, options=Options(call["priority"]), request=call.request)
    return _answer(name) | {"job_id": str(job.pk)}


@endpoint("POST", "/v3/bulk_import/commit/{name}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def bulk_import_commit(call: Call, name: str) -> Answer:
    """Put its rows into the table: all in one moment, and once, however often it is asked for."""
    with _steps("name"):
        bulk.commit(_named(name), user=call.user, request=call.request)
    return _answer(name)


@endpoint("POST", "/v3/bulk_import/delete/{name}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def bulk_import_delete(call: Call, name: str) -> Answer:
    """Forget a bulk import and its parts. Rows that are committed stay."""
    with _steps("name"):
        bulk.delete(_named(name), user=call.user, request=call.request)
    return _answer(name)


@endpoint("GET", "/v3/bulk_import/error_records/{name}", role=Role.EDITOR, tag=TAG, media=("application/octet-stream",))
def bulk_import_error_records(call: Call, name: str) -> Answer:
    """Get the records that were left out, as they were sent: msgpack, packed with gzip."""
    found = _named(name)
    audit.record("bulk_import.error_records", found, request=call.request, rows=found.error_records)
    try:
        if found.bad:
            return FileResponse((found.folder / found.bad).open("rb"), content_type="application/octet-stream")
    except FileNotFoundError:  # deleted in this moment
        pass
    return HttpResponse(gzip.compress(b""), content_type="application/octet-stream")


@contextmanager
def _steps(name: str) -> Iterator[None]:
    try:
        with refusals(name):
            yield
    except bulk.NotNow as error:
        raise ApiError(409, str(error)) from error


def _named(name: str) -> BulkImport:
    found = BulkImport.objects.select_related("job", "table__database").filter(name=name).first()
    if found is None:
        raise missing(f"Bulk import {name}")
    return found


def _answer(name: str) -> dict[str, str]:
    return {"name": name, "bulk_import": name}


def _shown(found: BulkImport) -> dict[str, object]:
    database, table = found.shown_name
    return _answer(found.name) | {
        "status": bulk.status(found),
        "database": database,
        "table": table,
        "job_id": str(found.job_id) if found.job_id else None,
        "upload_frozen": found.frozen,
        "valid_records": found.valid_records,
        "error_records": found.error_records,
        "valid_parts": found.valid_parts,
        "error_parts": found.error_parts,
    }
