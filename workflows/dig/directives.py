"""The keys that any task may have: _export, _retry, _parallel and the like."""

import re

from workflows.dig.kinds import BOOLEAN, MAP, TEXT, computed, map_of, must_be, number, one_of
from workflows.dig.model import Parallel, Params, Retry
from workflows.dig.nodes import Map, Node, Scalar
from workflows.dig.problems import Problem
from workflows.dig.report import Report

BODIES = {"_do": "^sub", "_else_do": "^sub", "_error": "^error", "_check": "^check"}
OF_GROUPS = ("_export", "_parallel", "_error", "_check", "_retry", "_disable")
OF_TASKS = (*OF_GROUPS, "_env", "_type", "_command")
REFUSED = {
    "_background": "Put the tasks that run at the same time into a group with _parallel: true.",
    "_after": "Tasks run in the order of the file; those of a group with _parallel: true at the same time.",
    "_secrets": "A task may use all secrets of its project, as ${secret:name}.",
    "sla": "A workflow that takes too long is not watched. Leave it out, or put a mail> task where the time matters.",
}
MOST_RETRIES = 1_000
UNIT, LIMIT = number(0), number(0, MOST_RETRIES)
RETRY = map_of(
    f"a number up to {MOST_RETRIES:,}, or a map with limit, interval, max_interval and interval_type",
    {"limit": LIMIT, "interval": UNIT, "max_interval": UNIT, "interval_type": one_of("constant", "exponential")},
    required=["limit"],
)
LIMITED = map_of("true, false or {limit: 2}", {"limit": number(1)}, required=["limit"])
ENV = map_of("a map of texts", each=TEXT.check)


def refusal(name: str) -> str:
    return f"“{name}” is not supported. {REFUSED[name]}"


class Directives:
    """The directives of one map of keys. `fixed`: they are read before anything runs, and ${…} cannot be computed."""

    def __init__(self, report: Report, map_: Map, *, fixed: bool) -> None:
        self.report, self.map, self.fixed = report, map_, fixed

    def _value(self, name: str) -> Node | None:
        entry = self.map.entries.get(name)
        return entry.value if entry else None

    def params(self, name: str) -> Params:
        """The values of `_export` or `_env`; one that is left empty has none."""
        node = self._value(name)
        if node is None or node == Scalar(None, node.place):
            return {}
        if isinstance(node, Map):
            self.report.about(name, ENV.check(node) if name == "_env" else [])
            return {key: entry.value for key, entry in node.entries.items()}
        self.report.about(name, MAP.check(node) or must_be("a map", node))
        return {}

    def disabled(self) -> bool:
        node = self._value("_disable")
        if node is None:
            return False
        if computed(node) or BOOLEAN.check(node):
            self.report.about("_disable", must_be("true or false", node))
        return isinstance(node, Scalar) and str(node.value).lower() == "true"

    def retry(self) -> Retry | None:
        node = self._value("_retry")
        if node is None or self._found("_retry", node, self._retry_problems(node)):
            return None
        if isinstance(node, Scalar):
            return Retry(_number(node))
        assert isinstance(node, Map)
        values = {name: entry.value for name, entry in node.entries.items()}
        exponential = "interval_type" in values and getattr(values["interval_type"], "value", "") == "exponential"
        most = _number(values["max_interval"]) if "max_interval" in values else None
        interval = _number(values["interval"]) if "interval" in values else 0
        return Retry(_number(values["limit"]), interval, most, exponential)

    def _retry_problems(self, node: Node) -> list[Problem]:
        if not isinstance(node, Scalar):
            return RETRY.check(node)
        return [] if not LIMIT.check(node) else must_be(RETRY.words, node)

    def parallel(self) -> Parallel | None:
        node = self._value("_parallel")
        if node is None or self._found("_parallel", node, self._parallel_problems(node)):
            return None
        if isinstance(node, Scalar):
            text = str(node.value)
            return Parallel(text if "${" in text else text.lower() == "true")
        assert isinstance(node, Map)
        return Parallel(True, _number(node.entries["limit"].value))

    def _parallel_problems(self, node: Node) -> list[Problem]:
        if isinstance(node, Map):
            return LIMITED.check(node)
        return must_be(LIMITED.words, node) if BOOLEAN.check(node) else []

    def _found(self, name: str, node: Node, problems: list[Problem]) -> bool:
        """Whether the value cannot be used; says why."""
        inner = [entry.value for entry in node.entries.values()] if isinstance(node, Map) else [node]
        if not problems and self.fixed:
            told = "cannot have ${…} in a group, whose tasks are put in order before anything is computed."
            problems = [Problem(one.place, told) for one in inner if computed(one)]
        self.report.about(name, problems)
        return bool(problems)


def _number(node: Node) -> int | str:
    text = str(node.value) if isinstance(node, Scalar) else ""
    return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else text
