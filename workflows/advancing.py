"""Brings an attempt as far as it comes: what `flow.advance` says becomes rows.

All of it runs in the transaction of whoever ended a task, under a lock of the attempt's row, so that no two do so at
once.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, TextField
from django.db.models.functions import Cast, Coalesce

from workflows import contents, definitions, planning
from workflows.dig.model import Parallel
from workflows.dig.model import Retry as RetryDefinition
from workflows.flow import advancing as flow
from workflows.flow.model import FINAL, HELD_UP, NEVER, Changes, Kind, Retry, State, Traits
from workflows.flow.model import Task as Node
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState
from workflows.wording import told_of

COLUMNS = ("pk", "parent", "position", "state", "upstream", "round", "rounds", "name", "op", "file")
KINDS = {name: kind for kind, name in planning.BODY_NAMES.items()}
ENDS = {
    State.SUCCESS: AttemptState.SUCCESS,
    State.ERROR: AttemptState.ERROR,
    State.CANCELED: AttemptState.KILLED,
}
AFRESH: dict[str, Any] = {"memory": {}, "stored": {}, "reset": [], "job": None, "awaited": None}
"""What a task that is repeated has forgotten."""


def lock(attempt: int) -> Attempt:
    """The attempt, which nobody else changes until the transaction ends."""
    return Attempt.objects.select_for_update().get(pk=attempt)


def advance(attempt: Attempt, now: datetime, ended: Mapping[int, State] | None = None) -> None:
    """Under its lock. `ended`: the task whose operator has ended just now, as DONE or FAILED; its error is on record.
    Raises TooMany, if a body cannot be made."""
    momentary = dict(ended or {})
    while True:
        rows = _Rows(attempt, momentary)
        changes = flow.advance(rows.nodes, rows.traits, killed=attempt.kill_requested)
        _make(attempt, changes, now)
        momentary = {}
        if not changes.bodies:
            break
    if changes.ended:
        _end(attempt, changes, now)


def kill(attempt: Attempt, now: datetime) -> None:
    """Under its lock, once a kill is requested: what no worker has ends, by a statement that a worker's claim cannot
    slip through; the attempt ends when nothing runs any more."""
    waiting = Task.objects.filter(attempt=attempt, state__in=HELD_UP)
    waiting.update(state=TaskState.CANCELED, finished_at=now, next_run_at=None)
    advance(attempt, now)


# --- rows → nodes


class _Rows:
    """The attempt's tasks. What is JSON is read only where it matters: there may be a thousand."""

    def __init__(self, attempt: Attempt, momentary: Mapping[int, State]) -> None:
        self.revision = attempt.revision_id
        self.nodes: list[Node] = []
        self.about: dict[int, tuple[str, str, str, bool]] = {}
        found = Task.objects.filter(attempt=attempt).order_by("pk")
        texts = (Cast("path", TextField()), Cast("memory", TextField()))
        for pk, parent, position, state, upstream, number, rounds, name, op, *about in found.values_list(
            *COLUMNS, *texts
        ):
            kind, state = kind_of(name), momentary.get(pk) or State(state)
            self.nodes.append(Node(pk, parent, position, state, upstream, number, rounds, kind, not op))
            self.about[pk] = (*about, not op)

    def traits(self, pk: int) -> Traits:
        file, path, memory, group = self.about[pk]
        definition = definitions.at(contents.workflow(self.revision, file), json.loads(path))
        kept = json.loads(memory)
        return Traits(
            disabled=definition.disabled,
            parallel=_parallel(definition.parallel) if group else kept.get("parallel", 0),
            retry=Retry(*kept["retry"]) if "retry" in kept else retry_of(definition.retry),
            has_error=definition.error is not None,
            has_check=definition.check is not None,
        )


def kind_of(name: str) -> Kind:
    return KINDS.get(name, Kind.TASK)


def _parallel(parallel: Parallel | None) -> int:
    """Of a group, where nothing is computed; one after the other if there is none, by their upstreams."""
    limit = parallel.limit if parallel else None
    return limit if isinstance(limit, int) else 0


