"""A table of this console that takes a query's result.

In rows of queries, versions and jobs: {"database": name, "table": name, "mode": "append" | "replace"}; empty: none.
In the editor's form the same as JSON text, as {"table": …}, where another export has its authentication.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError

from exports.exporter.mapping import is_constant
from exports.models import Job, Query, QueryVersion
from exports.targets import TargetError
from warehouse.models import Database, Table, valid_name

APPEND, REPLACE = "append", "replace"
MODES = (APPEND, REPLACE)
INSERT = "insert"  # of workflows: as INSERT INTO does, columns that the table does not know by name go by their places


@dataclass(frozen=True)
class TableTarget:
    """The table is made if it is missing; its database has to exist. `mode`: of MODES, or INSERT."""

    database: str
    table: str
    mode: str = APPEND

    @property
    def name(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def url(self) -> str:
        return f"td://@/{self.database}/{self.table}?mode={self.mode}"

    @property
    def says(self) -> str:
        """What becomes of the rows, to go after "The result"."""
        does = {REPLACE: "replaces", INSERT: "is inserted into"}.get(self.mode, "is appended to")
        return f"{does} table {self.name}"


def of(saved: Query | QueryVersion | Job) -> TableTarget | None:
    return TableTarget(**saved.into) if saved.into else None


def to_json(table: TableTarget | None) -> dict[str, Any]:
    return asdict(table) if table else {}


def dump(table: TableTarget | None) -> str:
    """The text that `parse` reads; "" for none."""
    return json.dumps({"table": to_json(table)}) if table else ""


def parse(text: str) -> TableTarget | None:
    """The table that the text names; None where it is about something else. Raises TargetError."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    given = data.get("table") if isinstance(data, dict) else None
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) != {"database", "table", "mode"}:
        raise TargetError(["The table that takes the result must have database, table and mode."])
    if not all(isinstance(value, str) for value in given.values()):
        raise TargetError(["The table that takes the result must be named by texts."])
    table = TableTarget(**given)
    if found := problem(table):
        raise TargetError([f"The result cannot be written into table {table.name}: {found}"])
    return table


def problem(table: TableTarget) -> str:
    """Why no result can be written there, with what is allowed; "" if it can."""
    if table.mode not in (*MODES, INSERT):
        return f"mode must be {' or '.join(MODES)}; {table.mode} is not"
    if not is_constant(f"{table.database} {table.table}"):
        return "has characters that no name can have"
    if not Database.objects.filter(name=table.database).exists():
        return f"there is no database {table.database}; create it first"
    if Table.objects.filter(database__name=table.database, name=table.table).exists():
        return ""
    try:
        valid_name(table.table.replace("\n", " "))  # the pattern lets one at the end pass
    except ValidationError as error:
        return f'"{table.table}" cannot be the name of a table. {error.message}'
    return ""
