"""What a YAML file says, with the place of every key and value. Knows nothing of workflows."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.dig.problems import Place

Atom = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Scalar:
    value: Atom
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value; `place` is that of the key."""

    name: str
    value: "Node"
    place: Place


@dataclass(frozen=True, slots=True)
class Map:
    """Entries by name, in the order of the file."""

    entries: Mapping[str, Entry]
    place: Place


Node = Scalar | Sequence | Map


def plain(node: Node) -> object:
    """The value without places: dict, list, text, number, true, false or None."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Map():
            return {name: plain(entry.value) for name, entry in node.entries.items()}


def written(node: Node) -> str:
    """A value as it is named in a sentence, cut to one short line."""
    match node:
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool() as flag):
            return "true" if flag else "false"
        case Scalar(value=str() as text):
            line = " ".join(text.split())
            return f"“{line[:60]}…”" if len(line) > 60 else f"“{line}”"
        case Scalar():
            return str(node.value)[:60]
        case Sequence():
            return "a list"
        case Map():
            return "a map"
