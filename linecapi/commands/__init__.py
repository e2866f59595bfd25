"""The commands, a file for each kind of thing. Importing them declares them."""

from linecapi.commands import query, jobs, schedules, connections, tables, server  # isort: skip - as help lists them

__all__ = ["connections", "jobs", "query", "schedules", "server", "tables"]
