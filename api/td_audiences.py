"""A parent segment's definition as Treasure Data's API has it: attributes one by one, each with its table."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.declared import TEXT, Schema, array, nullable, record
from api.errors import ApiError, invalid
from audiences import schemas
from audiences.definitions import Attributes, Behavior, Column, Definition, Master
from audiences.rules.schema import Kind, kind_of, source_name
from audiences.schemas import TableTypes
from exports.models import Query
from exports.schedules import settings_of
from exports.timing import Timing

Json = dict[str, Any]
Join = tuple[str, str, str, str]
_TABLE = {"parentDatabaseName": TEXT, "parentTableName": TEXT}
_JOIN = {**_TABLE, "parentKeyColumn": TEXT, "foreignKeyColumn": TEXT}
MASTER = record(**_TABLE, keyColumn=TEXT)
ATTRIBUTE = record(name=TEXT, type=TEXT, matrixColumnName=TEXT, groupingName=TEXT, **_JOIN, parentColumn=TEXT)
COLUMN = record(name=TEXT, type=TEXT, matrixColumnName=TEXT, parentColumn=TEXT)
BEHAVIOR = record(name=TEXT, matrixTableName=TEXT, **_JOIN, timeColumn=TEXT, schema=array(COLUMN))
DEFINITION: Mapping[str, Schema] = {"master": MASTER, "attributes": array(ATTRIBUTE), "behaviors": array(BEHAVIOR)}
SCHEDULE: Mapping[str, Schema] = {"scheduleType": TEXT, "scheduleOption": nullable(TEXT), "timezone": TEXT}
TYPES = {
    Kind.TEXT: "string",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "timestamp",
    Kind.LIST: "array",
}
PRESETS = {"none": "", "hourly": "@hourly", "daily": "@daily", "monthly": "@monthly"}
CRON = "cron"
MOST_NAME = 255


def shown(definition: Definition) -> Json:
    types = schemas.types_of(schemas.tables_of(definition))
    master = definition.master
    return {
        "master": {"parentDatabaseName": master.database, "parentTableName": master.table, "keyColumn": master.key},
        "attributes": [one for table in definition.attributes for one in _attributes(table, types)],
        "behaviors": [_behavior(one, types) for one in definition.behaviors],
    }


def _attributes(one: Attributes, types: TableTypes) -> Iterator[Json]:
    for column in _columns(one, types):
        yield {**column, "groupingName": one.group, **_join(one)}


def _behavior(one: Behavior, types: TableTypes) -> Json:
    columns = list(_columns(one, types))
    named = {"name": one.name, "matrixTableName": source_name(one.name)}
    return {**named, **_join(one), "timeColumn": one.time, "schema": columns}


def _columns(one: Attributes | Behavior, types: TableTypes) -> Iterator[Json]:
    held = types.get((one.database, one.table), {})
    for column in one.columns:
        kind = TYPES[kind_of(held.get(column.source, "VARCHAR"))]
        yield {"name": column.name, "type": kind, "matrixColumnName": column.name, "parentColumn": column.source}


def _join(one: Attributes | Behavior) -> Json:
    return {
        "parentDatabaseName": one.database,
        "parentTableName": one.table,
        "parentKeyColumn": one.key,
        "foreignKeyColumn": one.parent_key,
    }


# --- read ---------------------------------------------------------------------------------------------------------


def definition(given: Mapping[str, Any], before: Definition | None = None) -> Definition:
    """What a call gives of it; the rest is as `before`. Raises ApiError where it has another form."""
    if given.get("master") is None and before is None:
        raise invalid("master", "is required")
    master = before.master if before and given.get("master") is None else _master(given["master"])
    attributes, behaviors = given.get("attributes"), given.get("behaviors")
    return Definition(
        master,
        before.attributes if attributes is None and before else _grouped(attributes, master),
        before.behaviors if behaviors is None and before else _read_behaviors(behaviors, master),
    )


def _master(data: Any) -> Master:
    one = _object("master", data)
    return Master(
        _text("master", one, "parentDatabaseName"),
        _text("master", one, "parentTableName"),
        _text("master", one, "keyColumn"),
    )


def _grouped(data: Any, master: Master) -> tuple[Attributes, ...]:
    """Attributes of one table that are joined in one way, and stand under one heading, belong together."""
    found: dict[Join, dict[str, list[Column]]] = {}
    for path, one in _listed("attributes", data):
        source = _text(path, one, "parentColumn")
        name = _text(path, one, "matrixColumnName", _text(path, one, "name", source))
        groups = found.setdefault(_joined(path, one, master), {})
        groups.setdefault(_text(path, one, "groupingName", ""), []).append(Column(source, name))
    return tuple(
        Attributes(*join, tuple(columns), group) for join, groups in found.items() for group, columns in groups.items()
    )


def _read_behaviors(data: Any, master: Master) -> tuple[Behavior, ...]:
    return tuple(_read_behavior(path, one, master) for path, one in _listed("behaviors", data))


def _read_behavior(path: str, one: Json, master: Master) -> Behavior:
    columns = tuple(
        Column(
            source := _text(where, column, "parentColumn"),
            _text(where, column, "matrixColumnName", _text(where, column, "name", source)),
        )
        for where, column in _listed(f"{path}.schema", one.get("schema"))
    )
    time = _text(path, one, "timeColumn", "time")
    return Behavior(_text(path, one, "name"), *_joined(path, one, master), time, columns)


def _joined(path: str, one: Json, master: Master) -> Join:
    """(database, table, its key, the master's column)"""
    database, table = _text(path, one, "parentDatabaseName"), _text(path, one, "parentTableName")
    return database, table, _text(path, one, "parentKeyColumn"), _text(path, one, "foreignKeyColumn", master.key)


def _listed(path: str, data: Any) -> Iterator[tuple[str, Json]]:
    if data is None:
        return
    if not isinstance(data, list):
        raise invalid(path, "must be a list")
    for number, one in enumerate(data):
        yield f"{path}.{number}", _object(f"{path}.{number}", one)


def _object(path: str, data: Any) -> Json:
    if not isinstance(data, dict):
        raise invalid(path, "must be an object")
    return data


def _text(path: str, one: Json, name: str, default: str | None = None) -> str:
    found = one.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str) or len(found) > MOST_NAME or (not found and default is None):
        raise invalid(f"{path}.{name}", f"must be a text of up to {MOST_NAME} characters")
    return found


# --- schedule -----------------------------------------------------------------------------------------------------


def schedule_shown(query: Query | None) -> Json:
    times = settings_of(query) if query else Timing("")
    words = {line: word for word, line in PRESETS.items()}
    kind = words.get(times.cron, CRON)
    return {
        "scheduleType": kind,
        "scheduleOption": times.cron if kind == CRON else None,
        "timezone": query.time_zone if query else times.time_zone,
    }


def cron_line(kind: str, option: str | None) -> str:
    """The cron line that is meant; "" for none. Raises ApiError."""
    if kind in PRESETS:
        return PRESETS[kind]
    if kind != CRON:
        raise invalid("scheduleType", f"must be one of {', '.join((*PRESETS, CRON))}")
    if not option:
        raise ApiError(422, "Validation failed: scheduleOption: is required, the cron line", {"scheduleOption": []})
    return option
