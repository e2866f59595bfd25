"""The commands, a file for each kind of thing. Importing them declares them."""

from linecapi.commands import query, jobs, schedules, connections, tables  # isort: skip - as help lists them
from linecapi.commands import workflows, attempts, workflow_schedules, server  # isort: skip

__all__ = [
    "attempts",
    "connections",
    "jobs",
    "query",
    "schedules",
    "server",
    "tables",
    "workflow_schedules",
    "workflows",
]
