"""Small pieces of DuckDB's SQL as sqlglot's trees. Nothing here is ever pasted together as text."""

from __future__ import annotations

from sqlglot import exp


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of a DuckDB function or of one of our macros, by the name it is written with."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    if value < 0:
        return exp.Neg(this=exp.Literal.number(-value))
    return exp.Literal.number(value)


def cast(value: exp.Expr, kind: str) -> exp.Cast:
    """A plain DuckDB cast; `kind` is one of our own words."""
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))


def joined(parts: list[exp.Expr]) -> exp.Expr:
    """Texts one after another, NULL if one is."""
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.DPipe(this=whole, expression=part)
    return exp.Paren(this=whole) if len(parts) > 1 else whole


def constant_text(node: exp.Expr) -> str | None:
    """What a text in quotes says, also one of several joined by || or put in parentheses; None for all else."""
    if isinstance(node, exp.Paren):
        return constant_text(node.this)
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    if isinstance(node, exp.DPipe):
        parts = [constant_text(node.this), constant_text(node.expression)]
        return None if None in parts else "".join(part for part in parts if part is not None)
    return None


def constant_whole(node: exp.Expr) -> int | None:
    """The whole number that a constant is, also one made of others by +, -, * and casts; None for all else."""
    if isinstance(node, exp.Paren):
        return constant_whole(node.this)
    if isinstance(node, exp.Neg):
        inner = constant_whole(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and not node.is_string:
        return int(node.this) if str(node.this).isdigit() else None
    if isinstance(node, exp.Cast) and node.to.this in (exp.DType.BIGINT, exp.DType.INT):
        return constant_whole(node.this)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        left, right = constant_whole(node.this), constant_whole(node.expression)
        if left is None or right is None:
            return None
        return (
            left + right if isinstance(node, exp.Add) else left - right if isinstance(node, exp.Sub) else left * right
        )
    return None


def is_null(node: exp.Expr) -> bool:
    """Whether this is NULL, or NULL cast to something."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    return isinstance(node, exp.Null)
