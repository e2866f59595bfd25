"""td_ddl>: databases and tables, in digdag's order: databases before tables, what is dropped before what is made.

Each change is on record in the transaction that makes it: a step that is repeated after a death goes on behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from exports.lease import LostLease
from warehouse import altering, changes, tables, usage
from warehouse.changes import Refused
from warehouse.models import Database, Table
from warehouse.usage import InUse
from workflows.models import Task, TaskState
from workflows.operators import td_params, values
from workflows.operators.base import Done, Outcome, Step, TaskFailed, operator

Make = Callable[[User], str]
"""Does it, as this user, and says what was done."""


@dataclass(frozen=True)
class TableName:
    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    def found(self) -> Table | None:
        return Table.objects.select_related("database").filter(database__name=self.database, name=self.table).first()


@operator("td_ddl")
def td_ddl(step: Step) -> Outcome:
    """Create, empty, drop and rename, as an editor may by hand."""
    user = td_params.editor(step)
    for number, (about, make) in enumerate(_wanted(step), 1):
        step.lease.check()
        if said := _once(step, number, about, partial(make, user)):
            step.log(said)
    return Done()


def _once(step: Step, number: int, about: str, make: Callable[[], str]) -> str:
    """Make the change and keep that it is made; "" if it was before. Raises TaskFailed, LostLease."""
    with _refusals(about), transaction.atomic():
        task = Task.objects.select_for_update(of=("self",)).get(pk=step.task.pk)
        if task.state != TaskState.RUNNING:
            raise LostLease
        kept = task.memory.get("operator", {})
        if kept.get("made", 0) >= number:
            return ""
        said = make()
        task.memory = {**task.memory, "operator": {"made": number}}
        task.save(update_fields=["memory"])
    return said


@contextmanager
def _refusals(about: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise TaskFailed(f"“{about}”: {' '.join(error.messages)}") from error
    except InUse as error:
        raise TaskFailed(f"“{about}”: {error}", "Take it out of what uses it first.") from error
    except (Refused, NotThere) as error:
        raise TaskFailed(f"“{about}”: {error}") from error


class NotThere(Exception):
    """What was to be changed is not there."""


def _wanted(step: Step) -> list[tuple[str, Make]]:
    """The parameters with what they ask for, in their order. Raises TaskFailed if one cannot be read."""
    renames = _renames(step)
    wanted: list[tuple[str, Make]] = []
    if renames:
        wanted.append(("rename_tables", partial(_check_there, [name for name, _ in renames])))
    for about, change in DATABASES.items():
        wanted += [(about, partial(change, name)) for name in values.texts(_given(step, about), about)]
    for about, alter in TABLES.items():
        names = values.texts(_given(step, about), about)
        wanted += [(about, partial(alter, _table(step, name))) for name in names]
    wanted += [("rename_tables", partial(_rename, name, to)) for name, to in renames]
    return wanted


def _given(step: Step, name: str) -> object:
    given = td_params.given(step, name)
    return [] if given is None else given


def _table(step: Step, said: str) -> TableName:
    """`table`, or `database.table`."""
    database, dot, name = said.partition(".")
    return TableName(database, name) if dot else TableName(td_params.database_name(step), said)


def _renames(step: Step) -> list[tuple[TableName, str]]:
    found = []
    for one in values.array(_given(step, "rename_tables"), "rename_tables"):
        pair = values.mapping(one, "rename_tables")
        if pair.keys() != {"from", "to"}:
            raise values.must_be("rename_tables", "a list of {from: a, to: b}", one)
        to = values.text(pair["to"], "rename_tables: to")
        if "." in to:
            raise TaskFailed(f"“rename_tables”: a table stays in its database; {to} names one.", "Give a name alone.")
        found.append((_table(step, values.text(pair["from"], "rename_tables: from")), to))
    return found


# --- what can be done ---------------------------------------------------------------------------------------------


def _drop_database(name: str, user: User) -> str:
    database = Database.objects.filter(name=name).first()
    if database is None:
        return f"There is no database {name} to drop."
    changes.delete_with_tables(database, user=user)
    return f"Database {name} was dropped."


def _empty_database(name: str, user: User) -> str:
    database = Database.objects.filter(name=name).first()
    if database is None:
        return _create_database(name, user)
    count = changes.empty_database(database, user=user)
    return f"Database {name} was emptied of {count:,} table{'' if count == 1 else 's'}."


def _create_database(name: str, user: User) -> str:
    if Database.objects.filter(name=name).exists():
        return f"Database {name} exists."
    tables.create_database(name, user)
    return f"Database {name} was created."


def _drop_table(name: TableName, user: User) -> str:
    table = name.found()
    if table is None:
        return f"There is no table {name} to drop."
    tables.delete_table(table, user=user)
    return f"Table {name} was dropped."


def _empty_table(name: TableName, user: User) -> str:
    """As if it were dropped and created anew, for whoever reads it: it is there all the time."""
    table = name.found()
    if table is None:
        return _create_table(name, user)
    rows = changes.empty_table(table, user=user)
    altering.set_columns(table, [], user=user)
    return f"Table {name} was emptied of {rows:,} row{'' if rows == 1 else 's'}."


def _create_table(name: TableName, user: User) -> str:
    if name.found():
        return f"Table {name} exists."
    database = Database.objects.filter(name=name.database).first()
    if database is None:
        raise NotThere(f"there is no database {name.database}; create_databases creates it.")
    try:
        with transaction.atomic():
            altering.create_table(database, name.table, user=user)
    except IntegrityError:
        return f"Table {name} exists."  # someone else has made it in this moment
    return f"Table {name} was created."


def _rename(name: TableName, to: str, user: User) -> str:
    """The name `to` is there all the time, so that what reads it goes on; the other name goes."""
    table = _there(name)
    usage.refuse(f"{name} cannot be renamed", usage.of_tables(table.database, [table]))
    if to != name.table:
        changes.rename_table(table, to, overwrite=True, force=True, user=user)
    return f"Table {name} was renamed to {to}."


def _check_there(names: Sequence[TableName], user: User) -> str:
    """Before anything is changed."""
    for name in names:
        _there(name)
    return ""


def _there(name: TableName) -> Table:
    table = name.found()
    if table is None:
        raise NotThere(f"there is no table {name} to rename.")
    return table


DATABASES = {
    "drop_databases": _drop_database,
    "empty_databases": _empty_database,
    "create_databases": _create_database,
}
TABLES = {
    "drop_tables": _drop_table,
    "empty_tables": _empty_table,
    "create_tables": _create_table,
}
