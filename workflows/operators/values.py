"""An operator's parameters in their kinds. What ${…} computed is text: "true", "3", or a list or map as JSON.

Each function takes the value and its name, and raises TaskFailed with a sentence that names the parameter.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from workflows import storing
from workflows.dig.kinds import DURATION
from workflows.operators.base import TaskFailed

SHOWN = 60  # characters of a wrong value, in an error
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
LONGEST = timedelta(days=7)  # that an attempt may take
NUMBER = re.compile(r"\s*([-+]?[0-9]{1,18})(?:\.0{1,18})?\s*")


def text(value: Any, name: str) -> str:
    """Text as it is, numbers and booleans as text; not empty."""
    found = words(value, name)
    if not found.strip():
        raise TaskFailed(f"“{name}” is empty; it must be text.")
    return found


def words(value: Any, name: str) -> str:
    """The same, which may be empty. Nothing at all is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise must_be(name, "text", value)
    if "\0" in str(value):
        raise TaskFailed(f"“{name}” has the character U+0000, which cannot be kept.")
    return str(value)


def number(value: Any, name: str, low: int | None = None, high: int | None = None) -> int:
    """A whole number from `low` to `high`; computed ones such as 3.0 count."""
    found = NUMBER.fullmatch(words(value, name)) if not isinstance(value, bool | list | Mapping) else None
    if found is None or not _within(int(found[1]), low, high):
        raise must_be(name, f"a whole number{_range(low, high)}", value)
    return int(found[1])


def _within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return "" if high is None else f" up to {high:,}"
    return f" from {low:,} on" if high is None else f" from {low:,} to {high:,}"


def boolean(value: Any, name: str) -> bool:
    """true and false, in any case, also as text."""
    found = {"true": True, "false": False}.get(str(value).strip().lower()) if isinstance(value, bool | str) else None
    if found is None:
        raise must_be(name, "true or false", value)
    return found


def array(value: Any, name: str) -> list[Any]:
    """A list, also as JSON."""
    found = _json(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise must_be(name, "a list", value)
    return found


def texts(value: Any, name: str) -> list[str]:
    """A list of texts, none of them empty."""
    return [text(one, name) for one in array(value, name)]


def mapping(value: Any, name: str) -> dict[str, Any]:
    """A map, also as JSON."""
    found = _json(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise must_be(name, "a map", value)
    return dict(found)


def duration(value: Any, name: str, least: timedelta = timedelta(0), most: timedelta = LONGEST) -> timedelta:
    """Such as 30s, 10m or 1h 30m; a number without a unit is none, as in digdag."""
    written = " ".join(words(value, name).split()) if not isinstance(value, bool | list | Mapping) else ""
    if not DURATION.fullmatch(written) or len(written) > SHOWN:
        raise must_be(name, "a duration such as 30s, 10m or 1h 30m", value)
    parts = {UNITS[unit.lower()]: int(count) for count, unit in re.findall(r"([0-9]+) ?([a-zA-Z])", written)}
    try:
        found = timedelta(**parts)
    except OverflowError:
        raise must_be(name, f"at most {spoken(most)}", value) from None
    if found < least:
        raise must_be(name, f"at least {spoken(least)}", value)
    if found > most:
        raise must_be(name, f"at most {spoken(most)}", value)
    return found


def spoken(length: timedelta) -> str:
    """As `duration` reads it: “1h 30m”."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if count]
    return " ".join(parts) or "0s"


def must_be(name: str, kind: str, value: Any) -> TaskFailed:
    return TaskFailed(f"“{name}” must be {kind}, not {shown(value)}.")


def shown(value: Any) -> str:
    """A value as it is named in a sentence, cut to one short line."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "a map"
    line = " ".join(str(value).split())
    return f"“{line[:SHOWN]}…”" if len(line) > SHOWN else f"“{line}”"


def _json(value: str) -> Any:
    """None for what is no JSON, or cannot be kept."""
    try:
        return storing.clean(json.loads(value, parse_constant=_no_number))
    except (ValueError, RecursionError):
        return None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
