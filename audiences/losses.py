"""What a new definition of a parent segment would take away from its segments and activations."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from audiences import schemas
from audiences.definitions import Definition
from audiences.models import ParentSegment, Segment
from audiences.rules.schema import Schema, source_name
from warehouse import usage
from warehouse.usage import Use

Name = tuple[str, str]
"""(what rules call a behavior, or "" for the customers; a column of it, or "" for the behavior itself)"""


def refuse(parent: ParentSegment, after: Definition) -> None:
    """Raises InUse if `after` lacks a column or behavior that a segment's rule or an activation names."""
    old, new = (_names(one) for one in (schemas.of(parent), schemas.build(after, parent.database_name, "UTC")))
    gone = {name: words for name, words in old.items() if name not in new}
    if not gone:
        return
    users: dict[Name, list[Use]] = {}
    for name, use in _namings(parent):
        users.setdefault(name, []).append(use)
    for name, words in gone.items():
        usage.refuse(f"{words} cannot be left out", users.get(name, []))


def segment_use(segment: Segment) -> Use:
    return Use("segment", segment.name, reverse("audiences:segment", args=[segment.pk]))


def named_in(rule: Any) -> Iterator[Name]:
    """What rule JSON asks about, be it valid or not."""
    for one in rule.get("conditions", []):
        left = one.get("leftValue", {})
        source = left.get("source", {}).get("name", "")
        if source or left.get("name"):
            yield source, left.get("name", "")
        if source:
            yield source, ""
            yield from ((source, each.get("column", "")) for each in left.get("filter", {}).get("conditions", []))
        yield from named_in(one)


def _names(schema: Schema) -> dict[Name, str]:
    """Each with what people call it."""
    names = {("", column): f"The column “{column}”" for column in schema.columns}
    for name, behavior in schema.behaviors.items():
        names[source_name(name), ""] = f"The behavior “{name}”"
        names |= {(source_name(name), column): f"The column “{column}” of “{name}”" for column in behavior.columns}
    return names


def _namings(parent: ParentSegment) -> Iterator[tuple[Name, Use]]:
    for segment in parent.segments.prefetch_related("activations"):
        use = segment_use(segment)
        yield from ((name, use) for name in dict.fromkeys(named_in(segment.rule)))
        for activation in segment.activations.all():
            sends = Use("activation", activation.name, reverse("audiences:activation", args=[activation.pk]))
            columns = [column.get("source", {}).get("column") for column in activation.columns]
            yield from ((("", column), sends) for column in dict.fromkeys(columns) if column)
