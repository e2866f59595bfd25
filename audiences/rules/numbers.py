"""Numbers in rules: as JSON has them, and beside a column of any numeric type so that no comparison can fail."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from sqlglot import exp

from audiences.rules.model import Many, One, Operator, Range, Scalar

DIGITS = 38  # what DuckDB's widest whole number holds
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_LARGEST_FLOAT = 3.4e38
Number = int | float


def read(value: Scalar) -> Number | None:
    """A number, also one given as text; None if it is none, is not finite or has more than DIGITS digits."""
    if isinstance(value, str):
        value = value.strip()
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", value, re.ASCII) or len(value) > 100:
            return None
        value = int(value) if re.fullmatch(r"[+-]?\d+", value, re.ASCII) else float(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value if isinstance(value, float) or abs(value) < 10**DIGITS else None


def beside(value: exp.Expr, type_: str, numbers: Sequence[Number]) -> tuple[exp.Expr, list[exp.Expr]]:
    """The column's value and the numbers, of types that compare exactly if the column's type can hold the numbers.

    Otherwise both are DOUBLE: a cast to a narrower type would fail for some rows.
    """
    name = type_.upper()
    if name == "DOUBLE" or (name in WHOLE and all(isinstance(number, int) for number in numbers)):
        return value, [literal(number) for number in numbers]
    held = {"FLOAT": all(abs(number) < _LARGEST_FLOAT for number in numbers)}
    if (name.startswith("DECIMAL") and _fit(name, numbers)) or held.get(name):
        return value, [exp.cast(literal(number), name) for number in numbers]
    return exp.cast(value, "double"), [exp.cast(literal(number), "double") for number in numbers]


def literal(number: Number) -> exp.Expr:
    return exp.Literal.number(repr(number))


def _fit(decimal: str, numbers: Sequence[Number]) -> bool:
    width, scale = (int(part) for part in re.findall(r"\d+", decimal))
    return all(_fits(Decimal(repr(number)), width, scale) for number in numbers)


def _fits(number: Decimal, width: int, scale: int) -> bool:
    return abs(number) < Decimal(10) ** (width - scale) and number == round(number, scale)


def holds_for_zero(operator: Operator) -> bool:
    """Whether 0 is what the operator asks for, `not` left aside."""
    match operator.operand:
        case One(value):
            number = read(value) or 0
            return {
                "Equal": number == 0,
                "NotEqual": number != 0,
                "Greater": number < 0,
                "GreaterEqual": number <= 0,
                "Less": number > 0,
                "LessEqual": number >= 0,
            }[operator.type]
        case Many(values):
            return any(read(value) == 0 for value in values) is (operator.type == "In")
        case Range(low, high):
            return (low is None or (read(low) or 0) <= 0) and (high is None or (read(high) or 0) >= 0)
    raise ValueError(f"{operator.type} does not compare numbers.")
