"""A plan: connector, mapping and settings, compiled once for a query's result."""

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from exports.exporter.cells import LocalTime, type_problem
from exports.exporter.checks import ColumnCheck, column_check
from exports.exporter.explain import Terms
from exports.exporter.layout import Layout, lay_out
from exports.exporter.mapping import Column, Mapping, Problem, check_mapping
from integrations.spec import Connector, EpochWindow


class PlanError(ValueError):
    """Not one row could be sent; `problems` says why, field by field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.text}" if p.field else p.text for p in problems))
        self.problems = problems


@dataclass(frozen=True)
class Plan(Terms):
    """What `encode` and `explain` work by. `columns`: the mapped columns of the query's result."""

    columns: tuple[str, ...]
    checks: tuple[ColumnCheck, ...]
    layout: Layout
    zone: ZoneInfo

    @property
    def window(self) -> EpochWindow | None:
        field = self.connector.window_field
        return field.window if field else None


def compile_plan(
    connector: Connector, mapping: Mapping, settings: Map[str, Any], schema: pa.Schema, *, now: int, time_zone: str
) -> Plan:
    """The plan for results of this schema. Raises PlanError.

    `settings`: of the authentication and the export; secrets are not needed. `now`: UNIX seconds that the time window
    is held against. `time_zone`: of timestamps and dates that name none.
    """
    zone = _zone(time_zone)
    problems = check_mapping(connector, mapping, schema.names, now=now) + type_problems(connector, mapping, schema)
    if problems:
        raise PlanError(problems)
    local = _local_time(connector, zone, now)
    fields = [f for f in connector.fields if isinstance(mapping.get(f.name), Column)]
    return Plan(
        connector=connector,
        mapping=mapping,
        settings=settings,
        now=now,
        time_zone=time_zone,
        columns=tuple(dict.fromkeys(s.name for s in mapping.values() if isinstance(s, Column))),
        checks=tuple(column_check(field, now, local) for field in fields),
        layout=lay_out(connector, mapping),
        zone=zone,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PlanError([Problem("", f"there is no time zone “{name}”")]) from error


def _local_time(connector: Connector, zone: ZoneInfo, now: int) -> LocalTime:
    field = connector.window_field
    window = field.window if field and field.window else EpochWindow(0, 0)
    return LocalTime(zone, now - window.max_age, now + window.max_ahead)


def type_problems(connector: Connector, mapping: Mapping, schema: pa.Schema) -> list[Problem]:
    """Mapped columns whose type can not be their field."""
    problems = []
    for field in connector.fields:
        source = mapping.get(field.name)
        if isinstance(source, Column) and schema.names.count(source.name) == 1:
            text = type_problem(field, schema.field(source.name).type)
            problems += [Problem(field.name, f"the column “{source.name}” {text}")] if text else []
    return problems
