"""Treasure Data's rule JSON → Rule. Every problem is found at once, each with its place."""

from collections.abc import Mapping
from typing import Any

from audiences.rules import expressions, operands, operators
from audiences.rules.model import (
    Behavior,
    ColumnFilter,
    Condition,
    Filter,
    Group,
    Operator,
    Reference,
    Rule,
    Value,
)
from audiences.rules.operators import AGGREGATIONS
from audiences.rules.problems import Place, RuleError, one_of, shown, unknown
from audiences.rules.schema import BehaviorTable, Column, Kind, Schema, element_type, kind_of

DEEPEST = 10
MOST_CONDITIONS = 500
MOST_CUSTOMERS = 10**15
_TYPES = ("And", "Or", "Composite")
_GROUP = ("type", "expr", "conditions")
_CONDITIONS = (*_TYPES, "Value", "Reference")


def parse(
    data: Any, schema: Schema, segments: Mapping[int, str] | None = None, barred: Mapping[int, str] | None = None
) -> Rule:
    """Raises RuleError.

    segments: {id: name} of those that the rule may refer to; barred: {id: sentence why not} of others.
    """
    place = Place()
    rule = _Parser(schema, segments or {}, barred or {}).rule(data, place)
    if place.found or rule is None:
        raise RuleError(place.found)
    return rule


