"""What is told of a job. A Job is what td-client's `show_job` and `list_jobs` give."""

from datetime import UTC, datetime
from typing import Any

from linecapi import printing

Job = dict[str, Any]
FINISHED = ("success", "error", "killed")
UNSAID = ("url", "org_name", "result_url")  # parts of td-client's jobs that no server fills


def shown(job: Job) -> Job:
    """For programs: the export target without its secrets."""
    told = {name: value for name, value in job.items() if name not in UNSAID}
    return told | {"result": printing.masked(job.get("result"))}


def rows(job: Job) -> str:
    number = job.get("num_records")
    return f"{number:,}" if isinstance(number, int) else ""


def elapsed(job: Job) -> str:
    """How long it ran, or has been running."""
    start, end = job.get("start_at"), job.get("end_at")
    if start is None or (end is None and job["status"] in FINISHED):
        return ""
    return printing.span(max(0.0, ((end or datetime.now(UTC)) - start).total_seconds()))


def priority(job: Job) -> str:
    words = {-2: "VERY LOW", -1: "LOW", 0: "NORMAL", 1: "HIGH", 2: "VERY HIGH"}
    number = job.get("priority")
    return words.get(number, str(number)) if number is not None else ""


def log(job: Job, part: str = "cmdout") -> str:
    """`part`: "cmdout", what the job said, or "stderr", what went wrong."""
    return ((job.get("debug") or {}).get(part) or "").strip()


def last_line(job: Job, part: str) -> str:
    return (log(job, part).splitlines() or [""])[-1]
