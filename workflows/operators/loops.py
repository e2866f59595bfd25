"""for_each>, for_range> and loop>: a body again and again. The names of what they make are digdag's."""

import json
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any
from urllib.parse import quote

from workflows.operators import bodies, values
from workflows.operators.base import Outcome, Step, TaskFailed, operator
from workflows.operators.bodies import Round
from workflows.wording import SecretFromData, only_named

LONGEST_TAG = 8  # characters of a variable's name or value in a task's name
LONGEST_NAME = 150


@operator("for_each")
def for_each(step: Step) -> Outcome:
    """All combinations of the variables' values; those of the last variable change fastest."""
    written = values.mapping(step.command, "for_each>")
    lists = {name: values.array(value, name) for name, value in written.items()}
    try:
        only_named(lists, within=step.command)
    except SecretFromData as error:
        raise TaskFailed(str(error)) from error
    bodies.limited(prod(map(len, lists.values())), "for_each>")
    return bodies.each(step, combinations(lists))


def combinations(lists: Mapping[str, list[Any]]) -> Iterator[Round]:
    if not lists:
        return
    for chosen in product(*(enumerate(one) for one in lists.values())):
        yield _name(list(lists), chosen), {name: value for name, (_, value) in zip(lists, chosen, strict=True)}


def _name(names: list[str], chosen: tuple[tuple[int, Any], ...]) -> str:
    """`+for-0=brand=1=acme`: the first variable, brand, has its second value, acme. Numbers alone if that is long."""
    tagged = [
        f"{place}={_tag(name)}={number}={_tag(value)}"
        for place, (name, (number, value)) in enumerate(zip(names, chosen, strict=True))
    ]
    made = f"+for-{'&'.join(tagged)}"
    numbers = "&".join(f"{place}={number}" for place, (number, _) in enumerate(chosen))
    return made if len(made) <= LONGEST_NAME else f"+for-{numbers}"


def _tag(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return quote(text[:LONGEST_TAG], safe="").replace("~", "%7E")


@operator("for_range")
def for_range(step: Step) -> Outcome:
    """From `from` up to `to`, which is left out, in parts of `step`, or in `slices` parts of the same length, rounded
    up; the last part is what is left."""
    written = values.mapping(step.command, "for_range>")
    first, end = (values.number(written.get(name), name) for name in ("from", "to"))
    length = _length(written, end - first)
    bodies.limited(max(0, -(-(end - first) // length)), "for_range>")
    return bodies.each(step, ranges(first, end, length))


def _length(written: Mapping[str, Any], whole: int) -> int:
    """Of one part, at least 1."""
    given = {name: written[name] for name in ("step", "slices") if written.get(name) is not None}
    if len(given) != 1:
        raise TaskFailed("for_range> takes either step or slices.")
    if "step" in given:
        return values.number(given["step"], "step", 1)
    return max(1, -(-whole // values.number(given["slices"], "slices", 1)))


def ranges(first: int, end: int, length: int) -> Iterator[Round]:
    for index, start in enumerate(range(first, end, length)):
        until = min(start + length, end)
        yield f"+range-from={start}&to={until}", {"range": {"from": start, "to": until, "index": index}}


@operator("loop")
def loop(step: Step) -> Outcome:
    count = values.number(step.command, "loop>", 0)
    bodies.limited(count, "loop>")
    return bodies.each(step, ((f"+loop-{i}", {"i": i}) for i in range(count)))
