"""The operators that rules have for each kind of column: Treasure Data's names, what they take, what people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from audiences.rules.schema import Column, Kind, element_type, kind_of


class Takes(Enum):
    """What stands at the right of an operator, and the keys that hold it in JSON."""

    NOTHING = "none"
    ONE = "one"  # rightValue
    MANY = "many"  # rightValues
    RANGE = "range"  # min, max; one of them may be missing
    DURATION = "duration"  # value, unit
    DATES = "dates"  # from, to; one of them may be missing


@dataclass(frozen=True)
class Spec:
    """`label` and `negated` are what people read of it, without and with `not`."""

    type: str
    label: str
    negated: str
    takes: Takes


UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def _specs(*rows: tuple[str, str, str, Takes]) -> dict[str, Spec]:
    return {row[0]: Spec(*row) for row in rows}


_EQUAL = _specs(("Equal", "is", "is not", Takes.ONE), ("NotEqual", "is not", "is", Takes.ONE))
_LISTED = _specs(("In", "is one of", "is none of", Takes.MANY), ("NotIn", "is none of", "is one of", Takes.MANY))
_MISSING = _specs(("IsNull", "is missing", "is not missing", Takes.NOTHING))
_WITHIN = _specs(
    ("TimeWithinPast", "is within the last", "is not within the last", Takes.DURATION),
    ("TimeWithinNext", "is within the next", "is not within the next", Takes.DURATION),
    ("TimeRange", "is in the range", "is not in the range", Takes.DATES),
    ("TimeToday", "is today", "is not today", Takes.NOTHING),
)
_TEXTS = _specs(
    ("Contain", "contains", "does not contain", Takes.MANY),
    ("StartWith", "starts with", "does not start with", Takes.MANY),
    ("EndWith", "ends with", "does not end with", Takes.MANY),
    ("Regexp", "matches", "does not match", Takes.ONE),
)
_SIZES = _specs(
    ("Greater", "is greater than", "is not greater than", Takes.ONE),
    ("GreaterEqual", "is at least", "is not at least", Takes.ONE),
    ("Less", "is less than", "is not less than", Takes.ONE),
    ("LessEqual", "is at most", "is not at most", Takes.ONE),
    ("Between", "is between", "is not between", Takes.RANGE),
)
_MOMENTS = _specs(
    ("Equal", "is on", "is not on", Takes.ONE),
    ("NotEqual", "is not on", "is on", Takes.ONE),
    ("Greater", "is after", "is not after", Takes.ONE),
    ("GreaterEqual", "is on or after", "is not on or after", Takes.ONE),
    ("Less", "is before", "is not before", Takes.ONE),
    ("LessEqual", "is on or before", "is not on or before", Takes.ONE),
    ("Between", "is between", "is not between", Takes.RANGE),
)
_COMPUTED = _EQUAL | _SIZES | _LISTED  # of a count or a sum, which is never missing

OPERATORS: Mapping[Kind, Mapping[str, Spec]] = {
    Kind.TEXT: _EQUAL | _LISTED | _TEXTS | _MISSING,
    Kind.NUMBER: _COMPUTED | _WITHIN | _MISSING,
    Kind.BOOLEAN: _EQUAL | _MISSING,
    Kind.TIME: _WITHIN | _MOMENTS | _MISSING,
    Kind.LIST: _EQUAL | _LISTED | _TEXTS | _MISSING,  # of texts; `of` knows those of any list
}
"""NotEqual and NotIn are the `not` of Equal and In. With `not`, a condition also holds for what is missing."""


def of(column: Column) -> Mapping[str, Spec]:
    """Of a list those of its elements, any or all of which are compared."""
    return OPERATORS[kind_of(element_type(column.type)) if column.kind is Kind.LIST else column.kind]


AGGREGATIONS: Mapping[str, str] = {
    "Count": "number of events",
    "Sum": "sum",
    "Avg": "average",
    "Min": "smallest value",
    "Max": "largest value",
}
_KINDS = {
    "Sum": (Kind.NUMBER,),
    "Avg": (Kind.NUMBER,),
    "Min": (Kind.NUMBER, Kind.TIME, Kind.TEXT),
    "Max": (Kind.NUMBER, Kind.TIME, Kind.TEXT),
}


def can_aggregate(aggregation: str, column: Column) -> bool:
    """Whether Sum … Max of such a column means something; the Count of a column counts those that are not missing."""
    return aggregation == "Count" or column.kind in _KINDS.get(aggregation, ())


def of_aggregation(aggregation: str, column: Column | None) -> Mapping[str, Spec]:
    """What a behavior's aggregation is compared by. column: None for the Count of all events."""
    if aggregation in ("Count", "Sum"):
        return _COMPUTED
    if aggregation == "Avg" or column is None:
        return _COMPUTED | _MISSING
    return of(column)
