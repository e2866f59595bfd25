"""Which column, or which constant, goes into which field."""

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from exports.exporter.masking import mask
from integrations.spec import AtLeastOne, Connector, Field, JsonValue

SHOWN = 40  # characters of a constant in an error


@dataclass(frozen=True)
class Column:
    """The field takes its value from this column of the query's result."""

    name: str


@dataclass(frozen=True)
class Constant:
    """The field has the same value in every event."""

    value: JsonValue


Source = Column | Constant
Mapping = dict[str, Source]


@dataclass(frozen=True)
class Problem:
    """What is wrong with the mapping. `field` is "" when it concerns no field alone."""

    field: str
    text: str


class MappingError(ValueError):
    """The JSON is not a mapping; the text says where."""


def to_json(mapping: Mapping) -> dict[str, dict[str, Any]]:
    """The mapping as plain JSON: {"phone": {"column": "tel"}, "source_type": {"constant": "web"}}."""
    return {field: _source_to_json(source) for field, source in mapping.items()}


def _source_to_json(source: Source) -> dict[str, Any]:
    return {"column": source.name} if isinstance(source, Column) else {"constant": source.value}


def from_json(value: object) -> Mapping:
    """What `to_json` gave → the mapping. Raises MappingError."""
    if not isinstance(value, dict):
        raise MappingError("A mapping is an object: field → column or constant.")
    return {str(field): _source_from_json(str(field), source) for field, source in value.items()}


def _source_from_json(field: str, value: object) -> Source:
    match value:
        case {"column": str(name), **others} if not others:
            return Column(name)
        case {"constant": constant, **others} if not others and is_constant(constant):
            return Constant(constant)
    raise MappingError(f'{field}: must be {{"column": NAME}} or {{"constant": VALUE}}.')


def is_constant(value: object) -> bool:
    """Text, a boolean, a finite number or a list of text: what can stand in a mapping as a constant.

    Text has neither NUL nor half a surrogate pair: no database keeps them, and no event can hold the latter.
    """
    if isinstance(value, list):
        return all(isinstance(item, str) and is_constant(item) for item in value)
    if isinstance(value, str):
        return not re.search("[\0\ud800-\udfff]", value)
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def constant_text(value: object) -> str:
    """A constant as people type it, and as its field reads it again: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- proposals ---------------------------------------------------------------------------------------------------


def suggest(connector: Connector, columns: Sequence[str]) -> Mapping:
    """Fields whose name is exactly a column's name, mapped to it. Only these are safe to fill in unasked."""
    once = {name for name, times in Counter(columns).items() if times == 1}
    return {f.name: Column(f.name) for f in connector.fields if f.name in once}


def close_names(connector: Connector, columns: Sequence[str]) -> dict[str, list[str]]:
    """For fields without a column of their name: columns that may be meant, the most likely first.

    A column that has a field's exact name is offered to no other field.
    """
    own = {f.name for f in connector.fields}
    free = [c for c in dict.fromkeys(columns) if c not in own]
    found = {f.name: _candidates(connector, f, free) for f in connector.fields if f.name not in columns}
    return {name: candidates for name, candidates in found.items() if candidates}


def _candidates(connector: Connector, field: Field, columns: Sequence[str]) -> list[str]:
    names = [field.name, *connector.synonyms.get(field.name, ())]
    ranked = sorted((rank, at) for at, c in enumerate(columns) if (rank := _distance(names, c)) is not None)
    return [columns[at] for _, at in ranked]


def _distance(names: Sequence[str], column: str) -> int | None:
    """0 the same but for case and underscores, then by synonym, by last words, by spelling; None: not alike."""
    words = _words(column)
    joined = "".join(words)
    keys = ["".join(_words(name)) for name in names]
    if joined == keys[0]:
        return 0
    if joined in keys:
        return 1
    if any(words[-len(w) :] == w for name in names if (w := _words(name))):
        return 2
    return 3 if difflib.get_close_matches(joined, keys[:1], n=1, cutoff=0.85) else None


def _words(name: str) -> list[str]:
    """customerEMail, customer_e_mail, "Customer E-Mail" → words in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W_]+", spaced.lower())


# --- checks ------------------------------------------------------------------------------------------------------


def check_mapping(
    connector: Connector, mapping: Mapping, columns: Sequence[str], *, now: int | None = None
) -> list[Problem]:
    """Everything that must be put right before a row can be sent, in the order of the fields; empty when all is well.

    `columns`: names of the query's result. `now`: UNIX seconds; without it a constant time is not held against the
    time window.
    """
    known = {f.name for f in connector.fields}
    problems = [Problem(name, _unknown_field(name, known)) for name in mapping if name not in known]
    for field in connector.fields:
        problems += [Problem(field.name, text) for text in _field_problems(field, mapping, columns, now)]
    return problems + [Problem("", text) for text in _record_problems(connector, mapping)]


def _unknown_field(name: str, known: Iterable[str]) -> str:
    return f"there is no field “{name}”" + _perhaps(name, known)


def _field_problems(field: Field, mapping: Mapping, columns: Sequence[str], now: int | None) -> list[str]:
    source = mapping.get(field.name)
    if source is None:
        return ["is required: map a column or set a constant"] if field.required else []
    if isinstance(source, Column):
        return _column_problems(source.name, columns)
    return _constant_problems(field, source.value, now)


def _column_problems(name: str, columns: Sequence[str]) -> list[str]:
    times = list(columns).count(name)
    if times > 1:
        return [f"the query’s result has {times} columns “{name}”: give them different names"]
    return [] if times else [f"the query’s result has no column “{name}”" + _perhaps(name, columns)]


def _constant_problems(field: Field, value: JsonValue, now: int | None) -> list[str]:
    if field.empty(value):
        return ["the constant is empty"]
    reason = field.problem(value, now or 0)
    if reason and field.window and now is None and reason.code in ("too_old", "too_new"):
        return []
    return [f"the constant “{_shortly(field, value)}” {reason.text}"] if reason else []


def _shortly(field: Field, value: JsonValue) -> str:
    """A constant as an error may show it."""
    text = mask(field, value) if field.personal else constant_text(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _record_problems(connector: Connector, mapping: Mapping) -> list[str]:
    rules = [r for r in connector.record_rules if isinstance(r, AtLeastOne)]
    return [f"no identifier is mapped: map at least one of {', '.join(r.fields)}" for r in rules if _none(r, mapping)]


def _none(rule: AtLeastOne, mapping: Mapping) -> bool:
    return not set(mapping).intersection(rule.fields)


def _perhaps(name: str, names: Iterable[str]) -> str:
    """(perhaps “tel”?) or nothing."""
    joined = {"".join(_words(n)): n for n in names}
    close = difflib.get_close_matches("".join(_words(name)), joined, n=3, cutoff=0.6)
    return f" (perhaps {' or '.join(f'“{joined[c]}”' for c in close)}?)" if close else ""
