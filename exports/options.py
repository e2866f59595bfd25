"""How a job is to be run, beside what it runs."""

from dataclasses import dataclass

from exports.models import Job, Priority, Query, QueryVersion


@dataclass(frozen=True)
class Options:
    """`priority`: of Priority; `retry_limit`: how often the query is repeated if it broke off, up to MOST_RETRIES."""

    priority: int = Priority.NORMAL
    retry_limit: int = 0


DEFAULT = Options()


def of(saved: Query | QueryVersion | Job) -> Options:
    """Those of a query, of a version of it, or of a job."""
    return Options(saved.priority, saved.retry_limit)
