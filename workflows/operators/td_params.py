"""What the operators of Treasure Data have in common: their parameters, and the text that a job runs."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Role, User
from exports.exporter.mapping import is_constant
from exports.models import MOST_RETRIES, EngineType, Priority
from exports.options import Options
from exports.texts import Text
from warehouse.models import Database
from workflows.dig.td_operators import ENGINES
from workflows.operators import files, values
from workflows.operators.base import Step, TaskFailed
from workflows.secrets import PLACE

TYPES = {"presto": EngineType.TRINO, "trino": EngineType.TRINO, "hive": EngineType.HIVE}
WRITING = "Write the value itself, or give it to a service with http>: what a job runs is shown to everyone."


def given(step: Step, name: str) -> Any:
    """A parameter; None if there is none, or it is empty."""
    value = step.params.get(name)
    return None if value == "" else value


def flag(step: Step, name: str) -> bool:
    """A parameter that is true or false; false if there is none."""
    value = given(step, name)
    return value is not None and values.boolean(value, name)


def editor(step: Step) -> User:
    """Whoever started the attempt, who may run queries and change tables. Raises TaskFailed."""
    user = step.attempt.created_by
    if user and user.may(Role.EDITOR):
        return user
    who = user.display_name if user else "Whoever started this attempt"
    says = f"{who} may not do what {step.task.op}> does: it needs the role editor."
    raise TaskFailed(says, "An editor can run the workflow, or push it, so that its schedule runs as theirs.")


def database(step: Step) -> Database:
    """That of the parameter `database`. Raises TaskFailed."""
    name = database_name(step)
    found = Database.objects.filter(name=name).first() if is_constant(name) else None
    if found is None:
        raise TaskFailed(f"There is no database {values.shown(name)}.", "Create it first, such as with td_ddl>.")
    return found


def database_name(step: Step) -> str:
    """Raises TaskFailed if none is given."""
    value = given(step, "database")
    if value is None:
        raise TaskFailed(
            f"{step.task.op}> needs a database.", "Give it as “database”, or for all tasks as td: database in _export."
        )
    return values.text(value, "database")


def engine(step: Step) -> str:
    """One of ENGINES. Raises TaskFailed."""
    value = given(step, "engine")
    name = "presto" if value is None else values.text(value, "engine")
    if name not in TYPES:
        raise values.must_be("engine", " or ".join(ENGINES), name)
    return name


def options(step: Step) -> Options:
    """Raises TaskFailed."""
    priority, repeats = given(step, "priority"), given(step, "job_retry")
    low, high = Priority.VERY_LOW, Priority.VERY_HIGH
    return Options(
        Priority.NORMAL if priority is None else values.number(priority, "priority", low, high),
        0 if repeats is None else values.number(repeats, "job_retry", 0, MOST_RETRIES),
    )


def text(step: Step) -> Text:
    """What a job of the task runs: its SQL in its database, read as by its engine. Raises TaskFailed."""
    return Text(database(step), sql(step), engine=TYPES[engine(step)])


def sql(step: Step) -> str:
    """The SQL of a file, of `{data: …}` or of `query`, computed. Raises TaskFailed."""
    found = _sql(step)
    if not found.strip():
        raise TaskFailed(f"The query of {step.task.op}> is empty.")
    if not is_constant(found):
        raise TaskFailed("The query has characters that cannot be kept, such as U+0000.")
    if secret := PLACE.search(found):
        raise TaskFailed(f"The query has {secret[0]}, and no secret can stand in a query.", WRITING)
    return found


def _sql(step: Step) -> str:
    command = step.command
    if isinstance(command, Mapping):
        return values.words(command.get("data"), "data")
    if command is None or command == "":
        return values.words(given(step, "query"), "query")
    return files.rendered(step, values.text(command, f"{step.task.op}>"))
