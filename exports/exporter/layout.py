"""The fixed text of an event's JSON: braces, keys and constants, as cells that `encode` gathers between the values."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from exports.exporter.mapping import Constant, Mapping
from integrations.spec import Connector, Field, JsonValue

Ids = npt.NDArray[np.int32]

START, AFTER_TEXT, AFTER_OTHER = 0, 1, 2
"""What stands before a literal decides how it begins: nothing, `",` or `,`."""


@dataclass(frozen=True)
class Element:
    """A field within its part. `keys`: literal by what stands before it; of a constant, with its value."""

    field: Field
    keys: Ids
    constant: bool

    @property
    def leaves(self) -> int:
        return AFTER_TEXT if self.field.kind == "text" else AFTER_OTHER


@dataclass(frozen=True)
class Part:
    """A JSON object of the event. `opens`: first of the event, or a later one; `closes`: by what stands before."""

    omit_empty: bool
    opens: Ids
    closes: Ids
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Layout:
    """`literals`: the texts that all ids point into; `end` closes the event."""

    literals: pa.StringArray
    parts: tuple[Part, ...]
    end: int


class _Literals(list[str]):
    def ids(self, texts: Iterable[str]) -> Ids:
        start = len(self)
        self.extend(texts)
        return np.arange(start, len(self), dtype=np.int32)


def lay_out(connector: Connector, mapping: Mapping) -> Layout:
    """The layout of a mapping without problems, in the order of the connector's parts and fields."""
    literals = _Literals()
    parts = tuple(_part(connector, mapping, name, literals) for name in connector.parts)
    end = int(literals.ids(["},"])[0])
    return Layout(pa.array(literals, pa.string()), parts, end)


def _part(connector: Connector, mapping: Mapping, name: str, literals: _Literals) -> Part:
    fields = [f for f in connector.fields if f.part == name and f.name in mapping]
    return Part(
        omit_empty=connector.parts[name],
        opens=literals.ids([f'{{"{name}":{{', f',"{name}":{{']),
        closes=literals.ids(["}", '"}', "}"]),
        elements=tuple(_element(field, mapping, literals) for field in fields),
    )


def _element(field: Field, mapping: Mapping, literals: _Literals) -> Element:
    source = mapping[field.name]
    quote = '"' if field.kind == "text" else ""
    value = _inner_json(field.wire(source.value)) if isinstance(source, Constant) else ""
    keys = literals.ids(f'{before}"{field.name}":{quote}{value}' for before in ("", '",', ","))
    return Element(field, keys, isinstance(source, Constant))


def _inner_json(value: JsonValue) -> str:
    """JSON of the value; of text without the quotes around it."""
    text = orjson.dumps(value).decode()
    return text[1:-1] if isinstance(value, str) else text
