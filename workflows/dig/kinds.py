"""What a parameter's value may be. A text with ${…} is taken for every kind: it is checked when it has been computed.

Like digdag, numbers and booleans are also taken as text, and lists and maps as JSON in a text.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workflows.dig.nearest import suggestion
from workflows.dig.nodes import Map, Node, Scalar, Sequence, written
from workflows.dig.problems import Problem

Check = Callable[[Node], list[Problem]]
DURATION = re.compile(r"(?=\d)(?:\d+ ?d)? ?(?:\d+ ?h)? ?(?:\d+ ?m)? ?(?:\d+ ?s)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """`words` say what is allowed, as in “must be …”; `check` gives what is wrong with a value."""

    words: str
    check: Check


def computed(node: Node | None) -> bool:
    """Whether the value is known only after ${…} has been computed."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and "${" in node.value


def must_be(words: str, node: Node) -> list[Problem]:
    told = f"must be {words}, not {written(node)}."
    if isinstance(node, Map) and all(entry.value == Scalar(None, entry.value.place) for entry in node.entries.values()):
        told += " What stands in braces is a map: write it without them, or in quotes."
    return [Problem(node.place, told)]


def scalar(words: str, fits: Callable[[object], bool]) -> Kind:
    """A kind of single value."""

    def check(node: Node) -> list[Problem]:
        good = computed(node) or (isinstance(node, Scalar) and fits(node.value))
        return [] if good else must_be(words, node)

    return Kind(words, check)


def one_of(*choices: str) -> Kind:
    return scalar(" or ".join(choices), lambda value: value in choices)


def number(low: int, high: int | None = None) -> Kind:
    words = f"a whole number from {low} " + ("on" if high is None else f"to {high}")

    def fits(value: object) -> bool:
        if isinstance(value, bool) or not (isinstance(value, int) or _digits(value)):
            return False
        return low <= int(str(value)) and (high is None or int(str(value)) <= high)

    return scalar(words, fits)


def _digits(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value) is not None


def list_of(words: str, each: Check, single: Check | None = None) -> Kind:
    """single: what is taken in place of a list of one."""

    def check(node: Node) -> list[Problem]:
        if isinstance(node, Sequence):
            return [problem for item in node.items for problem in each(item)]
        if computed(node) or _json(node, list) or (single and not single(node)):
            return []
        return must_be(words, node)

    return Kind(words, check)


def map_of(
    words: str, known: dict[str, Kind] | None = None, required: Iterable[str] = (), each: Check | None = None
) -> Kind:
    """known: the keys that it may have (any, without it); each: what every value must be."""

    def check(node: Node) -> list[Problem]:
        if computed(node) or _json(node, dict):
            return []
        if not isinstance(node, Map):
            return must_be(words, node)
        return [*_entries(node, known, each), *_missing(node, required)]

    return Kind(words, check)


def _entries(node: Map, known: dict[str, Kind] | None, each: Check | None) -> Iterable[Problem]:
    for entry in node.entries.values():
        if known is not None and entry.name not in known:
            told = suggestion(entry.name, known, f" It has {', '.join(known)}.")
            yield Problem(entry.place, f"does not have “{entry.name}”.{told}")
            continue
        check = each if known is None else known[entry.name].check
        for problem in check(entry.value) if check else ():
            yield Problem(problem.place, f": “{entry.name}” {problem.text}")


def _missing(node: Map, required: Iterable[str]) -> Iterable[Problem]:
    for name in required:
        if name not in node.entries:
            yield Problem(node.place, f"needs “{name}”.")


def _json(node: Node, wanted: type) -> bool:
    if not (isinstance(node, Scalar) and isinstance(node.value, str)):
        return False
    try:
        return isinstance(json.loads(node.value), wanted)
    except (ValueError, RecursionError):
        return False


def either(words: str, *kinds: Kind) -> Kind:
    """A value that any of the kinds takes; a map is told what is wrong with it as the last of them."""

    def check(node: Node) -> list[Problem]:
        if any(not kind.check(node) for kind in kinds):
            return []
        return kinds[-1].check(node) if isinstance(node, Map) else must_be(words, node)

    return Kind(words, check)


def _is_text(value: object) -> bool:
    return value is not None and value != ""


TEXT = scalar("text", _is_text)
ANY_TEXT = scalar("text", lambda value: value is not None)
NOTHING = scalar("left empty (its parameters stand in the same column as itself)", lambda value: value is None)
BOOLEAN = scalar("true or false", lambda value: str(value) in ("true", "false", "True", "False"))
LENGTH = scalar(
    "a duration such as 30s, 10m or 1h 30m",
    lambda value: DURATION.fullmatch(" ".join(str(value).split())) is not None,
)
ANY = Kind("any value", lambda _: [])
MAP = map_of("a map")
TEXTS = list_of("a list, such as [a, b]", TEXT.check)
ADDRESSES = list_of("an address, or a list of addresses", TEXT.check, single=TEXT.check)
FILE = scalar("the path of a file", _is_text)
EMPTY_OR_FILE = either(
    "the path of a file, {data: text}, or left empty",
    NOTHING,
    FILE,
    map_of("a map", {"data": ANY_TEXT}, required=["data"]),
)
RENAMES = list_of(
    "a list of {from: a, to: b}", map_of("{from: a, to: b}", {"from": TEXT, "to": TEXT}, ["from", "to"]).check
)
LISTS = map_of("a map of lists, such as {country: [jp, th]}", each=list_of("a list", ANY.check).check)


def _header(node: Node) -> list[Problem]:
    if isinstance(node, Map) and len(node.entries) == 1:
        return [problem for entry in node.entries.values() for problem in ANY_TEXT.check(entry.value)]
    return must_be("one header, as in “- Accept: application/json”", node)


HEADERS = list_of("a list of headers, each as in “- Accept: application/json”", _header)
ATTACHMENTS = list_of(
    "a list of files, each as in “- path: notes.txt”",
    map_of("a map with a path", {"path": TEXT, "content_type": TEXT, "filename": TEXT}, ["path"]).check,
)