def retry_of(retry: RetryDefinition | None) -> Retry:
    """As it is written; never, as long as ${…} in it is not computed."""
    if retry is None:
        return NEVER
    numbers = (retry.limit, retry.interval, 0 if retry.max_interval is None else retry.max_interval)
    if any(isinstance(number, str) for number in numbers):
        return NEVER
    limit, interval, _ = map(int, numbers)
    longest = None if retry.max_interval is None else float(retry.max_interval)
    return Retry(limit, interval, longest, retry.exponential)


# --- changes → rows


def _make(attempt: Attempt, changes: Changes, now: datetime) -> None:
    by_state: dict[State, list[int]] = defaultdict(list)
    for pk, state in changes.states.items():
        by_state[state].append(pk)
    for state, pks in by_state.items():
        if state != State.RETRY:
            Task.objects.filter(pk__in=pks).update(**_values(state, now))
    for pk, seconds in changes.repeat.items():
        _repeat(pk, seconds, now)
    _failed(changes.failed)
    disabled = (TaskLog(task_id=pk, text="The task is disabled: it does nothing.") for pk in changes.disabled)
    TaskLog.objects.bulk_create(disabled)
    for pk, kind, cause in changes.bodies:
        parent = Task.objects.get(pk=pk)
        planning.body(attempt, parent, kind, {"error": error_of(cause)} if cause else {})


def _values(state: State, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"state": state.value}
    if state == State.PLANNED:
        values["started_at"] = Coalesce("started_at", now)
    if state == State.READY:
        values |= {"hinted_at": None, "next_run_at": None}
    if state in FINAL:
        values |= {"finished_at": now, "next_run_at": None}
    if state == State.SUCCESS:
        values |= {"error": "", "advice": "", "started_at": Coalesce("started_at", now)}
    return values


def _repeat(pk: int, seconds: float, now: datetime) -> None:
    at = now + timedelta(seconds=seconds)
    Task.objects.filter(pk=pk).update(state=TaskState.RETRY, rounds=F("rounds") + 1, next_run_at=at, **AFRESH)
    task = Task.objects.only("rounds").get(pk=pk)
    text = f"The task has failed. It is repeated in {seconds:,.0f} s, for the {_ordinal(task.rounds)} time."
    TaskLog.objects.create(task_id=pk, level=TaskLog.Level.WARN, text=text)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _failed(failed: Mapping[int, int]) -> None:
    """Groups that end in error say which task did so first."""
    groups = defaultdict(list)
    for pk, cause in failed.items():
        groups[cause].append(pk)
    names = Task.objects.filter(pk__in=groups).values_list("pk", "full_name")
    for cause, name in names:
        Task.objects.filter(pk__in=groups[cause]).update(error=f"{name} has failed.")


def error_of(cause: int) -> dict[str, Any]:
    """What `_error` sees as ${error}."""
    pk, name, error, memory = Task.objects.values_list("pk", "full_name", "error", "memory").get(pk=cause)
    told: dict[str, Any] = told_of({**memory.get("error", {}), "message": error, "task_name": name, "task_id": pk})
    return told


def _end(attempt: Attempt, changes: Changes, now: datetime) -> None:
    assert changes.ended
    attempt.state = AttemptState.KILLED if attempt.kill_requested else ENDS[changes.ended]
    attempt.finished_at = now
    if attempt.state == AttemptState.ERROR:
        attempt.error = _why(attempt, changes.failed)
    attempt.save(update_fields=["state", "finished_at", "error"])


def _why(attempt: Attempt, failed: Mapping[int, int]) -> str:
    root = Task.objects.only("pk").get(attempt=attempt, parent=None)
    cause = Task.objects.only("full_name", "error").get(pk=failed.get(root.pk, root.pk))
    return f"{cause.full_name}: {cause.error}"


def ready(attempt: int, most: int = 1) -> list[int]:
    """The tasks that no worker has been told of, the oldest first."""
    found = Task.objects.filter(attempt=attempt, state=TaskState.READY, hinted_at=None)
    return list(found.order_by("pk").values_list("pk", flat=True)[:most])
