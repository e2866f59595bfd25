"""The schema of a parent segment: what its segments' rules and its activations can name."""

from collections.abc import Iterable, Iterator

from audiences.definitions import Attributes, Behavior, Column, Definition
from audiences.models import ParentSegment
from audiences.rules.schema import BehaviorTable, Schema
from warehouse.models import Table

CUSTOMERS = "customers"  # the table that is built
Types = dict[str, str]


def of(parent: ParentSegment) -> Schema:
    """As its definition says, with the types that the tables have now. What has vanished from them is left out."""
    return build(
        Definition.from_json(parent.definition), parent.database_name, parent.query.time_zone if parent.query else "UTC"
    )


def build(definition: Definition, database: str, time_zone: str) -> Schema:
    """`database`: where the customers' table is."""
    master = definition.master
    types = _types({(master.database, master.table)} | {(one.database, one.table) for one in _others(definition)})
    columns = dict(types.get((master.database, master.table), {}))
    for one in definition.attributes:
        columns |= {name: kind for name, _, kind in _found(one.columns, types.get((one.database, one.table), {}))}
    behaviors = {
        one.name: _behavior(one, types.get((one.database, one.table), {}), columns) for one in _known(definition, types)
    }
    return Schema(database, CUSTOMERS, columns, behaviors, time_zone, master.key)


def _others(definition: Definition) -> Iterable[Attributes | Behavior]:
    return (*definition.attributes, *definition.behaviors)


def _known(definition: Definition, types: dict[tuple[str, str], Types]) -> Iterator[Behavior]:
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


def _types(tables: set[tuple[str, str]]) -> dict[tuple[str, str], Types]:
    """{(database, table): {column: type}} of those tables that exist, in one SQL query."""
    databases, names = {d for d, _ in tables}, {t for _, t in tables}
    found = Table.objects.filter(database__name__in=databases, name__in=names).values_list(
        "database__name", "name", "columns"
    )
    return {(d, t): dict(columns) for d, t, columns in found if (d, t) in tables}
