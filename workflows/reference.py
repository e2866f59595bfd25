"""The operators and directives, for people: what the checks go by, in groups."""

from dataclasses import dataclass
from typing import Any

from workflows.dig import td_operators
from workflows.dig.declared import Operator
from workflows.dig.operators import OPERATORS
from workflows.dig.reading import TOP

CONTROL = ("if", "for_each", "for_range", "loop", "call", "require", "wait", "fail")
DIRECTIVES = (
    ("_export", "Variables for this task and those in it, as ${name}."),
    ("_do, _else_do", "The tasks of an operator that has any."),
    ("_parallel", "true: the tasks of the group run at the same time. {limit: 2}: so many of them."),
    ("_retry", "Tries a task again: up to 1,000 times, or {limit: 3, interval: 60, interval_type: exponential}."),
    ("_error", "A task that runs when this one has failed, with ${error.message}."),
    ("_check", "A task that runs when this one has succeeded; if it fails, so does this one."),
    ("_disable", "true: the task does nothing."),
    ("!include : 'file'", "The keys of another file of the project, as if they stood here."),
)
SCHEDULES = (
    ("hourly>: 30:00", "Every hour at :30."),
    ("daily>: 07:00:00", "Every day at 07:00."),
    ("weekly>: Mon,07:00:00", "Every Monday at 07:00."),
    ("monthly>: 1,07:00:00", "On the 1st of every month at 07:00."),
    ("minutes_interval>: 10", "Every 10 minutes."),
    ("cron>: 0 7 * * 1-5", "By a cron line."),
)
VARIABLES = (
    ("session_time", "The time that the session runs for, such as 2026-03-01T00:00:00+09:00."),
    ("session_date, session_date_compact", "Its day: 2026-03-01, 20260301."),
    ("session_unixtime", "The same in Unix seconds."),
    (
        "last_session_time, next_session_time",
        "Those of the sessions before and after it, if the workflow has a schedule.",
    ),
    ("last_executed_session_time", "Of the last session that ran."),
    ("session_id, attempt_id, project_id", "Numbers of what runs."),
    ("timezone, task_name", "The workflow's time zone; the task's name."),
    ("secret:KEY", "A secret of the project. Only operators read it."),
)


@dataclass(frozen=True)
class Group:
    name: str
    operators: tuple[Operator, ...]


def groups() -> list[Group]:
    td = {one.name for one in td_operators.TD_OPERATORS}
    control = tuple(OPERATORS[name] for name in CONTROL)
    other = tuple(one for name, one in OPERATORS.items() if name not in td and name not in CONTROL)
    return [Group("Treasure Data", td_operators.TD_OPERATORS), Group("Control", control), Group("Other", other)]


def vocabulary() -> dict[str, Any]:
    """What the editor completes, as names each with a help: keys of a file's top level, of a task and of `schedule:`,
    operators, and the parameters of each."""
    keys = [(name, help_) for names, help_ in DIRECTIVES if names[0] == "_" for name in names.split(", ")]
    told = dict(keys) | {"timezone": "Such as Asia/Tokyo; UTC if absent.", "schedule": "When it runs by itself."}
    operators = OPERATORS.values()
    return {
        "top": [(name, told.get(name, "")) for name in TOP],
        "task": [*((f"{one.name}>", one.help) for one in operators), *keys],
        "schedule": [(example.split(":")[0], help_) for example, help_ in SCHEDULES],
        "params": {one.name: [(param.name, param.help) for param in one.params if param.effect] for one in operators},
    }
