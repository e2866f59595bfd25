"""What changed from one version of a query to the next, for people to read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from exports import schedule_words, table_targets, timing
from exports.exporter.mapping import constant_text
from exports.models import Priority, QueryVersion
from exports.texts import engine_words
from integrations.models import Authentication

CONTEXT_LINES = 3
MOST_PAIRS = 1_000_000  # of lines that are the same, which take about a second


Opcode = tuple[str, int, int, int, int]  # of difflib


@dataclass(frozen=True)
class Line:
    """A line of SQL. `sign`: "+" only in the new text, "-" only in the old one, " " in both; numbers from 1."""

    sign: str
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True)
class Change:
    """A changed value beside the SQL; "" where there is none."""

    label: str
    old: str
    new: str


def lines(old: str, new: str) -> list[list[Line]]:
    """The changed places of the SQL, each with a few lines around it; empty if the texts are the same.

    Of texts that are the same in too many ways, all between their first and last difference is one changed place.
    """
    before, after = old.splitlines(), new.splitlines()
    if pairs(before, after) > MOST_PAIRS:
        groups = _between_the_ends(before, after)
    else:
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        groups = list(matcher.get_grouped_opcodes(CONTEXT_LINES))
    return [[line for opcode in group for line in _lines(opcode, before, after)] for group in groups]


def pairs(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines of the one are the same as one of the other: so many are looked at again and again."""
    here, there = Counter(before), Counter(after)
    return sum(count * there[line] for line, count in here.items())


def _between_the_ends(before: list[str], after: list[str]) -> list[list[Opcode]]:
    first = _same(before, after)
    last = _same(before[first:][::-1], after[first:][::-1])
    i, j, start = len(before) - last, len(after) - last, max(0, first - CONTEXT_LINES)
    behind = min(last, CONTEXT_LINES)
    if first == i == j:
        return []
    head, tail = ("equal", start, first, start, first), ("equal", i, i + behind, j, j + behind)
    return [[head, ("replace", first, i, first, j), tail]]


def _same(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines are the same at the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _lines(opcode: Opcode, before: list[str], after: list[str]) -> list[Line]:
    kind, i1, i2, j1, j2 = opcode
    if kind == "equal":
        return [Line(" ", i + 1, j + 1, before[i]) for i, j in zip(range(i1, i2), range(j1, j2), strict=True)]
    removed = [Line("-", i + 1, None, before[i]) for i in range(i1, i2)]
    return removed + [Line("+", None, j + 1, after[j]) for j in range(j1, j2)]


def changes(old: QueryVersion | None, new: QueryVersion) -> list[Change]:
    """What changed beside the SQL, from `old` (None: there was nothing) to `new`."""
    targets = [version.target for version in (old, new) if version]
    found = Authentication.objects.in_bulk([t["authentication"] for t in targets if t])
    before, after = (_values(version, found) for version in (old, new))
    labels = list(dict.fromkeys([*before, *after]))
    pairs = [Change(label, before.get(label, ""), after.get(label, "")) for label in labels]
    return [change for change in pairs if change.old != change.new]


def _values(version: QueryVersion | None, found: Mapping[int, Authentication]) -> dict[str, str]:
    if version is None:
        return {}
    engine = engine_words(version.engine, version.source_name)
    values = {"Name": version.name, "Database": version.database_name, "Engine": engine, "Time zone": version.time_zone}
    target = _target_values(version.target, found) if version.target else {}
    options = {"Priority": Priority(version.priority).label, "Retry limit": str(version.retry_limit)}
    table = table_targets.of(version)
    into = {"Result": table.says} if table else {}
    return values | options | _schedule_values(version.schedule) | target | into


def _schedule_values(data: Mapping[str, Any]) -> dict[str, str]:
    return schedule_words.facts(timing.read(data)) if data else {}


def _target_values(target: Mapping[str, Any], found: Mapping[int, Authentication]) -> dict[str, str]:
    authentication = found.get(target["authentication"])
    name = authentication.name if authentication else f"integration {target['authentication']}, deleted"
    labels = {s.name: s.label for s in authentication.connector.settings} if authentication else {}
    mapping = {f"Field {field}": _source(source) for field, source in target["mapping"].items()}
    mapping = mapping or {"Column mapping": "each field takes the column of its name"}
    settings = {labels.get(key, key): _word(value) for key, value in target["settings"].items()}
    return {"Export to": name} | mapping | settings


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _source(source: Mapping[str, Any]) -> str:
    kind, value = next(iter(source.items()))
    return f"column {value}" if kind == "column" else f"constant “{constant_text(value)}”"
