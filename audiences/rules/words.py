"""A rule in English: "country is JP, and at least 2 Orders where time is within the last 30 days"."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

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
from audiences.rules.predicates import positive
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
_AGGREGATES = {"Count": "number", "Sum": "sum", "Avg": "average", "Min": "smallest", "Max": "largest"}
_OF_TIMES = {"Min": "earliest", "Max": "latest"}
_LISTS = {("any", False): "any", ("all", False): "all", ("any", True): "none", ("all", True): "not all"}


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
        self._zone = schema.time_zone

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
                return self._tested(one, self._attributes[one.column])

    def _behavior(self, one: Behavior) -> str:
        name, known = self._behaviors[one.source], self._tables[one.source].known()
        filtered = self._filter(one, known)
        if one.aggregation == "Count" and not one.column and one.operator.type in _AMOUNTS:
            amount = _AMOUNTS[one.operator.type].format(_operand(one.operator.operand))
            said = f"{amount} {name}{filtered}"
            return f"not ({said})" if one.operator.negated != one.exclude else said
        column = known.get(one.column)
        specs = operators.of_aggregation(one.aggregation, column)
        about = f"the {_aggregated(one, column)} {name}{filtered}"
        operator = Operator(one.operator.type, one.operator.operand, one.operator.negated != one.exclude)
        is_time = column is not None and column.kind is Kind.TIME and one.aggregation in _OF_TIMES
        return f"{about} {self._operator(operator, specs, is_time)}"

    def _filter(self, one: Behavior, known: Mapping[str, Column]) -> str:
        """With a blank before it. The time of an event goes without saying."""
        if not one.filter:
            return ""
        if len(one.filter.conditions) == 1 and (within := _within(one.filter.conditions[0])):
            return f" {within}"
        word = {"And": " and ", "Or": " or "}[one.filter.type]
        within = _within(one.filter.conditions[0]) if one.filter.type == "And" else ""
        others = one.filter.conditions[1:] if within else one.filter.conditions
        said = word.join(self._tested(each, known[each.column]) for each in others)
        return f"{f' {within}' if within else ''} where {said}"

    def _tested(self, one: Value | ColumnFilter, known: Column) -> str:
        operator, flipped = Operator(one.operator.type, one.operator.operand), one.operator.negated != one.exclude
        specs, about = operators.of(known), one.column
        if known.kind is Kind.LIST and one.operator.type != "IsNull":
            operator, opposite = positive(operator)
            about = f"{_LISTS[one.array_matching or 'any', flipped != opposite]} of {one.column}"
            flipped = False
        operator = Operator(operator.type, operator.operand, flipped)
        return f"{about} {self._operator(operator, specs, known.kind is Kind.TIME)}"

    def _operator(self, operator: Operator, specs: Mapping[str, operators.Spec], is_time: bool) -> str:
        spec, operand = specs[operator.type], operator.operand
        label = spec.negated if operator.negated else spec.label
        is_time = is_time or isinstance(operand, Dates)
        match operand:
            case Range(low, high) | Dates(low, high):
                return f"{'is not' if operator.negated else 'is'} {self._range(low, high, is_time)}"
            case One(value) if is_time and isinstance(value, int):
                return f"{label} {self._moment(value)}"
        said = _operand(operand)
        return f"{label} {said}" if said else label

    def _range(self, low: Scalar | None, high: Scalar | None, is_time: bool) -> str:
        shown = self._moment if is_time else _scalar
        if low is None or high is None:
            words = ("since", "until") if is_time else ("at least", "at most")
            return f"{words[1]} {shown(high)}" if high is not None else f"{words[0]} {shown(low or 0)}"
        return f"between {shown(low)} and {shown(high)}"

    def _moment(self, value: Scalar) -> str:
        """UNIX seconds as what a clock shows then."""
        if not isinstance(value, int):
            return str(value)
        return datetime.fromtimestamp(value, ZoneInfo(self._zone)).strftime("%Y-%m-%d %H:%M:%S")


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


def _aggregated(one: Behavior, column: Column | None) -> str:
    if column is None:
        return "number of"
    if one.aggregation in ("Count", "Sum"):
        return f"{_AGGREGATES[one.aggregation]} of {one.column} of"
    names = _AGGREGATES | (_OF_TIMES if column.kind is Kind.TIME else {})
    return f"{names[one.aggregation]} {one.column} of"


def _operand(operand: Operand) -> str:
    match operand:
        case One(value):
            return _scalar(value)
        case Many(values):
            shown = [_scalar(value) for value in values[:SHOWN_VALUES]]
            more = [f"{len(values) - len(shown):,} more"] if len(values) > len(shown) else []
            *first, last = shown + more
            return f"{', '.join(first)} or {last}" if first else last
        case Duration(value, unit):
            return f"{value:,} {unit}{'s' if value != 1 else ''}"
    return ""


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) or '""'
