"""What a function's translation is given, and the commonest translations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.refused import refuse


@dataclass(frozen=True)
class Call:
    """A function as the user wrote it; its arguments are translated already. scheduled_time: in Unix seconds."""

    name: str
    arguments: list[exp.Expr]
    node: exp.Expr
    scheduled_time: int

    def expect(self, least: int, most: int | None = None) -> None:
        """Refuse another number of arguments than `least` to `most` (or just `least`)."""
        most = least if most is None else most
        if least <= len(self.arguments) <= most:
            return
        wanted = str(least) if least == most else f"{least} to {most}"
        refuse(f"{self.name}() takes {wanted} argument{'' if wanted == '1' else 's'}.", self.node)

    def argument(self, index: int) -> exp.Expr | None:
        """The argument at `index`, or None where it is left out or NULL."""
        if index >= len(self.arguments) or nodes.is_null(self.arguments[index]):
            return None
        return self.arguments[index]

    def constant(self, index: int, what: str) -> str:
        """The text in quotes at `index`; anything else is refused, called `what`."""
        value = nodes.constant_text(self.arguments[index])
        if value is None:
            refuse(f"{self.name}(): {what} must be a text in quotes.", self.node)
        return value


Translation = Callable[[Call], exp.Expr]


def renamed(name: str, least: int, most: int | None = None) -> Translation:
    """The same function under DuckDB's name, or a macro of ours that takes the same arguments."""

    def translated(call: Call) -> exp.Expr:
        call.expect(least, most)
        return nodes.call(name, *call.arguments)

    return translated
