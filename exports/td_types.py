"""Names of a result's types as Treasure Data gives them: from Arrow's, as a job's columns have them.

Trino's words, such as array(varchar), and for Hive its own, such as array<string>.
"""

import re
from collections.abc import Iterator

PLAIN = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "bigint",
    "halffloat": "real",
    "float": "real",
    "double": "double",
    "binary": "varbinary",
    "large_binary": "varbinary",
    "date32[day]": "date",
    "date64[ms]": "date",
    "decimal128(38, 0)": "bigint",  # what DuckDB makes of a sum of whole numbers
}
HIVE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary", "time": "string"}
_NESTED = re.compile(r"(list|large_list|fixed_size_list|map|struct)<(.*)>(?:\[\d+\])?", re.DOTALL)
_DECIMAL = re.compile(r"decimal\d+\((\d+), (\d+)\)")


def schema(columns: list[list[str]], *, hive: bool = False) -> list[list[str]]:
    """[[name, type], …] in Treasure Data's words for [[name, Arrow's type], …]."""
    return [[name, type_name(kind, hive=hive)] for name, kind in columns]


def type_name(kind: str, *, hive: bool = False) -> str:
    """What has no name of its own is text, as its values are."""
    if found := _NESTED.fullmatch(kind):
        return _nested(found[1], list(_parts(found[2])), hive)
    if found := _DECIMAL.fullmatch(kind):
        name = PLAIN.get(kind) or f"decimal({found[1]},{found[2]})"
    elif kind.startswith("timestamp"):
        name = "timestamp with time zone" if "tz=" in kind and not hive else "timestamp"
    elif kind.startswith("time"):
        name = "time"
    else:
        name = PLAIN.get(kind, "varchar")
    return HIVE.get(name, name) if hive else name


def _nested(shape: str, parts: list[str], hive: bool) -> str:
    start, end = "<>" if hive else "()"
    if shape == "struct":
        fields = [(name, type_name(kind, hive=hive)) for name, _, kind in (part.partition(": ") for part in parts)]
        inner = [f"{name}:{kind}" if hive else f"{name} {kind}" for name, kind in fields]
        return f"{'struct' if hive else 'row'}{start}{', '.join(inner)}{end}"
    if shape == "map":
        return f"map{start}{', '.join(type_name(part, hive=hive) for part in parts)}{end}"
    return f"array{start}{type_name(parts[0].partition(': ')[2], hive=hive)}{end}"


def _parts(inside: str) -> Iterator[str]:
    """What stands between the commas that are not within brackets."""
    depth, start = 0, 0
    for at, mark in enumerate(inside):
        depth += (mark in "<([") - (mark in ">)]")
        if mark == "," and not depth:
            yield _bare(inside[start:at])
            start = at + 1
    yield _bare(inside[start:])


def _bare(part: str) -> str:
    return part.strip().removesuffix(" not null")
