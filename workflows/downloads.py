"""Files that td> and td_run> download for the tasks after them.

Such a file is the kept result of their job, written when it is wanted as digdag writes it: CSV in UTF-8 with a line of
names and lines that end with CR and LF. NULL is an empty cell, an empty text is "", and breaks within a text are LF.
"""

import re
from collections.abc import Iterator, Sequence

import orjson
from django.db.models import QuerySet

from exports.job_files import ResultGone
from exports.job_parts import kept_file
from exports.models import Job
from exports.result_formats import Format, Rows, stream
from exports.results import KeptResult
from workflows import visibility
from workflows.models import Attempt, Task, TaskJob

SPECIAL = re.compile(r'[",\n]')
MEDIA = "text/csv; charset=utf-8"


def content(job: Job) -> Iterator[bytes]:
    """All rows, in constant memory. Raises ResultGone, before the first byte."""
    path = kept_file(job)
    if path is None:
        raise ResultGone
    return stream(KeptResult(path), CSV, header=True)


def _lines(names: Sequence[str], rows: Rows) -> bytes:
    return "".join(f"{','.join(map(_cell, row))}\r\n" for row in rows).encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and not SPECIAL.search(text):
        return text
    return '"{}"'.format(text.replace('"', '""'))


CSV = Format(MEDIA, _lines, lambda names: _lines(names, [tuple(names)]))


def latest(attempt: Attempt, task: Task, path: str) -> TaskJob | None:
    """The last download of this path by a task before this one: one of the attempt, or of those that it resumes if its
    task was copied from there."""
    for tasks in _origins(attempt.pk, visibility.before(attempt, task)):
        if found := _made(tasks).filter(file=path).last():
            return found
    return None


def of(task: Task) -> TaskJob | None:
    """What a task has downloaded last, or the one that it was copied from."""
    for tasks in _origins(task.attempt_id, {task.pk}) if task.copied else [{task.pk}]:
        if found := _made(tasks).exclude(file="").last():
            return found
    return None


def _made(tasks: set[int]) -> QuerySet[TaskJob]:
    return TaskJob.objects.filter(task__in=tasks).select_related("job", "task").order_by("pk")


def _origins(attempt: int, tasks: set[int]) -> Iterator[set[int]]:
    """Tasks of an attempt, then those that they were copied from, back through all attempts that were resumed."""
    while tasks:
        yield tasks
        rows = Task.objects.filter(attempt=attempt, copied=True).values_list("pk", "full_name")
        names = {name for pk, name in rows if pk in tasks}
        before = Attempt.objects.values_list("resumed_from", flat=True).filter(pk=attempt).first() if names else None
        if before is None:
            return
        attempt = before
        present = visibility.present(attempt)
        rows = Task.objects.filter(attempt=attempt).values_list("pk", "full_name")
        tasks = {pk for pk, name in rows if name in names and pk in present}
