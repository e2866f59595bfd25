"""The endpoints, a file for each kind of thing. Importing them declares them."""

from api.views import account, databases, imports, job_results, jobs, system, tables

__all__ = ["account", "databases", "imports", "job_results", "jobs", "system", "tables"]
