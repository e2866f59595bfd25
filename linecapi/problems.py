"""What goes wrong, and the exit code that tells scripts so."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What the command ends with."""

    SUCCESS = 0
    ERROR = 1
    USAGE = 2
    JOB_ERROR = 3
    JOB_KILLED = 4
    NOT_FOUND = 5
    NO_ACCESS = 6
    INTERRUPTED = 130
    NOBODY_READS = 141  # as a shell tells of a program that wrote into a closed pipe


class Problem(Exception):
    """The command ends: one line that says what is wrong and what to do, and the exit code."""

    def __init__(self, says: str, exit_code: Exit = Exit.ERROR) -> None:
        super().__init__(" ".join(says.split()))
        self.exit_code = exit_code


class Unanswered(Problem):
    """The server cannot be reached, or fails by itself (5xx, 429): the same call may succeed later."""


class Refused(Problem):
    """The server answered that it will not do this. `status`: of HTTP; `details`: what it told for programs."""

    def __init__(self, status: int, says: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(says, EXITS.get(status, Exit.ERROR))
        self.status, self.details = status, details or {}


EXITS = {401: Exit.NO_ACCESS, 403: Exit.NO_ACCESS, 404: Exit.NOT_FOUND}
