"""A rule: groups of conditions about a customer. Immutable, and what JSON it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Scalar = str | int | float | bool


@dataclass(frozen=True)
class One:
    value: Scalar

    def to_json(self) -> Json:
        return {"rightValue": self.value}


@dataclass(frozen=True)
class Many:
    values: tuple[Scalar, ...]

    def to_json(self) -> Json:
        return {"rightValues": list(self.values)}


@dataclass(frozen=True)
class Range:
    """From `min` to `max`, both included; None: without bound."""

    min: Scalar | None
    max: Scalar | None

    def to_json(self) -> Json:
        return _without_none({"min": self.min, "max": self.max})


@dataclass(frozen=True)
class Duration:
    value: int
    unit: str

    def to_json(self) -> Json:
        return {"value": self.value, "unit": self.unit}


@dataclass(frozen=True)
class Dates:
    """As Range: dates or times as ISO text, or UNIX seconds."""

    since: Scalar | None
    until: Scalar | None

    def to_json(self) -> Json:
        return _without_none({"from": self.since, "to": self.until})


Operand = One | Many | Range | Duration | Dates | None


@dataclass(frozen=True)
class Operator:
    """`negated`: JSON's `not`."""

    type: str
    operand: Operand = None
    negated: bool = False

    def to_json(self) -> Json:
        operand = self.operand.to_json() if self.operand else {}
        return {"type": self.type, **operand, "not": self.negated}


@dataclass(frozen=True)
class Value:
    """About an attribute. array_matching: "any" or "all" elements of a list; None means "any"."""

    column: str
    operator: Operator
    exclude: bool = False
    array_matching: str | None = None

    def to_json(self) -> Json:
        data = {"type": "Value", "leftValue": {"name": self.column}, "operator": self.operator.to_json()}
        return _with_flags(data, self)


@dataclass(frozen=True)
class ColumnFilter:
    """About a column of a behavior: which events count."""

    column: str
    operator: Operator
    exclude: bool = False
    array_matching: str | None = None

    def to_json(self) -> Json:
        return _with_flags({"type": "Column", "column": self.column, "operator": self.operator.to_json()}, self)


@dataclass(frozen=True)
class Filter:
    """`type`: And or Or."""

    type: str
    conditions: tuple[ColumnFilter, ...]

    def to_json(self) -> Json:
        return {"type": self.type, "conditions": [one.to_json() for one in self.conditions]}


@dataclass(frozen=True)
class Behavior:
    """About an aggregation over a customer's events; `source`: as schema.source_name, `column`: "" for all events."""

    source: str
    aggregation: str
    column: str
    operator: Operator
    filter: Filter | None = None
    exclude: bool = False

    def to_json(self) -> Json:
        left: Json = {
            "name": self.column,
            "source": {"name": self.source},
            "aggregation": {"type": self.aggregation},
        }
        if self.filter:
            left["filter"] = self.filter.to_json()
        return {"type": "Value", "leftValue": left, "operator": self.operator.to_json(), "exclude": self.exclude}


@dataclass(frozen=True)
class Reference:
    """Whether the customer is in another segment."""

    segment: int
    exclude: bool = False

    def to_json(self) -> Json:
        return {"type": "Reference", "id": str(self.segment), "exclude": self.exclude}


@dataclass(frozen=True)
class Group:
    """`type`: And, Or, or Composite with an `expr` such as "1 AND (2 OR 3)" over the numbers of its conditions."""

    type: str
    conditions: "tuple[Condition, ...]" = ()
    expr: str = ""
    exclude: bool = False

    def to_json(self) -> Json:
        expr = {"expr": self.expr} if self.type == "Composite" else {}
        exclude = {"exclude": True} if self.exclude else {}
        return {"type": self.type, **expr, "conditions": [one.to_json() for one in self.conditions], **exclude}


Condition = Group | Value | Behavior | Reference


@dataclass(frozen=True)
class Rule:
    """`limit`: at most so many customers, the first by key."""

    group: Group
    limit: int | None = None

    def to_json(self) -> Json:
        return self.group.to_json() | ({} if self.limit is None else {"limit": self.limit})


def conditions(rule: Rule) -> Iterator[Condition]:
    """All, groups included, from the top down and in their order."""
    left: list[Condition] = [rule.group]
    while left:
        one = left.pop()
        yield one
        if isinstance(one, Group):
            left.extend(reversed(one.conditions))


def references(rule: Rule) -> set[int]:
    """The segments that it asks about itself, not those that they ask about."""
    return {one.segment for one in conditions(rule) if isinstance(one, Reference)}


def columns_used(rule: Rule) -> set[str]:
    """Attributes."""
    return {one.column for one in conditions(rule) if isinstance(one, Value)}


def behaviors_used(rule: Rule) -> dict[str, set[str]]:
    """{what the behavior is called in rules: its columns that are used}."""
    used: dict[str, set[str]] = {}
    for one in conditions(rule):
        if isinstance(one, Behavior):
            filtered = {each.column for each in one.filter.conditions} if one.filter else set()
            used.setdefault(one.source, set()).update(filtered | ({one.column} if one.column else set()))
    return used


def _with_flags(data: Json, one: Value | ColumnFilter) -> Json:
    matching = {"arrayMatching": one.array_matching} if one.array_matching else {}
    return data | {"exclude": one.exclude} | matching


def _without_none(data: Json) -> Json:
    return {key: value for key, value in data.items() if value is not None}
