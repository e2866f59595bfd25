"""What is told of a job. A Job is what td-client's `show_job` and `list_jobs` give."""

import re
from datetime import UTC, datetime
from typing import Any

from linecapi import printing

Job = dict[str, Any]
TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC ", re.MULTILINE)
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


def last_said(job: Job, part: str) -> str:
    """The last thing in it, on one line: all from the last time that stands before one, which itself is left out."""
    text = log(job, part)
    timed = list(TIME.finditer(text))
    last = text[timed[-1].end() :] if timed else (text.splitlines() or [""])[-1]
    return printing.cell(last)
