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

    Null and "" are no value. The field of a reason is "" when it concerns the whole row.
    """
    connector = terms.connector
    event: Event = {part: {} for part in connector.parts}
    reasons: list[FieldReason] = []
    present: set[str] = set()
    for field in connector.fields:
        value = source_value(terms.mapping, field, row)
        if value is not None:
            present.add(field.name)
        reason = _problem(field, value, terms.now)
        if reason:
            reasons.append((field.name, reason))
        elif value is not None:
            event[field.part][field.name] = field.wire(value)
    reasons += [found for rule in connector.record_rules if (found := rule.check(present, terms.settings))]
    if reasons:
        return None, reasons
    return {part: e for part, e in event.items() if e or not connector.parts[part]}, []


def source_value(mapping: Mapping, field: Field, row: Map[str, Any]) -> Any:
    """The field's value in this row; None when it has none."""
    source = mapping.get(field.name)
    value = None if source is None else row[source.name] if isinstance(source, Column) else source.value
    return None if value == "" else value


def _problem(field: Field, value: Any, now: int) -> Reason | None:
    if value is None:
        return REQUIRED if field.required else None
    return field.problem(value, now)
