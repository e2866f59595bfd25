"""Columns as Treasure Data's clients write them: `[["name", "type"], …]`, without `time`, which every table has.

Their types are int, long, float, double, string and array<…> of these; Java's client knows no other word.
"""

import json
import re
from collections.abc import Sequence

from warehouse.catalogue import Pairs
from warehouse.engines.timecolumn import TIME

TYPES = {"int": "INTEGER", "long": "BIGINT", "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR"}
_WORDS = {
    **{kind: word for word, kind in TYPES.items()},
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"), "int"),
    "UINTEGER": "long",
}
_NAME = re.compile(r"[a-z0-9_]{1,128}")
MOST_COLUMNS = 1000


class SchemaProblem(Exception):
    """What is wrong with a schema that was sent."""


def type_words(kind: str) -> str:
    """A DuckDB type in Treasure Data's words; what it has no word for is a string to its clients."""
    if kind.endswith("[]"):
        return f"array<{type_words(kind.removesuffix('[]'))}>"
    return "double" if kind.startswith("DECIMAL") else _WORDS.get(kind, "string")


def type_of(words: str) -> str:
    """Treasure Data's words as a DuckDB type. Raises SchemaProblem."""
    plain = words.replace(" ", "")
    if inner := re.fullmatch(r"array<(.*)>", plain):
        return f"{type_of(inner[1])}[]"
    if plain not in TYPES:
        raise SchemaProblem(f'"{words[:40]}" is not a type. The types are {", ".join(TYPES)} and array<…> of these.')
    return TYPES[plain]


def text(columns: Pairs) -> str:
    """The columns as clients read them: JSON text."""
    return json.dumps([[name, type_words(kind)] for name, kind in columns if name != TIME.name], ensure_ascii=False)


def read(schema: object, now: Pairs) -> Pairs:
    """The columns of a schema that was sent, JSON that is parsed. Raises SchemaProblem.

    now: the table's columns. One that is sent as it is shown keeps the type that it has here.
    """
    if not isinstance(schema, list):
        raise SchemaProblem('must be a list like [["name", "string"], ["price", "double"]]')
    types = {pair[0]: pair[1] for pair in now}
    found: dict[str, str] = {}
    for number, entry in enumerate(schema, 1):
        name, words = _entry(number, entry)
        if name in found:
            raise SchemaProblem(f'has the column "{name}" twice')
        kind = type_of(words)
        found[name] = types[name] if name in types and type_words(types[name]) == type_words(kind) else kind
    if found.pop(TIME.name, TIME.type) not in (TIME.type, "INTEGER"):
        raise SchemaProblem("time is a long in every table and cannot be another type")
    if len(found) >= MOST_COLUMNS:
        raise SchemaProblem(f"has {len(found):,} columns; fewer than {MOST_COLUMNS:,} are allowed")
    return [[name, kind] for name, kind in found.items()]


def _entry(number: int, entry: object) -> Sequence[str]:
    """(name, type); a third item is the column's name in SQL, which can be no other here."""
    if not isinstance(entry, list) or len(entry) not in (2, 3) or not all(isinstance(item, str) for item in entry):
        raise SchemaProblem(f'entry {number} must be ["name", "type"]')
    if not _NAME.fullmatch(entry[0]):
        rule = "use up to 128 lower-case letters, digits and underscores"
        raise SchemaProblem(f'"{entry[0][:40]}" cannot be the name of a column: {rule}')
    if len(entry) == 3 and entry[2] not in ("", entry[0]):
        raise SchemaProblem(f'"{entry[0]}" cannot have another name in SQL, as "{entry[2][:40]}" is')
    return entry[0], entry[1]
