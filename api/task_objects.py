"""Tasks of attempts and their logs as digdag's clients read them."""

from collections.abc import Mapping
from typing import Any

from api.declared import BOOLEAN, TEXT, array, nullable, record
from api.times import iso
from api.workflow_objects import OBJECT
from warehouse.masking import is_personal, mask_cell
from workflows import contents, definitions
from workflows.dig.model import Task as Definition
from workflows.dig.nodes import plain
from workflows.dig.problems import DigError
from workflows.masking import Mask
from workflows.models import Attempt, Task, TaskState

STATES = {
    TaskState.BLOCKED: "blocked",
    TaskState.READY: "ready",
    TaskState.RUNNING: "running",
    TaskState.WAITING: "retry_waiting",
    TaskState.PLANNED: "planned",
    TaskState.RETRY: "retry_waiting",
    TaskState.SUCCESS: "success",
    TaskState.ERROR: "error",
    TaskState.CANCELED: "canceled",
}
OF_GROUPS = {TaskState.RETRY: "group_retry_waiting", TaskState.ERROR: "group_error"}
TASK = record(
    id=TEXT,
    fullName=TEXT,
    parentId=nullable(TEXT),
    config=OBJECT,
    upstreams=array(TEXT),
    isGroup=BOOLEAN,
    state={"type": "string", "enum": sorted({*STATES.values(), *OF_GROUPS.values()})},
    cancelRequested=BOOLEAN,
    exportParams=OBJECT,
    storeParams=OBJECT,
    stateParams=OBJECT,
    updatedAt=TEXT,
    retryAt=nullable(TEXT),
    startedAt=nullable(TEXT),
    error=OBJECT,
)


def tasks(attempt: Attempt) -> list[dict[str, Any]]:
    """All of an attempt, in one query."""
    mask = Mask(attempt.session.workflow.project_id)
    return [_task(task, attempt, mask) for task in attempt.tasks.order_by("pk")]


def _task(task: Task, attempt: Attempt, mask: Mask) -> dict[str, Any]:
    definition = _definition(task, attempt.revision_id)
    waits = task.state in (TaskState.WAITING, TaskState.RETRY)
    return {
        "id": str(task.pk),
        "fullName": task.full_name,
        "parentId": str(task.parent_id) if task.parent_id else None,
        "config": mask.values(_config(definition)) if definition else {},
        "upstreams": [str(task.upstream_id)] if task.upstream_id else [],
        "isGroup": not task.op,
        "state": state(task),
        "cancelRequested": attempt.kill_requested,
        "exportParams": masked(mask.values({**(definition.plain_export() if definition else {}), **task.export})),
        "storeParams": masked(mask.values(task.stored)),
        "stateParams": {},
        "updatedAt": iso(task.finished_at or task.started_at or attempt.created_at),
        "retryAt": iso(task.next_run_at) if waits else None,
        "startedAt": iso(task.started_at),
        "error": {"message": task.error} if task.error else {},
    }


def state(task: Task) -> str:
    """In digdag's words."""
    at = TaskState(task.state)
    return OF_GROUPS.get(at, STATES[at]) if not task.op else STATES[at]


def _definition(task: Task, revision: int) -> Definition | None:
    try:
        return definitions.at(contents.workflow(revision, task.file), task.path)
    except (DigError, LookupError):
        return None


def _config(definition: Definition) -> dict[str, Any]:
    own = {f"{definition.op}>": plain(definition.command) if definition.command else None} if definition.op else {}
    return {**own, **definition.plain_params()}


def masked(value: Any, name: str = "") -> Any:
    """What a task left, without personal data in its texts."""
    if isinstance(value, Mapping):
        return {key: masked(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, name) for one in value]
    return mask_cell(value, personal=is_personal(name)) if isinstance(value, str) else value
