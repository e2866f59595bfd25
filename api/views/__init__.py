"""The endpoints, a file for each kind of thing. Importing them declares them."""

from api.views import (
    account,
    bulk_imports,
    databases,
    imports,
    job_results,
    jobs,
    results,
    schedule_runs,
    schedules,
    system,
    tables,
)

__all__ = [
    "account",
    "bulk_imports",
    "databases",
    "imports",
    "job_results",
    "jobs",
    "results",
    "schedule_runs",
    "schedules",
    "system",
    "tables",
]
