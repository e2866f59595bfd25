"""What tasks of attempts logged, as digdag's clients fetch it: a file for each task."""

import gzip
import re
from collections.abc import Iterable

from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import Length
from django.http import HttpResponse

from api import workflow_objects as objects
from api.declared import INTEGER, TEXT, Answer, Call, Param, endpoint, nullable, record
from api.errors import missing
from api.times import iso
from api.views.attempts import TAG
from workflows.models import TaskLog

GZIP = "application/gzip"
FILE = record(fileName=TEXT, fileSize=INTEGER, taskName=TEXT, fileTime=TEXT, agentId=TEXT, direct=nullable(TEXT))
ENDING = ".log.gz"
BEFORE = len("2026-03-01 00:00:00.000 +0000 [] \n")  # characters of a line beside its level and its text


@endpoint(
    "GET",
    "/api/logs/{attempt}/files",
    tag=TAG,
    params=(Param("task", help="How the full names of tasks begin", most=10_000),),
    answer=objects.listed(FILE, "files"),
)
def log_files(call: Call, attempt: str) -> Answer:
    """List the logs of an attempt's tasks, those that began first before the others.

    `fileSize` is in characters of the text, so a log has more to tell when it is larger than before.
    """
    lines = TaskLog.objects.filter(task__attempt=objects.attempt_of(attempt))
    if call["task"]:
        lines = lines.filter(task__full_name__startswith=call["task"])
    files = (
        lines.order_by()
        .values("task", "task__full_name")
        .annotate(first=Min("at"), size=Sum(Length("text") + Length("level")), lines=Count("pk"), last=Max("pk"))
        .order_by("first", "task")
    )
    return {
        "files": [
            {
                "fileName": f"{one['task']}{ENDING}",
                "fileSize": one["size"] + one["lines"] * BEFORE,
                "taskName": one["task__full_name"],
                "fileTime": iso(one["first"]),
                "agentId": "console",
                "direct": None,
            }
            for one in files
        ]
    }


@endpoint("GET", "/api/logs/{attempt}/files/{file_name}", tag=TAG, media=(GZIP,))
def log_file(call: Call, attempt: str, file_name: str) -> Answer:
    """Get the log of a task: lines of text with time and level, packed with gzip."""
    number = file_name.removesuffix(ENDING)
    wanted = int(number) if re.fullmatch("[0-9]{1,18}", number) else None
    lines = TaskLog.objects.filter(task__attempt=objects.attempt_of(attempt), task=wanted)
    text = "".join(_told(lines))
    if not text:
        raise missing(f"The log {file_name}")
    return HttpResponse(gzip.compress(text.encode(), mtime=0), content_type=GZIP)


def _told(lines: Iterable[TaskLog]) -> Iterable[str]:
    for line in lines:
        moment = line.at.isoformat(sep=" ", timespec="milliseconds")[:23]
        yield f"{moment} +0000 [{line.level}] {line.text}\n"
