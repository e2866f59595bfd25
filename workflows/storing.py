"""Values as both databases keep them in JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflows.operators.base import Done, Later, Outcome

MOST_STORED = 1_000_000  # characters of JSON that a task can leave for the others, or keep for its next step
MOST_EXPORTED = 10_000_000  # characters of the variables of all tasks that a task makes
DEEPEST = 100  # levels; SQLite and Python's JSON take some hundred more


class TooLarge(ValueError):
    """The text may be shown to users."""


def storable(value: Any, most: int = MOST_STORED) -> Any:
    """JSON that both databases keep: no NUL, no NaN, no half of a character; what JSON does not have, such as a date,
    as text. Raises TooLarge."""
    text = json.dumps(clean(value), default=str)
    if len(text) > most:
        raise TooLarge(f"The task would keep {len(text):,} characters of data; at most {most:,} are allowed.")
    return json.loads(text)


def outcome(found: Outcome) -> Outcome:
    """What came of a step with values that can be kept. Raises TooLarge."""
    if isinstance(found, Later):
        return replace(found, memory=storable(found.memory))
    exports = storable([one.export for one in found.subtasks], MOST_EXPORTED)
    made = [replace(one, export=export) for one, export in zip(found.subtasks, exports, strict=True)]
    return Done(storable(found.stored), found.reset, made, found.parallel)


def clean(value: Any, depth: int = 0) -> Any:
    """Without what no database keeps. Raises TooLarge for what is nested too deeply."""
    if depth > DEEPEST:
        raise TooLarge(f"Values are nested more than {DEEPEST} levels deep.")
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {text(str(key)): clean(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(one, depth + 1) for one in value]
    return value


def text(value: str) -> str:
    """Without NUL and halves of characters."""
    whole = value if value.isascii() else value.encode(errors="replace").decode()
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")
