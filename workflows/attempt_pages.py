"""What an attempt's page shows: its head, its tasks as a tree with their times, and the details of one of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils.safestring import SafeString

from exports import job_files, job_words
from exports.job_words import Status
from exports.models import JobState
from workflows import attempt_words as words
from workflows import contents, definitions, downloads
from workflows.dig.problems import DigError
from workflows.models import Attempt, Session, Task, TaskJob, TaskLog, TaskState
from workflows.shown_values import as_json
from workflows.task_tree import Item, Look, Rest, Row, Tree

LOG_LINES = 100
JOBS, FEW_JOBS = 20, 3  # the last ones of a task: in its details, and in its row
OTHERS = 20  # attempts of the same session that are named
MOST_NAMED = 100  # tasks that a resume may start from


@dataclass(frozen=True)
class Bar:
    """In percent of the time that the attempt has taken."""

    start: float
    width: float
    tone: str


@dataclass(frozen=True)
class Jobs:
    """The last ones that a task made, as (number, status), and how many came before: one that waits makes thousands."""

    last: Sequence[tuple[int, Status]] = ()
    earlier: int = 0

    def few(self, most: int) -> "Jobs":
        return Jobs(self.last[-most:], self.earlier + max(0, len(self.last) - most))


NO_JOBS = Jobs()


@dataclass(frozen=True)
class TaskRow:
    """A row of the tree: the last of the jobs that the task made; `waits`: what it waits for, in words."""

    row: Row
    status: Status
    took: str
    bar: Bar | None
    jobs: Jobs
    waits: str
    chosen: bool


@dataclass(frozen=True)
class Axis:
    """The ends of the timeline, in words."""

    start: str
    end: str


@dataclass(frozen=True)
class Line:
    at: SafeString
    level: str
    text: str
    task: str


@dataclass(frozen=True)
class Download:
    """A file that a task has downloaded. `made.task`: the one that did, in the attempt where this one was copied from.
    `kept`: whether there still is something to download."""

    made: TaskJob
    kept: bool


@dataclass(frozen=True)
class Details:
    """Of one task. `line`: where it stands in `task.file`; None if the revision says nothing of it any more."""

    task: Task
    status: Status
    started: SafeString | str
    finished: SafeString | str
    took: str
    waits: str
    jobs: Jobs
    download: Download | None
    line: int | None
    values: list[tuple[str, str, str]]
    log: list[Line]
    more_log: bool


def tasks(attempt: Attempt) -> list[Item]:
    """All of its tasks in the order of their numbers, parents first."""
    columns = [each.name for each in fields(Item)]
    return [Item(*row) for row in Task.objects.filter(attempt=attempt).order_by("pk").values_list(*columns)]


def jobs(attempt: Attempt) -> dict[int, Jobs]:
    """By task."""
    place = Window(RowNumber(), partition_by=F("task"), order_by=F("pk").desc())
    count = Window(Count("pk"), partition_by=F("task"))
    columns = ("task", "count", "job", "job__state", "job__outcome", "job__kill_requested")
    made = TaskJob.objects.filter(task__attempt=attempt).annotate(place=place, count=count)
    found, counts = defaultdict[int, list[tuple[int, Status]]](list), dict[int, int]()
    for task, many, job, *stands in made.filter(place__lte=JOBS).order_by("pk").values_list(*columns):
        found[task].append((job, _job_status(*stands)))
        counts[task] = many
    return {task: Jobs(last, counts[task] - len(last)) for task, last in found.items()}


def _job_status(state: str, outcome: str, killed: bool) -> Status:
    if outcome:
        return Status(outcome)
    if killed:
        return Status("stopping")
    return Status({JobState.QUEUED: "queued", JobState.RETRY_WAIT: "retry_wait"}.get(JobState(state), "running"))


def rows(
    attempt: Attempt, tasks: list[Item], jobs: Mapping[int, Jobs], look: Look, now: datetime
) -> list[TaskRow | Rest]:
    where, span = words.zone(attempt), _span(attempt, tasks, now)

    def shown(row: Row | Rest) -> TaskRow | Rest:
        if isinstance(row, Rest):
            return row
        task = row.task
        bar = _bar(task, span, now)
        made, waits = jobs.get(task.pk, NO_JOBS).few(FEW_JOBS), words.waits(task, where)
        took = "" if task.copied else words.took(task, now)
        return TaskRow(row, words.task_status(task), took, bar, made, waits, task.pk == look.task)

    return [shown(row) for row in Tree(tasks, look).rows()]


def axis(attempt: Attempt, tasks: list[Item], now: datetime) -> Axis:
    where, (start, end) = words.zone(attempt), _span(attempt, tasks, now)
    days = start.astimezone(where).date() != end.astimezone(where).date()

    def told(at: datetime) -> str:
        local = at.astimezone(where)
        return f"{local.day} {local:%b, %H:%M:%S}" if days else f"{local:%H:%M:%S}"

    return Axis(told(start), "now" if not attempt.finished else told(end))


def _span(attempt: Attempt, tasks: Iterable[Item], now: datetime) -> tuple[datetime, datetime]:
    starts = [task.started_at for task in tasks if task.started_at and not task.copied]
    start = min([attempt.created_at, *starts])
    ends = [task.finished_at for task in tasks if task.finished_at and not task.copied]
    end = max([attempt.finished_at or now, *ends])
    return start, max(end, start + timedelta(milliseconds=1))


def _bar(task: Item, span: tuple[datetime, datetime], now: datetime) -> Bar | None:
    if task.started_at is None or task.copied:
        return None
    whole = (span[1] - span[0]).total_seconds()
    start = 100 * (task.started_at - span[0]).total_seconds() / whole
    width = 100 * ((task.finished_at or now) - task.started_at).total_seconds() / whole
    width = min(100.0, max(0.5, width))  # the thinnest bar that can be seen
    return Bar(round(max(0.0, min(start, 100 - width)), 2), round(width, 2), words.tone(task))


# --- one task -----------------------------------------------------------------------------------------------------


def details(attempt: Attempt, pk: int, jobs: Mapping[int, Jobs], now: datetime) -> Details | None:
    """None if the attempt has no such task."""
    task = Task.objects.select_related("job", "awaited").filter(attempt=attempt, pk=pk).first()
    if task is None:
        return None
    where = words.zone(attempt)
    log, more = _log(TaskLog.objects.filter(task=task), attempt)
    return Details(
        task=task,
        status=words.task_status(task),
        started=job_words.clock(task.started_at, where, now) if task.started_at else "",
        finished=job_words.clock(task.finished_at, where, now) if task.finished_at else "",
        took=words.took(task, now),
        waits=words.waits(task, where),
        jobs=jobs.get(task.pk, NO_JOBS),
        download=_download(task),
        line=_line(attempt, task),
        values=_values(attempt, task),
        log=log,
        more_log=more,
    )


def _download(task: Task) -> Download | None:
    made = downloads.of(task)
    return Download(made, job_files.available(made.job)) if made else None


def _line(attempt: Attempt, task: Task) -> int | None:
    try:
        return definitions.at(contents.workflow(attempt.revision_id, task.file), task.path).line
    except (LookupError, DigError):
        return None


def _values(attempt: Attempt, task: Task) -> list[tuple[str, str, str]]:
    """(id, heading, JSON) of what it was given and what it left; without what is empty."""
    kinds = (
        ("params", "Parameters, as computed", task.params),
        ("export", "Variables of its own", task.export),
        ("stored", "Stored for the tasks after it", task.stored),
    )
    project = attempt.workflow.project_id
    return [(key, heading, as_json(values, project)) for key, heading, values in kinds if values]


# --- the log ------------------------------------------------------------------------------------------------------


def whole_log(attempt: Attempt, tasks: list[Item]) -> tuple[list[Line], bool]:
    """The last LOG_LINES lines of all tasks, the oldest first; whether there are more."""
    names = _short_names(tasks)
    return _log(TaskLog.objects.filter(task__in=list(names)), attempt, names)


def _short_names(tasks: list[Item]) -> dict[int, str]:
    """By task; a body, such as ^sub, goes by what it is the body of, too: +push^sub."""
    names: dict[int, str] = {}
    for task in tasks:
        above = names.get(task.parent_id or 0, "") if task.name.startswith("^") else ""
        names[task.pk] = above + task.name
    return names


def _log(found: Any, attempt: Attempt, names: dict[int, str] | None = None) -> tuple[list[Line], bool]:
    # By the task's index, not through all lines there are in the order of their key.
    lines = list(found.order_by((F("pk") + 0).desc())[: LOG_LINES + 1])
    where = words.zone(attempt)
    day = attempt.created_at.astimezone(where).date()
    shown = [_log_line(line, where, day, (names or {}).get(line.task_id, "")) for line in reversed(lines[:LOG_LINES])]
    return shown, len(lines) > LOG_LINES


def _log_line(line: TaskLog, where: tzinfo, day: Any, name: str) -> Line:
    local = line.at.astimezone(where)
    text = f"{local:%H:%M:%S}" if local.date() == day else f"{local:%m-%d %H:%M:%S}"
    return Line(job_words.time_tag(local, text), line.level, line.text, name)


# --- the head -----------------------------------------------------------------------------------------------------


def failed(tasks: list[Item]) -> Item | None:
    """The task that an attempt failed by: the first that failed by itself, not by one below it."""
    wrong = [task for task in tasks if task.state == TaskState.ERROR]
    parents = {task.parent_id for task in wrong}
    return next((task for task in wrong if task.pk not in parents), None)


def others(session: Session) -> list[Attempt]:
    """The attempts of a session, the latest first."""
    found = Attempt.objects.filter(session=session).order_by("-number")
    return list(found.defer("params", "error")[: OTHERS + 1])


def from_tasks(tasks: list[Item]) -> list[str]:
    """The full names that a resume may start from: tasks of the file's groups, not those that operators made, nor what
    runs after an error or as a check."""
    groups: set[int] = set()  # a parent comes before its children
    names: dict[str, None] = {}
    for task in tasks:
        if task.parent_id is not None and (task.parent_id not in groups or task.name.startswith("^")):
            continue
        if not task.op:
            groups.add(task.pk)
        if task.parent_id is not None:
            names[task.full_name] = None
    return list(names)[:MOST_NAMED]


def announcement(attempt: Attempt, tasks: list[Item]) -> str:
    """What a screen reader is told when it changes: how the attempt stands, and that tasks failed."""
    failed = sum(task.state == TaskState.ERROR and bool(task.op) for task in tasks)
    told = f"Attempt {attempt.pk}: {attempt.get_state_display()}"
    return f"{told}, {failed:,} task{'' if failed == 1 else 's'} failed" if failed else told
