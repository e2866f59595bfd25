"""What is asked of a result's columns, whatever engine makes them."""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.engines.base import QueryRejected


def refuse_repeated(columns: Sequence[str]) -> None:
    """Raises QueryRejected where two columns have the same name, upper and lower case being one."""
    seen = set()
    for name in columns:
        if name.lower() in seen:
            raise QueryRejected(f'The result has two columns named "{name}". Give one of them another name with AS.')
        seen.add(name.lower())


def result_column(columns: Sequence[str], wanted: str) -> str:
    """The column's name as the result has it. Raises QueryRejected."""
    for name in columns:
        if name.lower() == wanted.lower():
            return name
    raise QueryRejected(f'The result has no column "{wanted}" to order its rows by. It has: {", ".join(columns)}.')
