"""Which parameters a task sees, by digdag's order. See WorkflowExecutor.collectParams and TaskTree there.

The nearer wins: project defaults < attempt < from the root down to the task, at each level what tasks before it have
stored and then its own `_export` < built-in variables < the task's own values. Maps are merged, all else is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Params = dict[str, Any]


def merge(*layers: Mapping[str, Any]) -> Params:
    """A new map of all layers, the later over the earlier; maps in both are merged, and keys keep their first place."""
    merged: Params = {}
    for layer in layers:
        _merge_into(merged, layer)
    return merged


def _merge_into(target: Params, layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        here = target.get(key)
        if isinstance(value, Mapping) and isinstance(here, dict):
            _merge_into(here, value)
        else:
            target[key] = deepcopy(value)


@dataclass(frozen=True)
class Stored:
    """What a task leaves for those after it. `reset`: paths, such as ("td", "last_results"), that are removed first."""

    params: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Task:
    """A task of an attempt. `upstreams` are the siblings that must end before it; their ids are smaller."""

    id: int
    parent: int | None
    upstreams: frozenset[int] = frozenset()
    export: Mapping[str, Any] = field(default_factory=dict)
    stored: Stored = Stored()


def visible(task: int, tasks: Mapping[int, Task], *, attempt: Mapping[str, Any]) -> Params:
    """What the task with this id sees, but for built-in variables and its own values; its own `_export` is in it.

    attempt: the project's defaults and the attempt's parameters, merged.
    """
    children = _children(tasks)
    parents = _parents(task, tasks)
    params = merge(attempt)
    for ancestor in [*parents, tasks[task]]:
        for sibling in _before(ancestor, tasks):
            for done in _with_descendants(sibling, children):
                _store(params, done.stored)
        _merge_into(params, ancestor.export)
        if ancestor.id != task:
            _store(params, ancestor.stored)
    return params


def of_task(params: Mapping[str, Any], builtin: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Params, Params]:
    """(tree, params) for `Scripts.evaluate`: the task's own values over all that it sees, and what it sees."""
    seen = merge(params, builtin)
    return merge(seen, own), seen


def _store(params: Params, stored: Stored) -> None:
    for *nest, last in stored.reset:
        inner: Any = params
        for name in nest:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(last, None)
    _merge_into(params, stored.params)


def _children(tasks: Mapping[int, Task]) -> dict[int | None, list[Task]]:
    children: dict[int | None, list[Task]] = {}
    for _, task in sorted(tasks.items()):
        children.setdefault(task.parent, []).append(task)
    return children


def _parents(task: int, tasks: Mapping[int, Task]) -> list[Task]:
    """From the root down."""
    parents: list[Task] = []
    parent = tasks[task].parent
    while parent is not None:
        parents.insert(0, tasks[parent])
        parent = tasks[parent].parent
    return parents


def _before(task: Task, tasks: Mapping[int, Task]) -> list[Task]:
    """All siblings that ended before it, those that its upstreams waited for included, the earliest first."""
    found: set[int] = set()
    waiting = set(task.upstreams)
    while waiting:
        found |= waiting
        waiting = {up for number in waiting for up in tasks[number].upstreams} - found
    return [tasks[number] for number in sorted(found)]


def _with_descendants(task: Task, children: Mapping[int | None, list[Task]]) -> Iterator[Task]:
    yield task
    for child in children.get(task.id, ()):
        yield from _with_descendants(child, children)
