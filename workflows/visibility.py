"""What a task of an attempt sees, read from the rows of the tasks before and above it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows import planning
from workflows.advancing import kind_of
from workflows.flow.model import Kind
from workflows.models import Attempt, Task
from workflows.script import parameters, variables
from workflows.script.parameters import Params, Stored
from workflows.wording import Words


@dataclass(frozen=True)
class _Place:
    """A task among the others, without what it holds."""

    pk: int
    parent: int | None
    upstream: int | None
    kind: Kind


def visible(attempt: Attempt, task: Task, words: Words) -> Params:
    """But for built-in variables and its own values. `words` tells what tasks have read from what the file says."""
    places = _places(attempt)
    above = list(_above(task.pk, places))
    before = {one: _before(places[one], places) for one in above}
    needed = set(above).union(*before.values())
    needed |= _below(set().union(*before.values()), places)
    tasks = {pk: _blank(places[pk], before.get(pk, frozenset())) for pk in needed}
    rows = Task.objects.filter(pk__in=needed).only("export", "stored", "reset", "file", "path")
    for row in rows.iterator():
        export: Mapping[str, Any] = {}
        if row.pk in before:
            own = planning.definition_of(attempt, row).plain_export()
            export = parameters.merge(words.data(row.export), words.written(own))
        stored = Stored(words.data(row.stored), [tuple(path) for path in row.reset])
        blank = tasks[row.pk]
        tasks[row.pk] = parameters.Task(row.pk, blank.parent, blank.upstreams, export, stored)
    return parameters.visible(task.pk, tasks, attempt=words.written(attempt.params))


def _places(attempt: Attempt) -> dict[int, _Place]:
    """Those of the present rounds: what earlier tries have stored does not count."""
    columns = ("pk", "parent", "upstream", "round", "rounds", "path")
    rounds: dict[int, int] = {}
    places = {}
    for pk, parent, upstream, number, own, path in (
        Task.objects.filter(attempt=attempt).order_by("pk").values_list(*columns)
    ):
        if parent is None or rounds.get(parent) == number:
            rounds[pk] = own
            places[pk] = _Place(pk, parent, upstream, kind_of(path))
    return places


def _above(pk: int | None, places: Mapping[int, _Place]) -> Iterator[int]:
    """The task and what it is in, from within."""
    while pk is not None:
        yield pk
        pk = places[pk].parent


def _before(place: _Place, places: Mapping[int, _Place]) -> frozenset[int]:
    """The siblings that ended before it: its upstreams, or all of them for an `_error` or a `_check`."""
    if place.kind != Kind.TASK:
        return frozenset(one.pk for one in places.values() if one.parent == place.parent and one.pk < place.pk)
    found = set()
    while place.upstream in places:
        place = places[place.upstream]
        found.add(place.pk)
    return frozenset(found)


def _below(tops: set[int], places: Mapping[int, _Place]) -> set[int]:
    children = defaultdict(list)
    for place in places.values():
        children[place.parent].append(place.pk)
    found, level = set(), list(tops)
    while level:
        level = [child for pk in level for child in children[pk]]
        found.update(level)
    return found


def _blank(place: _Place, upstreams: frozenset[int]) -> parameters.Task:
    return parameters.Task(place.pk, place.parent, upstreams)


def builtin(attempt: Attempt, task: Task) -> Params:
    session = attempt.session
    about = variables.Session(
        project_id=session.workflow.project_id,
        id=session.pk,
        uuid=str(session.uuid),
        attempt_id=attempt.pk,
        time=session.session_time,
        timezone=attempt.timezone,
        retry_attempt_name=attempt.retry_attempt_name or None,
        last=attempt.last_session_time,
        next=attempt.next_session_time,
        last_executed=attempt.last_executed_session_time,
    )
    return variables.builtin(about, task_name=task.full_name)
