"""The schema of a parent segment: what its segments' rules and its activations can name."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from audiences.definitions import Attributes, Behavior, Column, Definition
from audiences.models import ParentSegment
from audiences.rules.schema import BehaviorTable, Schema
from warehouse.models import Table

CUSTOMERS = "customers"  # the table that is built
Types = dict[str, str]
TableTypes = dict[tuple[str, str], Types]


def of(parent: ParentSegment) -> Schema:
    """As its definition says, with the types that the tables have now. What has vanished from them is left out, and so
    is what the customer table, once there is one, was not built with yet."""
    definition = Definition.from_json(parent.definition)
    own = (parent.database_name, CUSTOMERS)
    types = types_of({*tables_of(definition), own})
    schema = _build(definition, parent.database_name, parent.time_zone, types)
    if own not in types:
        return schema
    return replace(schema, columns={name: kind for name, kind in types[own].items() if name in schema.columns})


def build(definition: Definition, database: str, time_zone: str) -> Schema:
    """What the next build will have. `database`: where the customers' table is."""
    return _build(definition, database, time_zone, types_of(tables_of(definition)))


def _build(definition: Definition, database: str, time_zone: str, types: TableTypes) -> Schema:
    master = definition.master
    columns = dict(types.get((master.database, master.table), {}))
    for one in definition.attributes:
        columns |= {name: kind for name, _, kind in _found(one.columns, types.get((one.database, one.table), {}))}
    behaviors = {
        one.name: _behavior(one, types.get((one.database, one.table), {}), columns) for one in _known(definition, types)
    }
    return Schema(database, CUSTOMERS, columns, behaviors, time_zone, master.key)


def _others(definition: Definition) -> Iterable[Attributes | Behavior]:
    return (*definition.attributes, *definition.behaviors)


def _known(definition: Definition, types: TableTypes) -> Iterator[Behavior]:
    """The behaviors whose table still has what joins and dates its rows."""
    for one in definition.behaviors:
        if {one.key, one.time} <= set(types.get((one.database, one.table), {})):
            yield one


def _behavior(one: Behavior, types: Types, customers: Types) -> BehaviorTable:
    return BehaviorTable(
        database=one.database,
        table=one.table,
        key=one.key,
        key_type=types[one.key],
        parent_key=one.parent_key,
        parent_key_type=customers.get(one.parent_key, "VARCHAR"),
        time=one.time,
        time_type=types[one.time],
        columns={name: (source, kind) for name, source, kind in _found(one.columns, types)},
    )


def _found(columns: tuple[Column, ...], types: Types) -> Iterator[tuple[str, str, str]]:
    """(name, source, type) of those that the table has."""
    return ((c.name, c.source, types[c.source]) for c in columns if c.source in types)


def tables_of(definition: Definition) -> set[tuple[str, str]]:
    """(database, table) of the master, the attributes and the behaviors."""
    return {(one.database, one.table) for one in (definition.master, *_others(definition))}


def types_of(tables: set[tuple[str, str]]) -> TableTypes:
    """{(database, table): {column: type}} of those tables that exist, in one SQL query."""
    databases, names = {d for d, _ in tables}, {t for _, t in tables}
    found = Table.objects.filter(database__name__in=databases, name__in=names).values_list(
        "database__name", "name", "columns"
    )
    return {(d, t): dict(columns) for d, t, columns in found if (d, t) in tables}
