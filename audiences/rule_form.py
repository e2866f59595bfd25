"""A rule as a form holds it: a tree of nodes with the texts that were typed, flat in what a browser posts.

Each node posts `node=KEY:PARENT:KIND` in the order of the page (the first is the root, whose PARENT is empty), and a
field KEY.NAME for each of its texts. Keys are numbers that stay with a node while the page is edited.

Texts of a group: match (And, Or, Composite), expr, exclude, and of the root limit. Of a condition: about ("a:" and an
attribute, "b:" and a behavior's source, or "s"), segment, aggregation, column, filters (And, Or), exclude; a filter has
a column. Conditions and filters have operator ("!" before it: not), matching (any, all), and what it takes: value,
lines (values, one a line), min, max, number, unit, from, to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

GROUP, CONDITION, FILTER = "group", "condition", "filter"
MOST = 1000  # nodes; a browser posts about eight fields for each
DEEPEST = 20  # levels: more than a rule may have, so that its check refuses what is left of a deeper one
_HOLDS = {GROUP: (GROUP, CONDITION), CONDITION: (FILTER,), FILTER: ()}


class Posted(Protocol):
    """As Django's QueryDict."""

    def getlist(self, key: str) -> list[str]: ...

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, key: str) -> str: ...


@dataclass
class Node:
    """A group, a condition or a filter of a behavior's events. `problems`: sentences by the name of the text."""

    key: int
    kind: str
    values: dict[str, str] = field(default_factory=dict)
    children: "list[Node]" = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A text, empty if there is none."""
        return self.values.get(name, "")

    def walk(self) -> "Iterator[Node]":
        """Itself and all below, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.walk()


def fresh() -> Node:
    """Of a new segment: one condition that nothing is said about."""
    return Node(0, GROUP, {"match": "And"}, [Node(1, CONDITION)])


def read(posted: Posted) -> Node:
    """What was posted. Nodes that cannot be are left out; without any the form is a fresh one."""
    texts = _texts(posted)
    root: Node | None = None
    nodes, depth = dict[int, Node](), dict[int, int]()
    for line in posted.getlist("node")[:MOST]:
        if not (found := re.fullmatch(r"(\d{1,6}):(\d{0,6}):(\w+)", line)) or found[3] not in _HOLDS:
            continue
        key, parent = int(found[1]), nodes.get(int(found[2])) if found[2] else None
        node = Node(key, found[3], texts.get(key, {}))
        if key in nodes or (root and not (parent and node.kind in _HOLDS[parent.kind])):
            continue
        depth[key] = depth[parent.key] + 1 if parent else 0
        if depth[key] > DEEPEST:
            continue
        nodes[key] = node
        if parent:
            parent.children.append(node)
        root = root or node
    return root if root and root.kind == GROUP else fresh()


def _texts(posted: Posted) -> dict[int, dict[str, str]]:
    texts: dict[int, dict[str, str]] = {}
    for name in posted:
        if found := re.fullmatch(r"(\d{1,6})\.(\w+)", name):
            # Browsers post CR LF. PostgreSQL keeps no NUL.
            texts.setdefault(int(found[1]), {})[found[2]] = posted[name].replace("\r\n", "\n").replace("\0", "")
    return texts


def act(root: Node, deed: str) -> int | None:
    """Do what a button says: "condition:KEY", "group:KEY" or "filter:KEY" adds one to that node, "remove:KEY" takes
    it away. → the key of the node where the focus goes."""
    name, _, number = deed.partition(":")
    at = next((node for node in root.walk() if str(node.key) == number), None)
    if at is None:
        return None
    if name == "remove":
        return _remove(root, at)
    if name not in _HOLDS[at.kind] or sum(1 for _ in root.walk()) >= MOST:
        return at.key
    made = Node(_next(root), name, {"match": "And"} if name == GROUP else {})
    at.children.append(made)
    if name != GROUP:
        return made.key
    made.children.append(Node(_next(root), CONDITION))
    return made.children[0].key


def _remove(root: Node, gone: Node) -> int | None:
    above = next((node for node in root.walk() if gone in node.children), None)
    if above is None:
        return None
    above.children.remove(gone)
    return above.key


def _next(root: Node) -> int:
    return max(node.key for node in root.walk()) + 1
