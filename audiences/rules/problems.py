"""What is wrong with a rule: everything at once, each with the place in the JSON where it stands."""

import difflib
from collections.abc import Iterable
from typing import Any

Problem = tuple[str, str]
"""(path such as "conditions.0.operator.rightValue", sentence); the path of the whole is ""."""


class RuleError(ValueError):
    """The rule cannot be used. `problems`: at least one."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(sentence for _, sentence in problems))
        self.problems = problems


class Place:
    """A place in the JSON; what is said of it goes into `found`, which is one list for the whole rule."""

    def __init__(self, path: str = "", found: list[Problem] | None = None) -> None:
        self.path = path
        self.found: list[Problem] = [] if found is None else found

    def __truediv__(self, key: str | int) -> "Place":
        return Place(f"{self.path}.{key}" if self.path else str(key), self.found)

    def refuse(self, sentence: str) -> None:
        self.found.append((self.path, sentence))

    def object(self, data: Any, allowed: Iterable[str]) -> dict[str, Any] | None:
        """The data if it is an object; whatever it has besides `allowed` is refused."""
        if not isinstance(data, dict):
            self.refuse(f"This has to be an object, not {shown(data)}.")
            return None
        allowed = tuple(allowed)
        for key in data:
            if key not in allowed:
                (self / str(key)).refuse(f"{shown(key)} is not known here. {one_of(allowed)}.")
        return data

    def flag(self, data: dict[str, Any], key: str) -> bool:
        """True or false; false if it is missing."""
        value = data.get(key, False)
        if isinstance(value, bool):
            return value
        (self / key).refuse(f"{shown(key)} is true or false, not {shown(value)}.")
        return False


def shown(value: Any) -> str:
    """A value within a sentence."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    return str(value)


def one_of(names: Iterable[str]) -> str:
    """What is allowed, as the end of a sentence or one of its own."""
    return f"Allowed: {', '.join(names)}"


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest that do."""
    names = list(names)
    by_lower = {each.lower(): each for each in names}
    near = [by_lower[each] for each in difflib.get_close_matches(name.lower()[:200], list(by_lower), n=3, cutoff=0.7)]
    if near:
        return f"There is no {what} {shown(name)}. Did you mean {' or '.join(near)}?"
    shown_names = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    return f"There is no {what} {shown(name)}. " + (f"There are: {shown_names}." if names else "There is none at all.")
