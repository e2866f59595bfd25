"""What a parent segment is made of: a master table, tables with attributes, tables with behaviors.

As JSON:

    {"master": {"database": name, "table": name, "key": column},
     "attributes": [{"database", "table", "key", "parent_key", "group", "columns": [{"source": column, "name": name}]}],
     "behaviors": [{"name", "database", "table", "key", "parent_key", "time", "columns": [as above]}]}
"""

from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table, and what it is called in the parent segment."""

    source: str
    name: str


@dataclass(frozen=True)
class Master:
    """The table with one row a customer; `key`: its column that tells them apart."""

    database: str
    table: str
    key: str


@dataclass(frozen=True)
class Attributes:
    """Columns of another table, whose `key` has the values of the master's column `parent_key`. `group`: a heading."""

    database: str
    table: str
    key: str
    parent_key: str
    columns: tuple[Column, ...]
    group: str = ""


@dataclass(frozen=True)
class Behavior:
    """Events of customers: `key` and `parent_key` as in Attributes, `time`: its column with the time of an event."""

    name: str
    database: str
    table: str
    key: str
    parent_key: str
    time: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Definition:
    master: Master
    attributes: tuple[Attributes, ...] = ()
    behaviors: tuple[Behavior, ...] = ()

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> "Definition":
        return cls(
            Master(**data["master"]),
            tuple(Attributes(**{**one, "columns": _columns(one)}) for one in data["attributes"]),
            tuple(Behavior(**{**one, "columns": _columns(one)}) for one in data["behaviors"]),
        )


def _columns(data: Json) -> tuple[Column, ...]:
    return tuple(Column(**column) for column in data["columns"])
