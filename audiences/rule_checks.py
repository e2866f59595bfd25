"""Whether the form of a rule holds a rule, and where in the form it says what is wrong."""

import re
from collections.abc import Callable

from audiences.rule_form import CONDITION, FILTER, GROUP, Node
from audiences.rule_writing import Json, Subjects, to_json
from audiences.rules.model import Rule
from audiences.rules.problems import RuleError

_FIELDS = (  # the end of a path in JSON → the name in the form
    (r"operator\.rightValues?(\..*)?", "value"),
    (r"operator\.(min|max|from|to|unit)", r"\1"),
    (r"operator\.value", "number"),
    (r"operator(\..*)?", "operator"),
    (r"leftValue\.aggregation.*", "aggregation"),
    (r"leftValue\.filter.*", "filters"),
    (r"leftValue\.name", "column"),
    (r"leftValue.*", "about"),
    (r"id", "segment"),
    (r"(column|expr|limit|exclude)", r"\1"),
    (r"arrayMatching", "matching"),
)


def check(root: Node, subjects: Subjects, read: Callable[[Json], Rule]) -> Rule | None:
    """The rule; or None, and each node has its problems. read: JSON → Rule, raises RuleError."""
    data, places = to_json(root, subjects)
    blank = _unsaid(root)
    try:
        rule = read(data)
    except RuleError as error:
        for path, sentence in error.problems:
            node, name = _place(path, places)
            if node.key not in blank:
                node.problems.setdefault(name, []).append(sentence)
        return None
    return None if blank else rule


def _unsaid(root: Node) -> set[int]:
    """Those that do not say what they are about; they say so. What else would be said of them does not help."""
    found = set()
    for node in root.walk():
        name, sentence = ("", "") if node is root else _missing(node)
        if name:
            node.problems = {name: [sentence]}
            found.add(node.key)
    return found


def _missing(node: Node) -> tuple[str, str]:
    if node.kind == CONDITION and not node.get("about"):
        return "about", "Choose what this condition is about, or remove it."
    if node.kind == CONDITION and node.get("about") == "s" and not node.get("segment"):
        return "segment", "Choose a segment, or remove this condition."
    if node.kind == FILTER and not node.get("column"):
        return "column", "Choose a column, or remove this filter."
    if node.kind == GROUP and not node.children:
        return "match", "This group is empty. Add a condition, or remove the group."
    return "", ""


def _place(path: str, places: dict[str, Node]) -> tuple[Node, str]:
    """The node at a path, and the name of its text there; "" where it is the whole of it."""
    parts = path.split(".") if path else []
    for n in range(len(parts), -1, -1):
        if node := places.get(".".join(parts[:n])):
            return node, _field(node, ".".join(parts[n:]))
    raise KeyError(path)


def _field(node: Node, rest: str) -> str:
    for pattern, name in _FIELDS:
        if re.fullmatch(pattern, rest):
            found = re.sub(f"^{pattern}$", name, rest)
            return "about" if found == "column" and node.get("about").startswith("a:") else found
    return "match" if node.kind == GROUP else ""


def hush(root: Node) -> int:
    """While someone is typing: forget what is wrong with texts that are still empty. → how many problems there were."""
    known = 0
    for node in root.walk():
        known += sum(map(len, node.problems.values()))
        node.problems = {name: found for name, found in node.problems.items() if _typed(node, name)}
    return known


def _typed(node: Node, name: str) -> bool:
    return bool(node.get(name).strip() or (name == "value" and node.get("lines").strip()))