class _Parser:
    """Each method returns None if what it reads was refused, which it has then told its place."""

    def __init__(self, schema: Schema, segments: Mapping[int, str], barred: Mapping[int, str]) -> None:
        self._attributes = schema.known()
        self._behaviors = {source: (table, table.known()) for source, table in schema.sources().items()}
        self._zone = schema.time_zone
        self._segments = segments
        self._barred = barred
        self._count = 0

    def rule(self, data: Any, place: Place) -> Rule | None:
        if place.object(data, (*_GROUP, "limit")) is None:
            return None
        if data.get("type") not in _TYPES:
            (place / "type").refuse(f"{shown(data.get('type'))} is not the type of a rule. {one_of(_TYPES)}.")
            return None
        group, limit = self._group(data, place, depth=1), data.get("limit")
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_CUSTOMERS
        ):
            (place / "limit").refuse(f"{shown(limit)} is not a number of customers. Give a whole number from 1.")
        return Rule(group, limit) if group else None

    def _group(self, data: dict[str, Any], place: Place, depth: int) -> Group | None:
        """Its keys have been looked at."""
        type_, given = data["type"], data.get("conditions")
        if depth > DEEPEST:
            place.refuse(f"Groups are nested more than {DEEPEST} deep.")
            return None
        if not isinstance(given, list):
            (place / "conditions").refuse(f"Conditions are a list, not {shown(given)}.")
            return None
        if not given and type_ != "And":
            (place / "conditions").refuse("This group has no conditions, so nobody could match. Add one.")
            return None
        self._count += len(given)
        if self._count > MOST_CONDITIONS:
            place.refuse(f"The rule has more than {MOST_CONDITIONS} conditions.")
            return None
        found = [self._condition(one, place / "conditions" / i, depth, type_) for i, one in enumerate(given)]
        expr = self._expr(data, place, len(given))
        exclude = place.flag(data, "exclude")
        return Group(type_, tuple(one for one in found if one), expr, exclude)

    def _expr(self, data: dict[str, Any], place: Place, count: int) -> str:
        expr = data.get("expr")
        if data["type"] != "Composite":
            if expr:
                (place / "expr").refuse("Only a group of type Composite has an expr.")
            return ""
        if not isinstance(expr, str) or not expr.strip():
            (place / "expr").refuse('A group of type Composite needs an expr such as "1 AND (2 OR 3)".')
            return ""
        try:
            expressions.parse(expr, count)
        except expressions.ExprError as error:
            (place / "expr").refuse(str(error))
        return expr

    def _condition(self, data: Any, place: Place, depth: int, within: str) -> Condition | None:
        type_ = data.get("type") if isinstance(data, dict) else None
        if type_ in _TYPES:
            place.object(data, (*_GROUP, "exclude"))
            if data.get("conditions") == [] and within != "And":
                (place / "conditions").refuse("This group has no conditions, so everyone would match. Add one.")
                return None
            return self._group(data, place, depth + 1)
        if type_ == "Reference":
            return self._reference(data, place)
        if type_ == "Value":
            left = data.get("leftValue")
            about_events = isinstance(left, dict) and {"source", "aggregation"} & set(left)
            return self._behavior(data, place) if about_events else self._value(data, place)
        if isinstance(data, dict):
            (place / "type").refuse(f"{shown(type_)} is not a type of condition. {one_of(_CONDITIONS)}.")
        else:
            place.refuse(f"A condition is an object, not {shown(data)}.")
        return None

    def _reference(self, data: dict[str, Any], place: Place) -> Reference | None:
        place.object(data, ("type", "id", "exclude"))
        given, exclude = data.get("id"), place.flag(data, "exclude")
        text = str(given) if isinstance(given, int) and not isinstance(given, bool) and given < 10**18 else given
        if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > 18:
            (place / "id").refuse(f"{shown(given)} is not the number of a segment.")
            return None
        segment = int(text)
        if segment in self._barred:
            (place / "id").refuse(self._barred[segment])
        elif segment not in self._segments:
            (place / "id").refuse(f"There is no segment {segment} in this parent segment.")
        return Reference(segment, exclude)

    def _value(self, data: dict[str, Any], place: Place) -> Value | None:
        place.object(data, ("type", "leftValue", "operator", "arrayMatching", "exclude"))
        left = (place / "leftValue").object(data.get("leftValue"), ("name",))
        if left is None:
            return None
        column = self._column(left.get("name"), place / "leftValue" / "name", "attribute", self._attributes)
        if column is None:
            return None
        operator = self._operator(data, place, column)
        matching, exclude = self._matching(data, place, column), place.flag(data, "exclude")
        return Value(column.name, operator, exclude, matching) if operator else None

    def _behavior(self, data: dict[str, Any], place: Place) -> Behavior | None:
        place.object(data, ("type", "leftValue", "operator", "exclude"))
        at = place / "leftValue"
        left = at.object(data["leftValue"], ("name", "source", "aggregation", "filter")) or {}
        source = (at / "source").object(left.get("source"), ("name",))
        name = source.get("name") if source else None
        if not isinstance(name, str) or name not in self._behaviors:
            if source is not None:
                (at / "source" / "name").refuse(_missing("behavior", name, self._behaviors))
            return None
        aggregation = self._aggregation(left, at)
        filter_ = self._filter(left["filter"], at / "filter", name) if left.get("filter") is not None else None
        column = self._aggregated(left, at, name, aggregation) if aggregation else None
        exclude = place.flag(data, "exclude")
        if aggregation is None or (column is None and left.get("name")):
            return None
        specs = operators.of_aggregation(aggregation, column)
        kind = column.kind if column and aggregation in ("Min", "Max") else Kind.NUMBER
        what = f"the {AGGREGATIONS[aggregation]}" + (f" of {column.name}" if column else "")
        operator = operands.parse(
            data.get("operator"), place / "operator", specs=specs, kind=kind, what=what, zone=self._zone
        )
        named = column.name if column else ""
        return Behavior(name, aggregation, named, operator, filter_, exclude) if operator else None

    def _aggregation(self, left: dict[str, Any], place: Place) -> str | None:
        data = (place / "aggregation").object(left.get("aggregation"), ("type",))
        type_ = data.get("type") if data else None
        if data is None or (isinstance(type_, str) and type_ in AGGREGATIONS):
            return type_
        (place / "aggregation" / "type").refuse(f"{shown(type_)} is not an aggregation. {one_of(AGGREGATIONS)}.")
        return None

    def _aggregated(self, left: dict[str, Any], place: Place, behavior: str, aggregation: str) -> Column | None:
        """The column; None without a problem for the Count of all events."""
        name, place = left.get("name"), place / "name"
        if name in ("", None):
            if aggregation != "Count":
                place.refuse(f"{aggregation} needs a column of the behavior.")
            return None
        column = self._column(name, place, "column", self._behaviors[behavior][1])
        if column and not operators.can_aggregate(aggregation, column):
            place.refuse(f"{column.name} is a {column.kind.value} column, which has no {AGGREGATIONS[aggregation]}.")
            return None
        return column

    def _filter(self, data: Any, place: Place, behavior: str) -> Filter | None:
        if place.object(data, ("type", "conditions")) is None:
            return None
        type_, given = data.get("type"), data.get("conditions")
        if type_ not in ("And", "Or"):
            (place / "type").refuse(f"{shown(type_)} is not the type of a filter. {one_of(('And', 'Or'))}.")
            return None
        if not isinstance(given, list):
            (place / "conditions").refuse(f"Conditions are a list, not {shown(given)}.")
            return None
        self._count += len(given)
        if self._count > MOST_CONDITIONS:
            place.refuse(f"The rule has more than {MOST_CONDITIONS} conditions.")
            return None
        columns = self._behaviors[behavior][1]
        found = [self._filter_condition(one, place / "conditions" / i, columns) for i, one in enumerate(given)]
        return Filter(type_, tuple(one for one in found if one)) if given else None

    def _filter_condition(self, data: Any, place: Place, columns: Mapping[str, Column]) -> ColumnFilter | None:
        if place.object(data, ("type", "column", "operator", "arrayMatching", "exclude")) is None:
            return None
        if data.get("type") != "Column":
            (place / "type").refuse(f"{shown(data.get('type'))} is not a type of condition here. Allowed: Column.")
            return None
        column = self._column(data.get("column"), place / "column", "column", columns)
        if column is None:
            return None
        operator = self._operator(data, place, column)
        matching, exclude = self._matching(data, place, column), place.flag(data, "exclude")
        return ColumnFilter(column.name, operator, exclude, matching) if operator else None

    def _column(self, name: Any, place: Place, what: str, columns: Mapping[str, Column]) -> Column | None:
        if isinstance(name, str) and name in columns:
            return columns[name]
        place.refuse(_missing(what, name, columns))
        return None

    def _operator(self, data: dict[str, Any], place: Place, column: Column) -> Operator | None:
        kind = kind_of(element_type(column.type)) if column.kind is Kind.LIST else column.kind
        what = f"the {column.kind.value} column {column.name}"
        return operands.parse(
            data.get("operator"),
            place / "operator",
            specs=operators.of(column),
            kind=kind,
            what=what,
            zone=self._zone,
        )

    def _matching(self, data: dict[str, Any], place: Place, column: Column) -> str | None:
        given = data.get("arrayMatching")
        if given is None:
            return None
        if column.kind is not Kind.LIST:
            (place / "arrayMatching").refuse(f"Only lists have it, and {column.name} is a {column.kind.value} column.")
        elif given not in ("any", "all"):
            (place / "arrayMatching").refuse(f"{shown(given)} is not a way to match. {one_of(('any', 'all'))}.")
        return given if isinstance(given, str) else None


def _missing(what: str, name: Any, known: Mapping[str, Column] | Mapping[str, tuple[BehaviorTable, Any]]) -> str:
    if isinstance(name, str) and name:
        return unknown(what, name, known)
    return f"The name of the {what} is missing." if name in (None, "") else f"A name is a text, not {shown(name)}."
