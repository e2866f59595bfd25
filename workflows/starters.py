"""The templates of New User-Defined Workflow: the files that a new project begins with."""

import json
import re

from integrations.models import Authentication
from warehouse.engines.querytext import quoted
from warehouse.models import Table

SCHEDULE = """\
# It runs when it is started by hand. With these two lines (without #) it also runs every day at 07:00.
# schedule:
#   daily>: 07:00:00
"""
QUERY = "queries/events.sql"
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
WORDS = {"true", "false", "null"}  # which YAML takes for something else than text


def blank(name: str, zone: str) -> dict[str, bytes]:
    """A workflow without a task."""
    text = f"""\
timezone: {zone}

{SCHEDULE}
# Tasks run from top to bottom.
# +first_task:
#   echo>: "This session is of ${{session_time}}."
"""
    return {f"{name}.dig": text.encode()}


def export(name: str, zone: str, table: Table, authentication: Authentication) -> dict[str, bytes]:
    """A query's result goes to a destination, as the example of LINE's integration has it."""
    text = f"""\
timezone: {zone}

{SCHEDULE}
_export:
  td:
    database: {table.database.name}

+export_task:
  td>: {QUERY}
  result_connection: {in_yaml(authentication.name)}
  result_settings:
    ignore_invalid_records: true
"""
    return {f"{name}.dig": text.encode(), QUERY: _select(table, authentication).encode()}


def in_yaml(text: str) -> str:
    """The text as a value that workflows read as it is."""
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    return text if plain else json.dumps(text, ensure_ascii=False).replace("$", "${'$'}")


def _select(table: Table, authentication: Authentication) -> str:
    """The columns that are called like the destination's fields; all columns if none is."""
    there = [name for name, _ in table.columns]
    fields = [field.name for field in authentication.destination.fields]
    columns = [name for name in fields if name in there] or there
    listed = ",\n".join(f"  {_column(name)}" for name in columns) if columns else "  *"
    told = f"-- Each row is an event. Columns go to the fields of the same name: {', '.join(fields[:3])} and so on."
    return "\n".join([told, "SELECT", listed, f"FROM {table.name}", ""])


def _column(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else quoted(name)
