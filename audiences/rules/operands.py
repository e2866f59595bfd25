"""The operator of a condition in JSON: checked against the column that it is about."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audiences.rules import moments, numbers
from audiences.rules.model import Dates, Duration, Many, One, Operand, Operator, Range, Scalar
from audiences.rules.operators import UNITS, Spec, Takes
from audiences.rules.problems import Place, one_of, shown
from audiences.rules.schema import Kind

MOST_VALUES = 1000
MOST_PATTERNS = 100  # texts that are looked for within others
LONGEST_TEXT = 1000
_KEYS = {
    Takes.NOTHING: (),
    Takes.ONE: ("rightValue",),
    Takes.MANY: ("rightValues", "rightValue"),
    Takes.RANGE: ("min", "max"),
    Takes.DURATION: ("value", "unit"),
    Takes.DATES: ("from", "to"),
}
_LOOKING = ("Contain", "StartWith", "EndWith")
Read = Callable[[Any, Place], Scalar | None]


def parse(data: Any, place: Place, *, specs: Mapping[str, Spec], kind: Kind, what: str, zone: str) -> Operator | None:
    """None if something was refused. kind: of what is compared (of a list: its elements); what: how to call it."""
    if not isinstance(data, dict):
        place.refuse(f"An operator is an object with a type, not {shown(data)}.")
        return None
    spec = specs.get(data["type"]) if isinstance(data.get("type"), str) else None
    if spec is None:
        wrong = shown(data["type"]) if "type" in data else "The operator's type is missing: it"
        (place / "type").refuse(f"{wrong} is not an operator for {what}. {one_of(specs)}.")
        return None
    before = len(place.found)
    place.object(data, ("type", "not", *_KEYS[spec.takes]))
    negated = place.flag(data, "not")
    operand = _operand(data, place, spec, _reader(spec, kind, zone))
    if isinstance(operand, Range | Dates) and _backwards(operand, kind, zone):
        low, high = _KEYS[spec.takes]
        place.refuse(f"{low} is {'after' if low == 'from' else 'greater than'} {high}, so nothing could match.")
    return Operator(spec.type, operand, negated) if len(place.found) == before else None


def _operand(data: dict[str, Any], place: Place, spec: Spec, read: Read) -> Operand:
    if spec.takes is Takes.ONE:
        value = _one(data, "rightValue", place, read)
        return None if value is None else One(value)
    if spec.takes is Takes.MANY:
        return _many(data, place, spec, read)
    if spec.takes is Takes.RANGE:
        low, high = _bounds(data, ("min", "max"), place, read)
        return Range(low, high)
    if spec.takes is Takes.DATES:
        return Dates(*_bounds(data, ("from", "to"), place, read))
    return _duration(data, place) if spec.takes is Takes.DURATION else None


def _one(data: dict[str, Any], key: str, place: Place, read: Read) -> Scalar | None:
    if data.get(key) is None:
        (place / key).refuse("A value is missing.")
        return None
    return read(data[key], place / key)


def _many(data: dict[str, Any], place: Place, spec: Spec, read: Read) -> Many | None:
    if "rightValues" not in data:
        value = _one(data, "rightValue", place, read)
        return None if value is None else Many((value,))
    values, place = data["rightValues"], place / "rightValues"
    if "rightValue" in data:
        place.refuse("Give rightValue or rightValues, not both.")
    if not isinstance(values, list) or not values:
        place.refuse("This is a list of at least one value.")
        return None
    most = MOST_PATTERNS if spec.type in _LOOKING else MOST_VALUES
    if len(values) > most:
        place.refuse(f"These are {len(values):,} values. At most {most:,} are allowed.")
        return None
    found = [read(value, place / number) for number, value in enumerate(values)]
    return Many(tuple(value for value in found if value is not None))


def _bounds(data: dict[str, Any], keys: tuple[str, str], place: Place, read: Read) -> tuple[Scalar | None, ...]:
    found = [None if data.get(key) in (None, "") else read(data[key], place / key) for key in keys]
    if all(data.get(key) in (None, "") for key in keys):
        place.refuse(f"Give {keys[0]} or {keys[1]}, or both.")
    return tuple(found)


def _backwards(operand: Range | Dates, kind: Kind, zone: str) -> bool:
    low, high = (operand.min, operand.max) if isinstance(operand, Range) else (operand.since, operand.until)
    if low is None or high is None:
        return False
    if isinstance(operand, Dates) or kind is Kind.TIME:
        first, last = moments.read(low, zone), moments.read(high, zone)
        return bool(first and last and first[0] > last[0])
    return (numbers.read(low) or 0) > (numbers.read(high) or 0)


def _duration(data: dict[str, Any], place: Place) -> Duration | None:
    value, unit = data.get("value"), data.get("unit")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        value = int(value)
    if unit not in UNITS:
        (place / "unit").refuse(f"{shown(unit)} is not a unit of time. {one_of(UNITS)}.")
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= moments.MOST[unit]:
        (place / "value").refuse(f"{shown(value)} is not a whole number from 1 to {moments.MOST[unit]:,}.")
        return None
    return Duration(value, unit)


def _reader(spec: Spec, kind: Kind, zone: str) -> Read:
    if spec.type == "Regexp":
        return _pattern
    if spec.type in _LOOKING:
        return _part
    if spec.takes is Takes.DATES or kind is Kind.TIME:
        return lambda value, place: _moment(value, place, zone)
    return {Kind.TEXT: text, Kind.NUMBER: _number, Kind.BOOLEAN: _boolean}[kind]


def text(value: Any, place: Place) -> str | None:
    if not isinstance(value, str):
        place.refuse(f"{shown(value)} is not a text.")
    elif len(value) > LONGEST_TEXT:
        place.refuse(f"This text is longer than {LONGEST_TEXT:,} characters.")
    elif "\0" in value or re.search(r"[\ud800-\udfff]", value):
        place.refuse("This text has characters that no column can hold (NUL, or half of a surrogate pair).")
    else:
        return value
    return None


def _part(value: Any, place: Place) -> str | None:
    if value == "":
        place.refuse("This text is empty, and every text contains it.")
        return None
    return text(value, place)


def _pattern(value: Any, place: Place) -> str | None:
    pattern = text(value, place)
    if pattern is None:
        return None
    try:
        pc.match_substring_regex(pa.array([""]), pattern=pattern)  # RE2, as in DuckDB
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        place.refuse(f"{shown(pattern)} is not a regular expression: {reason}. RE2's syntax is allowed.")
        return None
    return pattern


def _number(value: Any, place: Place) -> Scalar | None:
    number = numbers.read(value) if isinstance(value, str | int | float) else None
    if number is None:
        place.refuse(f"{shown(value)} is not a number. Write one such as 12 or 2.5, of up to {numbers.DIGITS} digits.")
    return number


def _boolean(value: Any, place: Place) -> Scalar | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, bool):
        return value
    place.refuse(f"{shown(value)} is not true or false.")
    return None


def _moment(value: Any, place: Place, zone: str) -> Scalar | None:
    if isinstance(value, str | int) and moments.read(value, zone):
        return value
    years = f"between the years {moments.FIRST_YEAR} and {moments.LAST_YEAR}"
    place.refuse(f"{shown(value)} is not {moments.EXPECTED}, {years}.")
    return None
