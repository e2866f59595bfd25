"""Customers and events, or rows of an attribute table, are joined by keys whose types may differ."""

from sqlglot import exp

from audiences.rules.numbers import WHOLE


def comparable(left: exp.Expr, left_type: str, right: exp.Expr, right_type: str) -> tuple[exp.Expr, exp.Expr]:
    """Both as they are, if their types are the same or both whole numbers; else both as text."""
    types = {left_type.upper(), right_type.upper()}
    if len(types) == 1 or types <= set(WHOLE):
        return left, right
    return as_text(left, left_type), as_text(right, right_type)


def as_text(value: exp.Expr, type_: str) -> exp.Expr:
    return value if type_.upper() == "VARCHAR" else exp.cast(value, "varchar")
