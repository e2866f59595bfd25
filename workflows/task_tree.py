"""The tasks of an attempt as rows of a page: what matters is shown, what is alike is folded away.

What someone has opened stands in the page's address, so that a page that draws itself anew stays as it was.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from exports.filters import number
from workflows.models import TaskState

MOST_ROWS = 150  # of a page; groups below stay shut until someone opens them
WINDOW = 50  # tasks of one group that are shown at once
FEW_IN_LOOP, FEW = 10, 40  # up to so many are shown without being asked for
DEEPEST = 9  # further levels are drawn as this one
ENDED_WELL = (TaskState.SUCCESS, TaskState.BLOCKED, TaskState.CANCELED)
ACTIVE = (TaskState.RUNNING, TaskState.WAITING, TaskState.PLANNED, TaskState.RETRY, TaskState.READY)


@dataclass(frozen=True)
class Look:
    """What the address says. `task`: the one whose details are shown; `opened` and `shut` groups, `tries`: groups whose
    earlier tries are shown; `pages`: which window of a long group is shown, from 0."""

    task: int | None = None
    opened: frozenset[int] = frozenset()
    shut: frozenset[int] = frozenset()
    tries: frozenset[int] = frozenset()
    pages: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Look":
        """What is not understood is left out."""
        pages = dict(pair.split("-", 1) for pair in given.get("all", "")[:4000].split(".") if "-" in pair)
        return cls(
            task=number(given.get("task", "")),
            opened=_numbers(given.get("open", "")),
            shut=_numbers(given.get("shut", "")),
            tries=_numbers(given.get("tries", "")),
            pages={int(key): int(page) for key, page in pages.items() if number(key) and number(page) is not None},
        )

    def encode(self) -> str:
        """As a query string, with its ?; "?" for a page as it is without being asked."""
        pages = ".".join(f"{key}-{page}" for key, page in sorted(self.pages.items()))
        values = {"task": self.task, "open": _text(self.opened), "shut": _text(self.shut)}
        values |= {"tries": _text(self.tries), "all": pages}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def chosen(self, task: int) -> "Look":
        return replace(self, task=task)

    def turned(self, task: int, *, opened: bool) -> "Look":
        """With a group opened or shut."""
        if opened:
            return replace(self, opened=self.opened | {task}, shut=self.shut - {task})
        return replace(self, opened=self.opened - {task}, shut=self.shut | {task})

    def retried(self, task: int) -> "Look":
        return replace(self, tries=self.tries ^ {task})

    def paged(self, task: int, page: int | None) -> "Look":
        """On another window of a long group; None: with what matters of it."""
        others = {key: value for key, value in self.pages.items() if key != task}
        return replace(self, pages=others if page is None else others | {task: page})


def _numbers(text: str) -> frozenset[int]:
    return frozenset(found for part in text[:4000].split(".") if (found := number(part)))


def _text(numbers: frozenset[int]) -> str:
    return ".".join(str(each) for each in sorted(numbers))


@dataclass(frozen=True, slots=True)
class Item:
    """A task as far as the tree shows it: the columns of its row. (A thousand of them are read in a few milliseconds,
    which models are not.)"""

    pk: int
    parent_id: int | None
    position: int
    round: int
    rounds: int
    name: str
    full_name: str
    op: str
    state: str
    copied: bool
    started_at: datetime | None = None
    finished_at: datetime | None = None
    next_run_at: datetime | None = None


@dataclass(frozen=True)
class Fold:
    """The opening and shutting of what lies below a row."""

    opened: bool
    link: str


@dataclass(frozen=True)
class Row:
    """A task at a depth; `fold`: None if nothing lies below it. `earlier`: it belongs to an earlier try.
    `retries`: how many tries came before, and the link that shows them."""

    task: Item
    depth: int
    fold: Fold | None
    link: str
    earlier: bool = False
    retries: Fold | None = None


@dataclass(frozen=True)
class Rest:
    """What of a long group is not shown, with the ways to it: (text, link) each."""

    depth: int
    key: str
    says: str
    links: list[tuple[str, str]]


class Tree:
    """The rows of an attempt's tasks; `tasks` in the order of their numbers."""

    def __init__(self, tasks: Sequence[Item], look: Look) -> None:
        self.look, self.left = look, MOST_ROWS
        self.below: dict[int | None, list[Item]] = {}
        for task in sorted(tasks, key=lambda task: (task.round, task.position, task.pk)):
            self.below.setdefault(task.parent_id, []).append(task)
        self.towards = _above(tasks, look.task)

    def rows(self) -> list[Row | Rest]:
        return [row for root in self.below.get(None, []) for row in self._task(root, 0, looped=False, earlier=False)]

    def _task(self, task: Item, depth: int, *, looped: bool, earlier: bool) -> Iterator[Row | Rest]:
        self.left, depth = self.left - 1, min(depth, DEEPEST)
        children = self.below.get(task.pk, [])
        now = [child for child in children if child.round == task.rounds]
        before = [child for child in children if child.round != task.rounds]
        opened = bool(children) and self._is_open(task, looped=looped)
        yield Row(
            task,
            depth,
            Fold(opened, self.look.turned(task.pk, opened=not opened).encode()) if children else None,
            self.look.chosen(task.pk).encode(),
            earlier,
            self._retries(task, before),
        )
        if before and task.pk in self.look.tries:
            for child in before[:WINDOW]:
                yield from self._task(child, depth + 1, looped=True, earlier=True)
        if opened:
            yield from self._children(task, now, depth + 1, earlier)

    def _retries(self, task: Item, before: list[Item]) -> Fold | None:
        return Fold(task.pk in self.look.tries, self.look.retried(task.pk).encode()) if before else None

    def _is_open(self, task: Item, *, looped: bool) -> bool:
        """As someone said; else the way to the task chosen, and while there is room all but what a loop has done."""
        if task.pk in self.look.opened or task.pk in self.look.shut:
            return task.pk in self.look.opened
        return task.pk in self.towards or (self.left > 0 and not (looped and task.state in ENDED_WELL))

    def _children(self, parent: Item, children: list[Item], depth: int, earlier: bool) -> Iterator[Row | Rest]:
        looped = bool(parent.op) and len(children) > 1
        few = FEW_IN_LOOP if looped else FEW
        shown, rest = self._shown(parent, children, few, depth)
        for child in shown:
            yield from self._task(child, depth, looped=looped, earlier=earlier)
        if rest:
            yield rest

    def _shown(self, parent: Item, children: list[Item], few: int, depth: int) -> tuple[list[Item], Rest | None]:
        if len(children) <= few:
            return children, None
        page = self.look.pages.get(parent.pk)
        if page is None:
            shown = _what_matters(children, few, self.towards | {self.look.task})
            left = len(children) - len(shown)
            ways = [(f"Show {'all' if len(children) <= WINDOW else f'them by {WINDOW}s'}", self._way(parent, 0))]
            return shown, Rest(depth, f"{parent.pk}", f"{left:,} more: {_states(children, shown)}", ways)
        page = min(page, (len(children) - 1) // WINDOW)
        first = page * WINDOW
        shown = children[first : first + WINDOW]
        ways = [("Previous", self._way(parent, page - 1))] if page else []
        ways += [("Next", self._way(parent, page + 1))] if first + WINDOW < len(children) else []
        ways += [("Show fewer", self._way(parent, None))]
        says = f"{first + 1:,}–{first + len(shown):,} of {len(children):,} tasks"
        return shown, Rest(depth, f"{parent.pk}", says, ways)

    def _way(self, parent: Item, page: int | None) -> str:
        return self.look.paged(parent.pk, page).encode()


def _above(tasks: Sequence[Item], pk: int | None) -> frozenset[int]:
    """The tasks that this one lies below."""
    parents = {task.pk: task.parent_id for task in tasks}
    found, above = set[int](), parents.get(pk or 0)
    while above is not None and above not in found:
        found.add(above)
        above = parents.get(above)
    return frozenset(found)


def _what_matters(children: list[Item], few: int, wanted: Set[int | None]) -> list[Item]:
    """The one that is wanted, those that failed, those that run, then the first ones; in their order."""
    half, others = few // 2, [task for task in children if task.pk not in wanted]
    chosen = [task for task in children if task.pk in wanted]
    chosen += [task for task in others if task.state == TaskState.ERROR][:half]
    chosen += [task for task in others if task.state in ACTIVE][: few - half]
    known = {task.pk for task in chosen}
    chosen += [task for task in children if task.pk not in known][: max(0, few - len(chosen))]
    return sorted(chosen, key=children.index)


def _states(children: list[Item], shown: list[Item]) -> str:
    known = {task.pk for task in shown}
    found = Counter(TaskState(task.state).label.lower() for task in children if task.pk not in known)
    return ", ".join(f"{n:,} {word}" for word, n in found.most_common())
