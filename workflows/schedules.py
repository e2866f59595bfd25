"""When workflows run by themselves: what their files say, and since when."""

from datetime import datetime

from accounts.models import User
from workflows import definitions
from workflows.dig.model import Workflow as Definition
from workflows.models import Workflow, WorkflowSchedule
from workflows.script.schedule import Schedule, parse


def read(schedule: WorkflowSchedule) -> Schedule:
    """Raises ScheduleError."""
    return parse(schedule.definition, schedule.timezone)


def follow(workflow: Workflow, definition: Definition, *, user: User, since: datetime) -> None:
    """Let the workflow run by itself as its file says now, or no more. While its schedule and time zone stay what they
    were, so do the session that comes next and a pause; else it begins anew with the first run at `since` or later."""
    value = definitions.schedule_of(definition)
    if value is None:
        remove(workflow)
        return
    before = WorkflowSchedule.objects.select_for_update().filter(workflow=workflow).first()
    schedule = before or WorkflowSchedule(workflow=workflow)
    same = before and before.definition == value and before.timezone == definition.timezone
    schedule.definition, schedule.run_as = value, user
    if not same:
        slot = parse(value, definition.timezone).first_from(since)
        schedule.next_session_time, schedule.next_run_at = slot or (None, None)
        schedule.problem = ""
    schedule.timezone = definition.timezone
    schedule.save()


def remove(workflow: Workflow) -> None:
    WorkflowSchedule.objects.filter(workflow=workflow).delete()


def fire(now: datetime) -> None:
    """Start the sessions that are due."""
