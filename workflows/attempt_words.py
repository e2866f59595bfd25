"""Attempts and tasks in words: where they stand, since when, and by whom."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo

from exports import job_words
from exports.job_words import Status
from workflows.models import Attempt, Task, TaskState, Workflow
from workflows.task_tree import Item

STATUS = {  # of a task: a key of the `status` tag, and the class of its bar's colour
    TaskState.BLOCKED: ("queued", "f-mute"),
    TaskState.READY: ("queued", "f-mute"),
    TaskState.RUNNING: ("running", "f-run"),
    TaskState.WAITING: ("queued", "f-run"),
    TaskState.PLANNED: ("running", "f-run"),
    TaskState.RETRY: ("retry_wait", "f-warn"),
    TaskState.SUCCESS: ("success", "f-ok"),
    TaskState.ERROR: ("error", "f-err"),
    TaskState.CANCELED: ("skipped", "f-mute"),
}
ORDER = (  # in which people are told how many tasks have a state
    TaskState.SUCCESS,
    TaskState.ERROR,
    TaskState.RUNNING,
    TaskState.PLANNED,
    TaskState.WAITING,
    TaskState.RETRY,
    TaskState.READY,
    TaskState.BLOCKED,
    TaskState.CANCELED,
)


def status(attempt: Attempt) -> Status:
    if attempt.kill_requested and not attempt.finished:
        return Status("stopping")
    return Status(attempt.state)


def task_status(task: Task | Item) -> Status:
    if task.state == TaskState.CANCELED and task.started_at:
        return Status("killed")
    state = TaskState(task.state)
    return Status(STATUS[state][0], state.label)


def tone(task: Task | Item) -> str:
    return STATUS[TaskState(task.state)][1]


def zone(attempt: Attempt) -> tzinfo:
    return job_words.zone_named(attempt.timezone)


def zone_of(workflow: Workflow) -> tzinfo:
    return job_words.zone_named(workflow.timezone)


def session_time(at: datetime, where: tzinfo) -> str:
    """Wed 25 Nov 2026, 06:00 JST; to the second if it has some, for it is what the workflow computes with."""
    local = at.astimezone(where)
    return f"{local:%a} {local.day} {local:%b %Y}, {clock(local)}"


def clock(local: datetime) -> str:
    """06:00 JST, 06:00:12 JST."""
    return f"{local:%H:%M:%S}".removesuffix(":00") + f" {job_words.zone_name(local)}"


def took(thing: Attempt | Task | Item, now: datetime) -> str:
    """How long it ran, or has been running; empty if it never began."""
    began = thing.created_at if isinstance(thing, Attempt) else thing.started_at
    return job_words.duration(((thing.finished_at or now) - began).total_seconds()) if began else ""


def by_whom(attempt: Attempt) -> str:
    if attempt.by_schedule:
        return "the schedule"
    return attempt.created_by.display_name if attempt.created_by else "the console"


def waits(task: Task | Item, where: tzinfo) -> str:
    """What a task waits for, without what links can say: "until 07:00:12"; "" if for nothing of the kind."""
    if task.state not in (TaskState.WAITING, TaskState.RETRY) or not task.next_run_at:
        return ""
    return f"until {job_words.clock_text(task.next_run_at, where)}"


@dataclass(frozen=True)
class Count:
    """How many tasks have a state. `tone`: the class of its colour."""

    word: str
    n: int
    tone: str


def counts(tasks: list[Item]) -> list[Count]:
    """Of tasks that have an operator."""
    found = Counter(task.state for task in tasks if task.op)
    return [Count(state.label, found[state], STATUS[state][1]) for state in ORDER if found[state]]
