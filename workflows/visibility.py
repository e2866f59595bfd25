"""What a task of an attempt sees, read from the rows of the tasks before and above it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workflows import planning
from workflows.advancing import kind_of
from workflows.flow.model import Kind
from workflows.models import Attempt, Task
from workflows.script import parameters, variables
from workflows.script.parameters import Params, Stored
from workflows.wording import Words


@dataclass(frozen=True, slots=True)
class _Place:
    """A task among the others, without what it holds."""

    parent: int | None
    upstream: int | None
    kind: Kind


Places = Mapping[int, _Place]


def visible(attempt: Attempt, task: Task, words: Words) -> Params:
    """But for built-in variables and its own values. `words` tells what tasks have read from what the file says."""
    places = _places(attempt.pk)
    above = list(_above(task.pk, places))
    before = {pk: _before(pk, places) for pk in above}
    seen = set(above).union(*before.values())
    leave = Task.objects.filter(attempt=attempt).exclude(stored={}, reset=[]).values_list("pk", flat=True)
    chains = [chain for pk in leave if pk in places and (chain := _up_to(pk, seen, places))]
    tasks = {pk: parameters.Task(pk, places[pk].parent) for chain in chains for pk in chain}
    stored = _stored(chain[0] for chain in chains)
    exported = _exported(attempt, above, words)
    for pk in {*tasks, *above}:
        tasks[pk] = parameters.Task(
            id=pk,
            parent=places[pk].parent,
            upstreams=frozenset(before.get(pk, frozenset()) & tasks.keys()),
            export=exported.get(pk, {}),
            stored=Stored(words.data(stored[pk].params), stored[pk].reset) if pk in stored else Stored(),
        )
    return parameters.visible(task.pk, tasks, attempt=words.written(attempt.params))


def before(attempt: Attempt, task: Task) -> set[int]:
    """The tasks that ended before it, with all in them, and those that it is in."""
    places = _places(attempt.pk)
    above = set(_above(task.pk, places))
    ended = set[int]().union(*(_before(pk, places) for pk in above))
    return above | {pk for pk in places if not ended.isdisjoint(_above(pk, places))}


def present(attempt: int) -> set[int]:
    """The tasks of an attempt without those of earlier tries."""
    return set(_places(attempt))


def _places(attempt: int) -> dict[int, _Place]:
    """Those of the present rounds: what earlier tries have stored does not count."""
    columns = ("pk", "parent", "upstream", "round", "rounds", "name")
    rounds: dict[int, int] = {}
    places = {}
    found = Task.objects.filter(attempt=attempt).order_by("pk")  # a parent is made before its children
    for pk, parent, upstream, number, own, name in found.values_list(*columns):
        if parent is None or rounds.get(parent) == number:
            rounds[pk] = own
            places[pk] = _Place(parent, upstream, kind_of(name))
    return places


def _above(pk: int | None, places: Places) -> Iterator[int]:
    """The task and what it is in, from within."""
    while pk is not None:
        yield pk
        pk = places[pk].parent


def _before(pk: int, places: Places) -> frozenset[int]:
    """The siblings that ended before it: its upstreams, or all of them for an `_error` or a `_check`."""
    place = places[pk]
    if place.kind != Kind.TASK:
        return frozenset(other for other, its in places.items() if its.parent == place.parent and other < pk)
    found = set()
    while place.upstream is not None:
        found.add(place.upstream)
        place = places[place.upstream]
    return frozenset(found)


def _up_to(pk: int, seen: set[int], places: Places) -> list[int]:
    """The task and what it is in, up to one that is seen; nothing without such a one. What is within a task above is
    seen only if it is so by itself."""
    chain: list[int] = []
    for one in _above(pk, places):
        chain.append(one)
        if one in seen:
            return chain
    return []


def _stored(pks: Iterable[int]) -> dict[int, Stored]:
    rows = Task.objects.filter(pk__in=list(pks)).values_list("pk", "stored", "reset")
    return {pk: Stored(stored, [tuple(path) for path in reset]) for pk, stored, reset in rows}


def _exported(attempt: Attempt, above: list[int], words: Words) -> dict[int, Params]:
    """What each of these exports: what the file says, and over it, as in digdag, the variables from its parent."""
    rows = {row.pk: row for row in Task.objects.filter(pk__in=above).only("export", "file", "path", "op", "parent")}
    exported = {}
    for row in rows.values():
        own = words.written(planning.definition_of(attempt, row).plain_export())
        parent = rows.get(row.parent_id or 0)
        exported[row.pk] = _with_variables(own, row.export, parent.op if parent else "", words)
    return exported


def _with_variables(own: Params, variables: Params, op: str, words: Words) -> Params:
    """Those of for_each> are the file's own words, computed; those of td_for_each> stand beside what else is in td."""
    if op == "for_each":
        return {**own, **words.computed(variables)}
    data: Params = words.data(variables)
    return parameters.merge(own, data) if op == "td_for_each" else {**own, **data}


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
