"""What the warehouse refuses, as answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from api.errors import ApiError, invalid, missing
from warehouse.changes import Refused
from warehouse.loading import NotLoaded
from warehouse.models import Database, Table
from warehouse.tdtypes import SchemaProblem
from warehouse.usage import InUse


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turn what is refused within into an ApiError. `name`: of the parameter that is to blame for what is not valid."""
    try:
        yield
    except ValidationError as error:
        raise invalid(name, " ".join(error.messages)) from error
    except SchemaProblem as error:
        raise invalid("schema", str(error)) from error
    except InUse as error:
        uses = [{"kind": use.kind, "name": use.name} for use in error.uses]
        raise ApiError(409, str(error), {"used_by": uses} if uses else None) from error
    except Refused as error:
        raise ApiError(409, str(error)) from error
    except NotLoaded as error:
        place = {"record": error.line, "column": error.column}
        raise ApiError(422, error.message, {key: value for key, value in place.items() if value}) from error
    except (Database.DoesNotExist, Table.DoesNotExist) as error:
        raise missing("What was to be changed") from error


def database_named(name: str) -> Database:
    """Raises ApiError 404."""
    found = Database.objects.filter(name=name).first()
    if found is None:
        raise missing(f"Database {name}")
    return found


def table_named(database: str, name: str) -> Table:
    """Raises ApiError 404."""
    found = Table.objects.select_related("database").filter(database__name=database, name=name).first()
    if found is None:
        database_named(database)
        raise missing(f"Table {database}.{name}")
    return found
