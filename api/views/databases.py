"""Databases."""

from django.db import IntegrityError

from accounts.models import Role
from api.declared import BOOLEAN, INTEGER, TEXT, Answer, Call, Schema, array, endpoint, nullable, record
from api.errors import ApiError
from api.refusals import database_named, refusals
from api.times import utc
from warehouse import catalogue, changes, tables
from warehouse.models import Database

TAG = "Databases"
NOTHING: Schema = {"type": "null"}
DATABASE = record(
    name=TEXT,
    count=INTEGER,
    created_at=TEXT,
    updated_at=TEXT,
    organization=nullable(TEXT),
    permission=TEXT,
    delete_protected=BOOLEAN,
    database_permissions=NOTHING,
)
NAMED = record(database=TEXT)
PERMISSIONS = ((Role.ADMIN, "administrator"), (Role.EDITOR, "full_access"), (Role.VIEWER, "query_only"))


@endpoint("GET", "/v3/database/list", tag=TAG, answer=record(databases=array(DATABASE)))
def database_list(call: Call) -> Answer:
    """List the databases. `count` is of the rows of all tables."""
    return {"databases": [_database(call, database) for database in catalogue.databases()]}


@endpoint("GET", "/v3/database/show/{database}", tag=TAG, answer=DATABASE)
def database_show(call: Call, database: str) -> Answer:
    """Show one database."""
    return _database(call, catalogue.databases().get(pk=database_named(database).pk))


@endpoint("POST", "/v3/database/create/{database}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def database_create(call: Call, database: str) -> Answer:
    """Make an empty database. A name has 3 to 128 lower-case letters, digits and underscores."""
    taken = ApiError(409, f"Database {database} already exists.")
    if Database.objects.filter(name=database).exists():
        raise taken
    try:
        with refusals("database"):
            tables.create_database(database, call.user, request=call.request)
    except IntegrityError as error:
        raise taken from error
    return {"database": database}


@endpoint("POST", "/v3/database/delete/{database}", role=Role.EDITOR, tag=TAG, answer=NAMED)
def database_delete(call: Call, database: str) -> Answer:
    """Delete a database with its tables. One that a query or a running job needs stays."""
    with refusals("database"):
        changes.delete_with_tables(database_named(database), user=call.user, request=call.request)
    return {"database": database}


def _database(call: Call, database: Database) -> dict[str, object]:
    """`database`: with the sums of `catalogue.databases`."""
    return {
        "name": database.name,
        "count": database.rows,  # type: ignore[attr-defined]
        "created_at": utc(database.created_at),
        "updated_at": utc(database.last_load or database.created_at),  # type: ignore[attr-defined]
        "organization": None,
        "permission": next((word for role, word in PERMISSIONS if call.may(role)), "query_only"),
        "delete_protected": False,
        "database_permissions": None,
    }
