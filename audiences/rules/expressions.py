"""The `expr` of a Composite group, such as "1 AND (2 OR 3)": numbers of its conditions, AND before OR, parentheses."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DEEPEST = 10
LONGEST = 2000


class ExprError(ValueError):
    """A sentence."""


@dataclass(frozen=True)
class Joined:
    """`type`: And or Or; `parts`: condition numbers from 1, and others of its kind."""

    type: str
    parts: "tuple[int | Joined, ...]"


def parse(text: str, count: int) -> int | Joined:
    """Over conditions 1 to `count`, each of which has to be named. Raises ExprError."""
    if len(text) > LONGEST:
        raise ExprError(f"The expression is longer than {LONGEST:,} characters.")
    reader = _Reader(_tokens(text), count)
    found = reader.any()
    if reader.next:
        raise ExprError(f'"{reader.next}" is not expected there.')
    if missing := sorted(set(range(1, count + 1)) - reader.seen):
        raise ExprError(f"The expression has to name every condition; {_listed(missing)} not in it.")
    return found


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers))} {'is' if len(numbers) == 1 else 'are'}"


def _tokens(text: str) -> Iterator[str]:
    for token in re.findall(r"\s*(\d+|[A-Za-z]+|\S)", text, re.ASCII):
        if not re.fullmatch(r"\d+|and|or|[()]", token, re.ASCII | re.IGNORECASE):
            raise ExprError(f'"{token}" cannot stand in the expression. Allowed: numbers, AND, OR, parentheses.')
        yield token.upper()


class _Reader:
    """`next`: the token ahead, "" at the end; `seen`: the numbers so far."""

    def __init__(self, tokens: Iterator[str], count: int) -> None:
        self.seen: set[int] = set()
        self._tokens = tokens
        self._count = count
        self._depth = 0
        self._step()

    def _step(self) -> str:
        taken, self.next = getattr(self, "next", ""), next(self._tokens, "")
        return taken

    def any(self) -> int | Joined:
        return self._joined("Or", self._all)

    def _all(self) -> int | Joined:
        return self._joined("And", self._one)

    def _joined(self, type_: str, part: Callable[[], int | Joined]) -> int | Joined:
        parts = [part()]
        while self.next == type_.upper():
            self._step()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(type_, tuple(parts))

    def _one(self) -> int | Joined:
        taken = self._step()
        if taken == "(":
            return self._within()
        if not taken.isdigit():
            raise ExprError(f'A number is missing before "{taken}".' if taken else "A number is missing at the end.")
        if len(taken) > 6 or not 1 <= int(taken) <= self._count:
            allowed = "1" if self._count == 1 else f"1 to {self._count}"
            raise ExprError(f"There is no condition {taken}. Allowed: {allowed}.")
        self.seen.add(int(taken))
        return int(taken)

    def _within(self) -> int | Joined:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExprError(f"The parentheses are nested more than {DEEPEST} deep.")
        found = self.any()
        if self._step() != ")":
            raise ExprError('A ")" is missing.')
        self._depth -= 1
        return found
