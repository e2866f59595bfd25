"""The rows of tasks: those of groups, of what operators make, of `_error` and `_check`, and copies of an attempt that
is resumed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, Subquery

from workflows import contents, definitions
from workflows.dig.model import Task as Definition
from workflows.dig.operators import MOST_LOOPS as MOST_TASKS
from workflows.flow.model import Kind
from workflows.models import Attempt, Task, TaskState
from workflows.operators.base import Subtask
from workflows.resuming import ANEW, Resumed

DEEPEST = 100  # levels
BODY_NAMES = {Kind.ERROR: "^error", Kind.CHECK: "^check"}


class TooMany(Exception):
    """The attempt would have more tasks than it can; the text may be shown to users."""


@dataclass
class _Planned:
    """A task to be made. `in_turn`: it waits for the sibling before it. `copy_of`: it ended well, as this one did.
    `anew`: so does nothing in it, whatever it makes."""

    name: str
    full_name: str
    file: str
    path: list[int | str]
    position: int
    definition: Definition
    in_turn: bool = False
    export: Mapping[str, Any] = field(default_factory=dict)
    copy_of: Task | None = None
    anew: bool = False
    children: list["_Planned"] = field(default_factory=list)

    def count(self) -> int:
        return 1 + sum(child.count() for child in self.children)


def definition_of(attempt: Attempt, task: Task) -> Definition:
    """Raises DigError, LookupError."""
    return definitions.at(contents.workflow(attempt.revision_id, task.file), task.path)


def root(attempt: Attempt, file: str, *, resume_from: str = "") -> Task:
    """The task that all others are in, alone; `below` makes them. `resume_from`: see Resumed."""
    workflow = contents.workflow(attempt.revision_id, file)
    name = f"+{workflow.name}"
    memory = {"resume_from": resume_from} if resume_from else {}
    return Task.objects.create(
        attempt=attempt, position=0, name=name, full_name=name, file=file, path=[], memory=memory
    )


def below(attempt: Attempt, group: Task, definition: Definition) -> None:
    """Make what a group has in it, in its present round. Raises TooMany."""
    resumed = Resumed.of(attempt, group)
    _insert(attempt, group, _of_group(group.file, group.path, group.full_name, definition, resumed))


def subtasks(attempt: Attempt, parent: Task, made: Sequence[Subtask], *, in_turn: bool) -> None:
    """Make what an operator wants to run next. Raises TooMany, and LookupError for a path that is none."""
    resumed = Resumed.of(attempt, parent)
    planned: list[_Planned] = []
    for position, one in enumerate(made):
        definition = definitions.at(contents.workflow(attempt.revision_id, one.file), one.path)
        planned.append(
            _Planned(
                name=one.name,
                full_name=parent.full_name + one.name,
                file=one.file,
                path=list(one.path),
                position=position,
                definition=definition,
                in_turn=in_turn,
                export=one.export,
            )
        )
    _resume(planned, resumed)
    _insert(attempt, parent, planned)


def body(attempt: Attempt, parent: Task, kind: Kind, export: Mapping[str, Any]) -> None:
    """Make the `_error` or `_check` of a task, behind what it has. Raises TooMany."""
    path = [*parent.path, str(kind)]
    definition = definitions.at(contents.workflow(attempt.revision_id, parent.file), path)
    last = Task.objects.filter(parent=parent, round=parent.rounds).order_by("position").last()
    name = BODY_NAMES[kind]
    planned = _Planned(
        name=name,
        full_name=parent.full_name + name,
        file=parent.file,
        path=path,
        position=last.position + 1 if last else 0,
        definition=definition,
        export=export,
    )
    planned.anew = attempt.resumed_from_id is not None
    planned.children = _inside(planned, ANEW if planned.anew else Resumed())
    _insert(attempt, parent, [planned])


# --- what is to be made


def _of_group(
    file: str, path: Sequence[int | str], above: str, definition: Definition, resumed: Resumed
) -> list[_Planned]:
    in_turn = not (definition.parallel and definition.parallel.on)
    planned = [
        _Planned(
            name=one.name,
            full_name=above + one.name,
            file=file,
            path=[*path, position],
            position=position,
            definition=one,
            in_turn=in_turn,
        )
        for position, one in enumerate(definition.subtasks)
    ]
    _resume(planned, resumed)
    return planned


def _resume(planned: list[_Planned], resumed: Resumed) -> None:
    """Those that ended well before are copied, but for those that come after one that is not; fills in children."""
    after = resumed
    for one in planned:
        known = after if one.in_turn else resumed
        one.anew, one.copy_of = known.anew, known.copy(one.full_name, one.export)
        one.children = _copies(one, one.copy_of, known) if one.copy_of else _inside(one, known)
        if resumed.by_name and not one.copy_of:
            after = ANEW


def _inside(one: _Planned, resumed: Resumed) -> list[_Planned]:
    if one.definition.op is not None or one.definition.disabled:
        return []
    return _of_group(one.file, one.path, one.full_name, one.definition, resumed)


def _copies(one: _Planned, source: Task, resumed: Resumed) -> list[_Planned]:
    """All below a task that is copied, as it was."""
    made = [
        _Planned(
            name=child.name,
            full_name=one.full_name + child.name,
            file=child.file,
            path=child.path,
            position=child.position,
            definition=one.definition,
            in_turn=child.upstream_id is not None,
            export=child.export,
            copy_of=child,
        )
        for child in resumed.children(source)
    ]
    for copy in made:
        assert copy.copy_of is not None
        copy.children = _copies(copy, copy.copy_of, resumed)
    return made


# --- rows


def _insert(attempt: Attempt, parent: Task, planned: list[_Planned]) -> None:
    """A level of the tree at a time: so many queries as it is deep."""
    made = sum(one.count() for one in planned)
    if Task.objects.filter(attempt=attempt).count() + made > MOST_TASKS:
        raise TooMany(f"An attempt can have {MOST_TASKS:,} tasks, and this would make more. Divide the workflow.")
    level, waiting = [(parent, parent.rounds, one) for one in planned], list[int]()
    while level:
        if len(re.findall(r"[+^]", level[0][2].full_name)) > DEEPEST:
            raise TooMany(f"Tasks can be nested {DEEPEST} levels deep, and this would be deeper.")
        rows = Task.objects.bulk_create(_row(attempt, above, number, one) for above, number, one in level)
        for row, (_, _, one) in zip(rows, level, strict=True):
            if one.in_turn and one.position:
                waiting.append(row.pk)
        level = [(row, 0, child) for row, (_, _, one) in zip(rows, level, strict=True) for child in one.children]
    _in_turn(waiting)


def _row(attempt: Attempt, parent: Task, number: int, one: _Planned) -> Task:
    row = Task(
        attempt=attempt,
        parent=parent,
        position=one.position,
        round=number,
        name=one.name,
        full_name=one.full_name,
        file=one.file,
        path=one.path,
        op=one.definition.op or "",
        export=one.export,
        memory={"anew": True} if one.anew else {},
    )
    if before := one.copy_of:
        row.op, row.state, row.copied = before.op, TaskState.SUCCESS, True
        row.stored, row.reset, row.params = before.stored, before.reset, before.params
    return row


def _in_turn(rows: Iterable[int]) -> None:
    """Let each of them wait for the sibling before it."""
    before = Task.objects.filter(
        parent=OuterRef("parent"), round=OuterRef("round"), position=OuterRef("position") - 1
    ).values("pk")
    if rows:
        Task.objects.filter(pk__in=list(rows)).update(upstream=Subquery(before[:1]))
