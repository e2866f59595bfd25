"""What is wrong with a definition: each problem by the path of what it is about, as attributes.0.columns.2.name."""

import re
from collections.abc import Iterator

from audiences.definitions import Attributes, Behavior, Column, Definition, Master
from audiences.rules.schema import Kind, kind_of, source_name
from audiences.schemas import TableTypes, Types

Problems = dict[str, str]
NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")
NAME_WORDS = "Use up to 128 lower-case letters, digits and underscores, beginning with a letter or underscore."
LONGEST_GROUP = 255
MOST_TABLES = 50  # of attributes, and of behaviors
TIME = "time"


def problems(definition: Definition, types: TableTypes, *, own: str = "") -> Problems:
    """Empty for a definition that can be built. `types`: of all tables; `own`: the parent segment's own database."""
    return dict(_problems(definition, types, own))


def free_name(wanted: str, table: str, taken: set[str]) -> str:
    """`wanted`, or what else a column may be called where that is taken."""
    plain = re.sub(r"[^a-z0-9_]+", "_", wanted.lower())[:100]
    plain = plain if NAME.fullmatch(plain) else f"_{plain}"
    tries = [plain, f"{table}_{plain}"[:120], *(f"{table}_{plain}"[:120] + f"_{n}" for n in range(2, len(taken) + 3))]
    return next(name for name in tries if name not in taken and name != TIME)


def _problems(definition: Definition, types: TableTypes, own: str) -> Iterator[tuple[str, str]]:
    master = definition.master
    held = types.get((master.database, master.table), {})
    yield from _table("master", master, types, own)
    yield from _key("master.key", master, master.key, held)
    for kind, some in (("attributes", definition.attributes), ("behaviors", definition.behaviors)):
        if len(some) > MOST_TABLES:
            yield kind, f"There can be at most {MOST_TABLES} of these."
    taken = set(held)
    for number, one in enumerate(definition.attributes):
        path = f"attributes.{number}"
        yield from _joined(path, one, master, held, types, own)
        if len(one.group) > LONGEST_GROUP or not one.group.isprintable():
            yield f"{path}.group", f"Use at most {LONGEST_GROUP} characters, none of which is invisible."
        yield from _columns(path, one, types.get((one.database, one.table), {}), taken, held)
        taken |= {column.name for column in one.columns}
    yield from _behaviors(definition, held, types, own)


def _behaviors(definition: Definition, master: Types, types: TableTypes, own: str) -> Iterator[tuple[str, str]]:
    names: dict[str, str] = {}
    for number, one in enumerate(definition.behaviors):
        path, held = f"behaviors.{number}", types.get((one.database, one.table), {})
        yield from _name(f"{path}.name", one, names)
        names.setdefault(source_name(one.name), one.name)
        yield from _joined(path, one, definition.master, master, types, own)
        yield from _time(f"{path}.time", one, held)
        yield from _columns(path, one, held, set(), {})


def _table(path: str, part: Master | Attributes | Behavior, types: TableTypes, own: str) -> Iterator[tuple[str, str]]:
    if not part.table:
        yield f"{path}.table", "Choose a table."
    elif (part.database, part.table) not in types:
        yield f"{path}.table", f"There is no table {part.database}.{part.table}. Choose another one."
    elif own and part.database == own:
        yield f"{path}.table", f"{own} holds what is built from this definition. Choose a table of another database."


def _joined(
    path: str, one: Attributes | Behavior, master: Master, columns: Types, types: TableTypes, own: str
) -> Iterator[tuple[str, str]]:
    yield from _table(path, one, types, own)
    yield from _key(f"{path}.key", one, one.key, types.get((one.database, one.table), {}))
    yield from _key(f"{path}.parent_key", master, one.parent_key, columns)


def _key(path: str, part: Master | Attributes | Behavior, key: str, held: Types) -> Iterator[tuple[str, str]]:
    """Nothing for a table that is not there: that is told already."""
    if not held:
        return
    if not key:
        yield path, "Choose a column."
    elif key not in held:
        yield path, f"{part.database}.{part.table} has no column “{key}”. Choose another one."
    elif kind_of(held[key]) == Kind.LIST:
        yield path, f"“{key}” holds lists. A key is a text, a number or a time."


def _time(path: str, one: Behavior, held: Types) -> Iterator[tuple[str, str]]:
    if not held:
        return
    if not one.time:
        yield path, "Choose a column."
    elif one.time not in held:
        yield path, f"{one.database}.{one.table} has no column “{one.time}”. Choose another one."
    elif kind_of(held[one.time]) not in (Kind.TIME, Kind.NUMBER):
        yield path, f"“{one.time}” holds neither times nor numbers. Choose a date, a timestamp, or UNIX seconds."


def _name(path: str, one: Behavior, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    if not one.name.strip():
        yield path, "Give the behavior a name."
    elif not re.search(r"[^\W_]", one.name):
        yield path, "Use at least one letter or digit: rules call the behavior by these."
    elif len(one.name) > 100 or not one.name.isprintable():
        yield path, "Use at most 100 characters, none of which is invisible."
    elif other := names.get(source_name(one.name)):
        free = next(f"{one.name} {n}" for n in range(2, len(names) + 3) if source_name(f"{one.name} {n}") not in names)
        also = "" if other == one.name else f", as “{other}” is"
        yield (
            path,
            f"Rules would call it {source_name(one.name)}{also}: no two may be called the same. “{free}” is free.",
        )


def _columns(
    path: str, one: Attributes | Behavior, held: Types, taken: set[str], master: Types
) -> Iterator[tuple[str, str]]:
    """`taken`: the names of the columns before; `master`: those of the master table."""
    if isinstance(one, Attributes) and held and not one.columns:
        yield f"{path}.columns", "Choose at least one column."
    names = set(taken)
    for number, column in enumerate(one.columns):
        where = f"{path}.columns.{number}.name"
        if held and column.source not in held:
            yield where, f"{one.database}.{one.table} has no column “{column.source}” any more. Leave it out."
        elif problem := _column(column, one, names, master):
            yield where, problem
        names.add(column.name)


def _column(column: Column, one: Attributes | Behavior, names: set[str], master: Types) -> str:
    if not NAME.fullmatch(column.name):
        return NAME_WORDS
    if column.name == TIME and not (isinstance(one, Behavior) and column.source == one.time):
        whose = "an event" if isinstance(one, Behavior) else "the customer's row"
        return f"“{TIME}” is the time of {whose}. “{free_name(TIME, one.table, names)}” is free."
    if column.name in names:
        where = "in the master table" if column.name in master else "here"
        return f"There is a “{column.name}” {where} already. “{free_name(column.name, one.table, names)}” is free."
    return ""
