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
    return Kind.NUMBER if re.match(r"U?(TINY|SMALL|BIG|HUGE)?INT|FLOAT|DOUBLE|DECIMAL", name) else Kind.TEXT


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


@dataclass(frozen=True)
class Schema:
    """`columns`: {attribute: DuckDB type}, in their order, the customers' table has just these; `behaviors`: by name.

    `time_zone`: an IANA name, what "today" means. `database`, `table`: of the customers.
    """

    database: str
    table: str
    columns: Mapping[str, str]
    behaviors: Mapping[str, BehaviorTable] = field(default_factory=dict)
    time_zone: str = "UTC"
