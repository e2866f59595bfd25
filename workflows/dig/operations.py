"""An operator's value and parameters in a task, held against its declaration."""

from collections.abc import Iterator, Mapping

from workflows.dig.declared import Operator
from workflows.dig.directives import BODIES, OF_TASKS, REFUSED
from workflows.dig.kinds import computed
from workflows.dig.model import Params
from workflows.dig.nearest import near, suggestion
from workflows.dig.new_files import PathError, new_file
from workflows.dig.nodes import Entry, Map, Node, Scalar, Sequence
from workflows.dig.problems import Place
from workflows.dig.report import Report, names_in
from workflows.dig.td_operators import DOWNLOAD


class Operation:
    """One task with an operator; `exported` is what its own _export and those above give."""

    def __init__(self, report: Report, node: Map, operator: Operator, place: Place, exported: Params) -> None:
        self.report, self.node, self.operator, self.place = report, node, operator, place
        self.exported = exported
        self.key = "_command" if "_type" in node.entries else f"{operator.name}>"
        entry = node.entries.get(self.key)
        self.value = entry.value if entry else Scalar(None, place)
        self.empty = isinstance(self.value, Scalar) and self.value.value is None

    def command(self) -> Node | None:
        """The operator's value, checked with what goes with it; None if it is left empty."""
        name = f"{self.operator.name}>"
        self.report.about(name, self.operator.command.check(self.value))
        if self.operator.instead:
            self._text_or_file(name)
        if self.operator.name == "call":
            self._called()
        if self.operator.name == "for_range":
            self._range()
        self._has_body(name)
        return None if self.empty else self.value

    def params(self) -> Params:
        """Its parameters, checked, and the file's own."""
        params = {entry.name: entry.value for entry in self.node.entries.values() if self._is_param(entry)}
        for name in params:
            self._param(self.node.entries[name])
        for param in self.operator.params:
            if param.required and not self._has(param.name):
                self.report.wrong(self.place, f"{self.operator.name}> needs “{param.name}”: {param.help}")
        self._together(params)
        return params

    def _is_param(self, entry: Entry) -> bool:
        other = (*OF_TASKS, *REFUSED, *BODIES)
        return entry.name not in other and not entry.name.startswith("+") and not entry.name.endswith(">")

    def _param(self, entry: Entry) -> None:
        param = self.operator.param(entry.name)
        if param:
            self.report.about(entry.name, param.kind.check(entry.value))
            if entry.name == DOWNLOAD:
                self._new_file(entry)
        elif entry.name in self.operator.refused:
            self.report.wrong(entry.place, f"“{entry.name}”: {self.operator.refused[entry.name]}.")
        elif not self._is_own(entry.name):
            self.report.wrong(entry.place, self._unknown(entry.name))

    def _new_file(self, entry: Entry) -> None:
        if not isinstance(entry.value, Scalar) or entry.value.value in (None, "") or computed(entry.value):
            return
        try:
            new_file(self.report.folder, str(entry.value.value))
        except PathError as error:
            self.report.wrong(entry.value.place, f"“{entry.name}”: {error}")

    def _unknown(self, name: str) -> str:
        known = [param.name for param in self.operator.params]
        told = f"{self.operator.name}> has no “{name}”."
        told += suggestion(name, known, f" It has {', '.join(known)}." if known else " It has no parameters.")
        return f"{told} One of your own must be used, as ${{{name}}}." if self.operator.file else told

    def _is_own(self, name: str) -> bool:
        """Whether it is a variable that the task's own file or values use."""
        file = self._file()
        if file is None and self.operator.file and self._names_file():
            return not near(name, [param.name for param in self.operator.params], 0.85)
        if file is not None and name in self.report.used(file):
            return True
        others = (one for one in self.node.entries.values() if one.name != name and one.name not in BODIES)
        return any(name in names_in(text) for other in others for text in _texts(other.value) if name in text)

    def _names_file(self) -> bool:
        """Whether it has a file at all: one that is computed, or missing, may use any variable."""
        return computed(self.value) or (isinstance(self.value, Scalar) and not self.empty)

    def _file(self) -> str | None:
        """The path of the operator's file, if it is known now and there."""
        if not self.operator.file or computed(self.value) or self.empty or not isinstance(self.value, Scalar):
            return None
        silent = Report(self.report.project, self.report.folder)
        return silent.path(str(self.value.value), self.value)

    def _text_or_file(self, name: str) -> None:
        other = self.operator.instead
        entry = self.node.entries.get(other)
        if self.empty and not self._has(other):
            self.report.wrong(self.place, f"{name} needs the path of a file, or “{other}” below it.")
        elif entry and not self.empty:
            self.report.wrong(
                entry.place, f"{name} has a value, so that “{other}” would not be used. Remove one of them."
            )
        elif isinstance(self.value, Scalar) and not self.empty and not computed(self.value):
            self.report.path(str(self.value.value), self.value)

    def _called(self) -> None:
        if isinstance(self.value, Scalar) and not self.empty and not computed(self.value):
            called(self.report, self.value)

    def _range(self) -> None:
        if not isinstance(self.value, Map):
            return
        given = [name for name in ("step", "slices") if name in self.value.entries]
        if len(given) != 1:
            told = "takes either step or slices, not both" if given else "needs step or slices"
            self.report.wrong(self.value.place, f"“for_range>” {told}.")

    def _has_body(self, name: str) -> None:
        bodies = self.operator.bodies
        if bodies and not any(body in self.node.entries for body in bodies):
            self.report.wrong(self.place, f"{name} needs {' or '.join(bodies)}: the tasks to run.")

    def _has(self, name: str) -> bool:
        """Whether the parameter is in the task, or may be exported to it, by itself or in the operator's map
        (td.database)."""
        defaults = self.exported.get(self.operator.defaults)
        return (
            name in self.node.entries
            or name in self.exported
            or (isinstance(defaults, Map) and name in defaults.entries)
            or self.report.exported(name)
        )

    def _together(self, params: Mapping[str, Node]) -> None:
        for conflict in self.operator.conflicts:
            if conflict.first in params and conflict.second in params:
                place = self.node.entries[conflict.second].place
                self.report.wrong(
                    place, f"“{conflict.first}” and “{conflict.second}” exclude each other. {conflict.why}."
                )
        for name, needed in self.operator.needs.items():
            if name in params and not self._has(needed):
                self.report.wrong(self.node.entries[name].place, f"“{name}” is used only with “{needed}”. Add it.")


def called(report: Report, value: Scalar) -> str | None:
    """The path of the workflow's file that call> names; None, and a problem, if the project has none."""
    name = str(value.value)
    return report.path(name if name.endswith(".dig") else f"{name}.dig", value)


def _texts(node: Node) -> Iterator[str]:
    match node:
        case Scalar(value=str() as text):
            yield text
        case Sequence():
            for item in node.items:
                yield from _texts(item)
        case Map():
            for entry in node.entries.values():
                yield from _texts(entry.value)
