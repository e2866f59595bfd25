"""A rule in English: "country is JP, and at least 2 Orders where time is within the last 30 days"."""

from collections.abc import Mapping

from audiences.rules import expressions, operators
from audiences.rules.model import (
    Behavior,
    ColumnFilter,
    Condition,
    Dates,
    Duration,
    Group,
    Many,
    One,
    Operand,
    Operator,
    Range,
    Reference,
    Rule,
    Scalar,
    Value,
)
from audiences.rules.schema import Column, Kind, Schema, source_name

SHOWN_VALUES = 5
_AMOUNTS = {
    "Equal": "exactly {}",
    "NotEqual": "not exactly {}",
    "Greater": "more than {}",
    "GreaterEqual": "at least {}",
    "Less": "fewer than {}",
    "LessEqual": "at most {}",
}
_AGGREGATES = {"Sum": "total", "Avg": "average", "Min": "smallest", "Max": "largest", "Count": "number of"}


def sentence(rule: Rule, schema: Schema, names: Mapping[int, str]) -> str:
    """names: {id: name} of segments."""
    said = _Words(schema, names).group(rule.group, outer=True) or "everyone"
    return said if rule.limit is None else f"{said}; the first {rule.limit:,} of them"


class _Words:
    def __init__(self, schema: Schema, names: Mapping[int, str]) -> None:
        self._attributes = schema.known()
        self._tables = schema.sources()
        self._behaviors = {source_name(name): name for name in schema.behaviors}
        self._names = names

    def group(self, group: Group, *, outer: bool = False) -> str:
        parts = [self._condition(one) for one in group.conditions]
        if group.type == "Composite":
            said = _composite(expressions.parse(group.expr, len(parts)), parts)
        elif not parts:
            said = "" if outer else "everyone"
        else:
            word = {"And": "and", "Or": "or"}[group.type]
            said = f"{', ' if outer else ' '}{word} ".join(parts)
        if group.exclude:
            return f"not ({said})"
        return said if outer or len(parts) < 2 else f"({said})"

    def _condition(self, one: Condition) -> str:
        match one:
            case Group():
                return self.group(one)
            case Reference():
                name = self._names.get(one.segment, str(one.segment))
                return f"{'not ' if one.exclude else ''}in the segment {name}"
            case Behavior():
                return self._behavior(one)
            case Value():
                return _tested(one, self._attributes[one.column])

    def _behavior(self, one: Behavior) -> str:
        name = self._behaviors[one.source]
        known = self._tables[one.source].known()
        if one.aggregation == "Count" and not one.column and one.operator.type in _AMOUNTS:
            said = f"{_AMOUNTS[one.operator.type].format(_operand(one.operator.operand))} {name}"
            said = f"not ({said})" if one.operator.negated else said
            filtered = self._filter(one, known)
        else:
            column = known.get(one.column)
            specs = operators.of_aggregation(one.aggregation, column)
            about = f"{_AGGREGATES[one.aggregation]} {one.column} of {name}" if one.column else f"number of {name}"
            filtered = self._filter(one, known)
            said, filtered = f"{about}{filtered} {_operator(one.operator, specs)}", ""
        return f"not ({said}{filtered})" if one.exclude else f"{said}{filtered}"

    def _filter(self, one: Behavior, known: Mapping[str, Column]) -> str:
        """With a blank before it. The time of an event goes without saying."""
        if not one.filter:
            return ""
        if len(one.filter.conditions) == 1 and (within := _within(one.filter.conditions[0])):
            return f" {within}"
        word = {"And": " and ", "Or": " or "}[one.filter.type]
        within = _within(one.filter.conditions[0]) if one.filter.type == "And" else ""
        others = one.filter.conditions[1:] if within else one.filter.conditions
        said = word.join(_tested(each, known[each.column]) for each in others)
        return f"{f' {within}' if within else ''} where {said}"


def _within(one: ColumnFilter) -> str:
    plain = not one.exclude and not one.operator.negated and one.column == "time"
    if not plain or not isinstance(one.operator.operand, Duration):
        return ""
    way = {"TimeWithinPast": "last", "TimeWithinNext": "next"}[one.operator.type]
    return f"within the {way} {_operand(one.operator.operand)}"


def _composite(joined: int | expressions.Joined, parts: list[str]) -> str:
    if isinstance(joined, int):
        return parts[joined - 1]
    said = [
        f"({_composite(part, parts)})" if isinstance(part, expressions.Joined) else _composite(part, parts)
        for part in joined.parts
    ]
    return f" {joined.type.lower()} ".join(said)


def _tested(one: Value | ColumnFilter, known: Column) -> str:
    about = one.column
    if known.kind is Kind.LIST and one.operator.type != "IsNull":
        about = f"{one.array_matching or 'any'} of {one.column}"
    operator = one.operator
    if one.exclude and known.kind is not Kind.LIST:
        operator = Operator(operator.type, operator.operand, not operator.negated)
    said = f"{about} {_operator(operator, operators.of(known))}"
    return f"not ({said})" if one.exclude and known.kind is Kind.LIST else said


def _operator(operator: Operator, specs: Mapping[str, operators.Spec]) -> str:
    spec = specs[operator.type]
    operand = _operand(operator.operand)
    return f"{spec.negated if operator.negated else spec.label}{f' {operand}' if operand else ''}"


def _operand(operand: Operand) -> str:
    match operand:
        case None:
            return ""
        case One(value):
            return _scalar(value)
        case Many(values):
            shown = [_scalar(value) for value in values[:SHOWN_VALUES]]
            more = len(values) - len(shown)
            return " or ".join(
                [", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 and not more else [", ".join(shown)]
            ) + (f" or {more} more" if more else "")
        case Duration(value, unit):
            return f"{value:,} {unit}{'s' if value != 1 else ''}"
        case Range(low, high) | Dates(low, high):
            return _range(low, high)


def _range(low: Scalar | None, high: Scalar | None) -> str:
    if low is None:
        return f"up to {_scalar(high)}" if high is not None else ""
    return f"from {_scalar(low)} on" if high is None else f"{_scalar(low)} and {_scalar(high)}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) or '""'
