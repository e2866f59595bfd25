"""The endpoints, a file for each kind of thing. Importing them declares them."""

from api.views import account, job_results, jobs, results, schedule_runs, schedules, system

__all__ = ["account", "job_results", "jobs", "results", "schedule_runs", "schedules", "system"]
