"""What rules can ask about: the columns of customers and of their behaviors, by kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """Decides which operators a column has."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"  # a date, or a timestamp with or without zone
    LIST = "list"  # of texts or numbers


def kind_of(duckdb_type: str) -> Kind:
    """BIGINT → NUMBER, VARCHAR[] → LIST; what is none of them is compared as text."""
    name = duckdb_type.upper()
    if name.endswith("]"):
        return Kind.LIST
    if name == "BOOLEAN":
        return Kind.BOOLEAN
    if re.match(r"DATE|TIMESTAMP", name):
        return Kind.TIME
    return Kind.NUMBER if re.match(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|FLOAT|DOUBLE|DECIMAL", name) else Kind.TEXT


def element_type(duckdb_type: str) -> str:
    """Of a LIST: VARCHAR[] → VARCHAR, BIGINT[3] → BIGINT."""
    return duckdb_type[: duckdb_type.rindex("[")]


def source_name(behavior: str) -> str:
    """What a behavior is called in rules: Orders → behavior_orders, Web visits → behavior_web_visits."""
    return "behavior_" + re.sub(r"\W", "_", behavior.lower())


@dataclass(frozen=True)
class Column:
    """`name`: in rules; `source`: in its table. Of `kind` TIME may also be a number of UNIX seconds."""

    name: str
    source: str
    type: str
    kind: Kind


@dataclass(frozen=True)
class BehaviorTable:
    """`key` has the values of the customers' column `parent_key`; the types of both are DuckDB's, as all here are.

    `time`: the column with the time of an event, a timestamp or UNIX seconds. `columns`: {name in rules: (column,
    type)}.
    """

    database: str
    table: str
    key: str
    key_type: str
    parent_key: str
    parent_key_type: str
    time: str
    time_type: str
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def known(self) -> dict[str, Column]:
        """What rules can name: "time", which is the time of an event unless `columns` has another, and `columns`."""
        named = {"time": (self.time, self.time_type)} | dict(self.columns)
        return {name: self._column(name, source, kind) for name, (source, kind) in named.items()}

    def _column(self, name: str, source: str, type_: str) -> Column:
        kind = kind_of(type_)
        return Column(name, source, type_, Kind.TIME if source == self.time and kind is Kind.NUMBER else kind)


@dataclass(frozen=True)
class Schema:
    """`columns`: {attribute: DuckDB type}, in their order, the customers' table has just these; `behaviors`: by name.

    `time_zone`: an IANA name, what "today" means. `database`, `table`: of the customers. `key`: the column that tells
    them apart, never NULL; the first one if it is not given.
    """

    database: str
    table: str
    columns: Mapping[str, str]
    behaviors: Mapping[str, BehaviorTable] = field(default_factory=dict)
    time_zone: str = "UTC"
    key: str = ""

    def known(self) -> dict[str, Column]:
        """The attributes that rules can name."""
        return {name: Column(name, name, type_, kind_of(type_)) for name, type_ in self.columns.items()}

    def sources(self) -> dict[str, BehaviorTable]:
        """The behaviors by what they are called in rules; those that no column of the customers joins are no use."""
        return {source_name(name): table for name, table in self.behaviors.items() if table.parent_key in self.columns}

    @property
    def customer_key(self) -> str:
        return self.key or next(iter(self.columns))
