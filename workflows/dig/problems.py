"""Where something stands in a project, and what is wrong there."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A character of a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: where, and a sentence that says what is wrong and what is allowed."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


MOST_PROBLEMS = 200  # of one file; nobody reads more at once


class DigError(ValueError):
    """A file cannot be used. `problems` are what was found, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
