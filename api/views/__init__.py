"""The endpoints, a file for each kind of thing. Importing them declares them."""

from api.views import (
    account,
    audiences,
    bulk_imports,
    databases,
    entities,
    imports,
    job_results,
    jobs,
    results,
    schedule_runs,
    schedules,
    segments,
    syndications,
    system,
    tables,
)

__all__ = [
    "account",
    "audiences",
    "bulk_imports",
    "databases",
    "entities",
    "imports",
    "job_results",
    "jobs",
    "results",
    "schedule_runs",
    "schedules",
    "segments",
    "syndications",
    "system",
    "tables",
]
