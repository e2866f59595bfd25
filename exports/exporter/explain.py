"""What a row means, one row at a time in plain Python: the reference for the vectorised checks and the encoder.

The reasons of invalid rows come from here. Slow on purpose, easy to check by eye.
"""

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from exports.exporter.mapping import Column, Mapping
from integrations.spec import REQUIRED, Connector, Field, Reason

Event = dict[str, dict[str, Any]]
FieldReason = tuple[str, Reason]
Reject = tuple[int, tuple[FieldReason, ...]]  # row number, and every reason


@dataclass(frozen=True)
class Terms:
    """What the rows are held against. `now`: UNIX seconds; `time_zone`: of times that name none."""

    connector: Connector
    mapping: Mapping
    settings: Map[str, Any]
    now: int
    time_zone: str


def explain_row(terms: Terms, row: Map[str, Any]) -> tuple[Event | None, list[FieldReason]]:
    """A row (column name → plain value, see `cells.plain_values`) → its event, or None and every reason why not.

    Null, "" and a list without strings are no value. The field of a reason is "" when it concerns the whole row.
    """
    values = values_of(terms, row)
    reasons = _reasons(terms, values)
    return (None, reasons) if reasons else (_event(terms.connector, values), [])


def values_of(terms: Terms, row: Map[str, Any]) -> dict[str, Any]:
    """The row's values by field, without the absent ones."""
    fields = terms.connector.fields
    return {f.name: value for f in fields if (value := source_value(terms.mapping, f, row)) is not None}


def source_value(mapping: Mapping, field: Field, row: Map[str, Any]) -> Any:
    """The field's value in this row; None when it has none."""
    source = mapping.get(field.name)
    value = None if source is None else row[source.name] if isinstance(source, Column) else source.value
    return None if field.empty(value) else value


def _reasons(terms: Terms, values: Map[str, Any]) -> list[FieldReason]:
    found = []
    for field in terms.connector.fields:
        if field.name in values:
            reason = field.problem(values[field.name], terms.now)
        else:
            reason = REQUIRED if field.required else None
        if reason:
            found.append((field.name, reason))
    present = set(values)
    rules = terms.connector.record_rules
    return found + [about for rule in rules if (about := rule.check(present, terms.settings))]


def _event(connector: Connector, values: Map[str, Any]) -> Event:
    event: Event = {part: {} for part in connector.parts}
    for field in connector.fields:
        if field.name in values:
            event[field.part][field.name] = field.wire(values[field.name])
    return {part: fields for part, fields in event.items() if fields or not connector.parts[part]}
