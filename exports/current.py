"""The job that this process works on, for its log lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

JOB: ContextVar[int | None] = ContextVar("job", default=None)


@contextmanager
def working_on(job: int) -> Iterator[None]:
    """Within, log lines name this job."""
    token = JOB.set(job)
    try:
        yield
    finally:
        JOB.reset(token)
