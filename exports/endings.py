"""How a job leaves its worker before it is done."""

from typing import Any

from exports.models import ErrorKind

# How the advice ends after a fault of the mapping: `resuming` knows it by that.
SAME_MAPPING = "Correct the mapping in the query and run the query: Resume and Run again keep the mapping as it was."


class JobFailed(Exception):
    """The job ends in error: what is wrong, what the user can do, and where in the query.

    `kind`: where it does not follow from how far the job came, see `exports.error_kinds`.
    """

    def __init__(self, error: str, advice: str = "", *, line: int | None = None, kind: ErrorKind | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.advice = advice
        self.line = line
        self.kind = kind


def authentication_gone(name: str) -> JobFailed:
    return JobFailed(
        f"The authentication {name} does not exist any more.",
        "Choose another authentication in Export Results, and run again.",
    )


class RetryLater(Exception):
    """The job gives its worker back and wants to go on after `seconds`; `values` go into its row."""

    def __init__(self, seconds: float, reason: str = "", **values: Any) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason
        self.values = values
