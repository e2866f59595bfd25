"""A map of keys → a Task: an operator with its parameters, or a group of tasks."""

import re
from collections import ChainMap
from dataclasses import replace

from workflows.dig.directives import BODIES, OF_GROUPS, OF_TASKS, REFUSED, Directives, refusal
from workflows.dig.model import Params, Task
from workflows.dig.nearest import suggestion
from workflows.dig.nodes import Entry, Map, Scalar, written
from workflows.dig.operations import Operation
from workflows.dig.operators import OPERATORS
from workflows.dig.report import Report
from workflows.dig.unsupported import UNSUPPORTED
from workflows.dig.unsupported import refusal as unsupported

LONGEST_NAME = 255
FORBIDDEN = re.compile(r"[^a-zA-Z_0-9\-=\[\]{}%&@`,.]")


class Tasks:
    """Reads the tasks of one workflow into its report."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def task(self, entry: Entry, above: str, exported: Params) -> Task:
        """above: the full name of what it stands in; exported: what the tasks above export."""
        self._name(entry)
        return self._read(entry.name, above, entry, exported)

    def body(self, entry: Entry, above: str, exported: Params) -> Task | None:
        """What stands in _do, _else_do, _error or _check: a task without a name of its own."""
        if entry.value == Scalar(None, entry.value.place):
            self.report.wrong(entry.place, f"“{entry.name}” is empty; it takes an operator, or tasks.")
            return None
        return self._read(BODIES[entry.name], above, entry, exported)

    def _name(self, entry: Entry) -> None:
        name = entry.name[1:]
        if found := FORBIDDEN.search(name):
            self.report.wrong(
                entry.place,
                f"The name of a task cannot have “{found[0]}”: “{entry.name}”. Use letters, digits, _ and -.",
            )
        elif len(entry.name) > LONGEST_NAME:
            self.report.wrong(entry.place, f"The name of a task can have {LONGEST_NAME} characters.")

    def _read(self, name: str, above: str, entry: Entry, exported: Params) -> Task:
        node, place, full = entry.value, entry.place, above + name
        if node == Scalar(None, node.place):
            node = Map({}, place)
        if not isinstance(node, Map):
            told = f"“{entry.name}” must be a map: an operator with its parameters, or tasks, not {written(node)}."
            self.report.wrong(node.place, told)
            return Task(name=name, full_name=full, place=place)
        found = Directives(self.report, node, fixed=_operator(node) is None)
        if found.disabled():
            return Task(name=name, full_name=full, place=place, disabled=True)
        return self._filled(Task(name=name, full_name=full, place=place), node, found, exported)

    def _filled(self, task: Task, node: Map, found: Directives, exported: Params) -> Task:
        """The task with all that its map says."""
        export = found.params("_export")
        inside = ChainMap(dict(export), dict(exported))
        op = self._one_operator(node)
        self._refused(node)
        operation = Operation(self.report, node, OPERATORS[op], task.place, inside) if op else None
        if op is None and _operator(node) is None:
            self._group_keys(node)
        bodies = {key: self.body(node.entries[key], task.full_name, inside) for key in self._bodies(node, op)}
        return replace(
            task,
            op=op,
            command=operation.command() if operation else None,
            params=operation.params() if operation else {},
            export=export,
            env=found.params("_env"),
            parallel=found.parallel(),
            retry=found.retry(),
            error=bodies.get("_error"),
            check=bodies.get("_check"),
            do=bodies.get("_do"),
            else_do=bodies.get("_else_do"),
            subtasks=tuple(self.task(one, task.full_name, inside) for one in _subtasks(node)),
        )

    def _one_operator(self, node: Map) -> str | None:
        """The operator's name if the task has one that runs here; says what is wrong otherwise."""
        keys = [entry for entry in node.entries.values() if entry.name.endswith(">") or entry.name == "_type"]
        if not keys:
            return None
        if len(keys) > 1:
            names = " and ".join(entry.name for entry in keys)
            self.report.wrong(keys[1].place, f"A task has one operator; this one has {names}. Make them two tasks.")
            return None
        for subtask in _subtasks(node)[:1]:
            told = f"A task has an operator or tasks, not both: {keys[0].name} and {subtask.name}. Make them two tasks."
            self.report.wrong(subtask.place, told)
        name = _operator(node) or ""
        if name in OPERATORS:
            return name
        told = unsupported(name) or f"There is no operator {name}>." + suggestion(
            name, {*OPERATORS, *UNSUPPORTED}, f" There are {', '.join(f'{one}>' for one in sorted(OPERATORS))}."
        )
        self.report.wrong(keys[0].place, told)
        return None

    def _refused(self, node: Map) -> None:
        for name in REFUSED:
            if entry := node.entries.get(name):
                self.report.wrong(entry.place, refusal(name))

    def _bodies(self, node: Map, op: str | None) -> list[str]:
        """The keys with bodies that belong here."""
        allowed = OPERATORS[op].bodies if op else ()
        loops = ", ".join(f"{one.name}>" for one in OPERATORS.values() if one.bodies)
        for key in ("_do", "_else_do"):
            entry = node.entries.get(key)
            if entry and key not in allowed and (op or _operator(node) is None):
                only = "if>" if key == "_else_do" else f"an operator with a body: {loops}"
                self.report.wrong(entry.place, f"“{key}” goes with {only}.")
        return [key for key in BODIES if key in node.entries and (key in ("_error", "_check") or key in allowed)]

    def _group_keys(self, node: Map) -> None:
        known = (*OF_GROUPS, *REFUSED, *BODIES)
        for entry in node.entries.values():
            if entry.name.startswith("+") or entry.name in known:
                continue
            if entry.name in OF_TASKS:
                self.report.wrong(entry.place, f"“{entry.name}” goes with an operator; this task has none.")
                continue
            told = f"“{entry.name}” is not known here: a task without operator has tasks (+name) and "
            told += f"{', '.join(OF_GROUPS)}."
            self.report.wrong(entry.place, told + _meant(entry, known))


def _meant(entry: Entry, known: tuple[str, ...]) -> str:
    if isinstance(entry.value, Map):
        return f" Did you mean +{entry.name}?"
    operators = {f"{name}>": name for name in OPERATORS}
    return f" Did you mean {entry.name}>?" if f"{entry.name}>" in operators else suggestion(entry.name, known)


def _operator(node: Map) -> str | None:
    """The name of its first operator, known or not."""
    for entry in node.entries.values():
        if entry.name.endswith(">"):
            return entry.name[:-1]
        if entry.name == "_type":
            return str(entry.value.value) if isinstance(entry.value, Scalar) else ""
    return None


def _subtasks(node: Map) -> list[Entry]:
    return [entry for entry in node.entries.values() if entry.name.startswith("+")]
