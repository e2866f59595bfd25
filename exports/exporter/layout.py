"""The fixed text of an event's JSON: braces, keys and constants, as cells that `encode` gathers between the values.

What stands before a literal decides how it begins, and is known by a state: NOTHING, or a part and how its last
element ended. A literal closes and opens what must be closed and opened, so that an event has two cells a field and one
at its end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from exports.exporter.checks import choices_of, is_plain_ascii
from exports.exporter.mapping import Constant, Mapping
from integrations.spec import Connector, Field, JsonValue

Ids = npt.NDArray[np.int32]

NOTHING = 0
OPENED, AFTER_TEXT, AFTER_OTHER = 1, 2, 3  # and 3 more for each part before it


@dataclass(frozen=True)
class Element:
    """A field within its part. `keys`: literal by state; of a constant, with its value. `leaves`: the state after it.

    `choices`: where the values are few, the literal with each of them, by state and number of the value; then there are
    no cells. `escapes`: whether its text may need escapes.
    """

    field: Field
    keys: Ids
    leaves: int
    constant: bool = False
    choices: Ids | None = None
    escapes: bool = False


@dataclass(frozen=True)
class Part:
    """A JSON object of the event. `opens`: its literal by state where it is empty, and `opened` the state after it."""

    omit_empty: bool
    opens: Ids
    opened: int
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Layout:
    """`literals`: the texts that all ids point into; `ends`: what closes the event, by state."""

    literals: pa.StringArray
    parts: tuple[Part, ...]
    ends: Ids


def lay_out(connector: Connector, mapping: Mapping) -> Layout:
    """The layout of a mapping without problems, in the order of the connector's parts and fields."""
    draft = _Draft(list(connector.parts))
    parts = tuple(_part(connector, mapping, name, draft) for name in connector.parts)
    ends = draft.ids("{}," if closing is None else closing + "}," for closing in draft.closings())
    return Layout(pa.array(draft.literals, pa.string()), parts, ends)


class _Draft:
    """Literals so far. States are numbered for all parts alike."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.parts = parts
        self.literals: list[str] = []

    def ids(self, texts: Iterable[str]) -> Ids:
        start = len(self.literals)
        self.literals.extend(texts)
        return np.arange(start, len(self.literals), dtype=np.int32)

    def state(self, part: str, how: int) -> int:
        return 3 * self.parts.index(part) + how

    def closings(self) -> list[str | None]:
        """What closes the part that is open, by state; None where none is."""
        return [None, *["}", '"}', "}"] * len(self.parts)]

    def befores(self, part: str) -> list[str]:
        """What stands before a key of the part, by state."""
        opening = f'"{part}":{{'
        befores = ["{" + opening if closing is None else f"{closing},{opening}" for closing in self.closings()]
        for how, before in {OPENED: "", AFTER_TEXT: '",', AFTER_OTHER: ","}.items():
            befores[self.state(part, how)] = before
        return befores


def _part(connector: Connector, mapping: Mapping, name: str, draft: _Draft) -> Part:
    fields = [f for f in connector.fields if f.part == name and f.name in mapping]
    return Part(
        omit_empty=connector.parts[name],
        opens=draft.ids(draft.befores(name)),
        opened=draft.state(name, OPENED),
        elements=tuple(_element(field, mapping, draft) for field in fields),
    )


def _element(field: Field, mapping: Mapping, draft: _Draft) -> Element:
    source, befores = mapping[field.name], draft.befores(field.part)
    text = field.kind == "text"
    key = f'"{field.name}":' + ('"' if text else "")
    leaves = draft.state(field.part, AFTER_TEXT if text else AFTER_OTHER)
    if isinstance(source, Constant):
        value = _inner_json(field.wire(source.value))
        return Element(field, draft.ids(before + key + value for before in befores), leaves, constant=True)
    if values := [_inner_json(value) for value in choices_of(field)]:
        choices = draft.ids(before + key + value for before in befores for value in values)
        return Element(field, choices, leaves, choices=choices.reshape(len(befores), len(values)))
    escapes = text and not is_plain_ascii(field)
    return Element(field, draft.ids(before + key for before in befores), leaves, escapes=escapes)


def _inner_json(value: JsonValue) -> str:
    """JSON of the value; of text without the quotes around it."""
    text = orjson.dumps(value).decode()
    return text[1:-1] if isinstance(value, str) else text
