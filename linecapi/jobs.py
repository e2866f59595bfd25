"""What is told of a job. A Job is what td-client's `show_job` and `list_jobs` give."""

import re
from datetime import UTC, datetime
from typing import Any

from linecapi import printing

Job = dict[str, Any]
TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC ")
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


def phase(job: Job) -> str:
    """What it does now: the last line of its log, whose first tells that it was queued."""
    lines = log(job).splitlines()
    return _untimed(lines[-1]) if job["status"] == "running" and len(lines) > 1 else str(job["status"])


def trouble(job: Job) -> str:
    """What went wrong at last, in one line: the last line that has a time and those after it, or the last one."""
    lines = log(job, "stderr").splitlines()
    timed = [number for number, line in enumerate(lines) if TIME.match(line)]
    last = map(_untimed, lines[timed[-1] if timed else -1 :])
    return " ".join(line if line.endswith((".", "!", "?")) else f"{line}." for line in last)


def _untimed(line: str) -> str:
    return TIME.sub("", line.strip())
