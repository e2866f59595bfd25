"""Patterns that need no regular expression: one class of characters repeated, or a fixed row of classes.

Most patterns of event fields are of these shapes. RE2 walks from cell to cell (40 to 90 ns each) and compiles anew at
every call; here all bytes of a column are compared at once, about 0.4 ns each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exports.exporter.cells import Mask, offsets

Bytes = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int32]
Class = frozenset[int]
Test = Callable[[pa.StringArray, Lengths], Mask | None]
"""(cells, byte length of each) → where the pattern matches; None: everywhere. What it says of "" means nothing."""


@dataclass(frozen=True)
class Shape:
    """`classes`: what may stand at each place, in ASCII; `repeated`: there is one class, and it stands at any number of
    places."""

    classes: tuple[Class, ...]
    repeated: bool = False


def shape_of(pattern: str) -> Shape | None:
    """Of a pattern without anchors; None for one that has another shape."""
    if pattern.endswith("]+"):
        classes, rest = _sequence(pattern[:-1])
        return Shape(classes, repeated=True) if classes and len(classes) == 1 and not rest else None
    classes, rest = _sequence(pattern)
    return Shape(classes) if classes and not rest else None


def _sequence(text: str) -> tuple[tuple[Class, ...], str]:
    """As many places as can be read from the start of the text, and the rest of it."""
    found: tuple[Class, ...] = ()
    while text:
        item, after = _item(text)
        if not item:
            break
        times, text = _times(after)
        found += item * times
    return found, text


def _item(text: str) -> tuple[tuple[Class, ...], str]:
    """A class, a group or a character; nothing for what is none of them."""
    if text[0] == "[":
        inside, _, rest = text[1:].partition("]")
        found = _class(inside)
        return ((found,), rest) if found else ((), text)
    if text[0] == "(":
        inside, _, rest = text[1:].partition(")")
        group, unread = _sequence(inside)
        return ((), text) if unread else (group, rest)
    plain = text[0].isascii() and (text[0].isalnum() or text[0] in "-_")
    return ((frozenset(text[0].encode()),), text[1:]) if plain else ((), text)


def _class(inside: str) -> Class | None:
    """Characters and ranges, like 0-9a-f_-."""
    if not inside or not inside.isascii() or set(inside) & set("\\^["):
        return None
    found: set[int] = set()
    while inside:
        if len(inside) > 2 and inside[1] == "-":
            found.update(range(ord(inside[0]), ord(inside[2]) + 1))
            inside = inside[3:]
        else:
            found.add(ord(inside[0]))
            inside = inside[1:]
    return frozenset(found)


def _times(text: str) -> tuple[int, str]:
    """The number in braces after an item; 1 where there is none, and 0 for any other repetition."""
    if text[:1] == "{":
        number, _, rest = text[1:].partition("}")
        return (int(number), rest) if number.isdigit() else (0, text)
    return (0, text) if text[:1] in {"+", "*", "?", "|"} else (1, text)


# --- whole columns -----------------------------------------------------------------------------------------------

Inside = Callable[[Bytes], Mask]


def test_of(shape: Shape) -> Test:
    """The test of one shape, for columns of any length."""
    if shape.repeated:
        inside = _inside(shape.classes[0])
        return lambda cells, lengths: _all_inside(cells, inside)
    places: dict[Class, list[int]] = {}
    for place, allowed in enumerate(shape.classes):
        places.setdefault(allowed, []).append(place)
    kinds = sorted(((_inside(allowed), at) for allowed, at in places.items()), key=lambda kind: -len(kind[1]))
    return lambda cells, lengths: _in_places(cells, lengths, len(shape.classes), kinds)


def _inside(allowed: Class) -> Inside:
    """A test of many bytes: one comparison for each run of neighbours."""
    starts = sorted(b for b in allowed if b - 1 not in allowed)
    ends = sorted(b for b in allowed if b + 1 not in allowed)
    runs = [(np.uint8(start), np.uint8(end - start)) for start, end in zip(starts, ends, strict=True)]

    def test(data: Bytes) -> Mask:
        ok: Mask = np.zeros(data.shape, bool)
        for start, width in runs:
            ok |= data - start <= width  # below the start the difference wraps around, and is large
        return ok

    return test


def text_bytes(cells: pa.StringArray) -> tuple[Bytes, Lengths]:
    """The bytes of all cells one after the other, and where among them each cell begins and the last one ends."""
    at, data = offsets(cells), cells.buffers()[2]
    if data is None:
        return np.empty(0, np.uint8), np.zeros(len(cells) + 1, np.int32)
    return np.frombuffer(data, np.uint8)[at[0] : at[-1]], at - at[0]


def rows_of(positions: npt.NDArray[np.intp], at: Lengths) -> npt.NDArray[np.intp]:
    """The cells that these bytes belong to; `at` as of `text_bytes`."""
    return np.unique(np.searchsorted(at, positions, side="right") - 1)


def _all_inside(cells: pa.StringArray, inside: Inside) -> Mask | None:
    data, at = text_bytes(cells)
    ok = inside(data)
    if ok.all():
        return None
    good = np.ones(len(cells), bool)
    good[rows_of(np.flatnonzero(~ok), at)] = False
    return good


def _in_places(cells: pa.StringArray, lengths: Lengths, size: int, kinds: list[tuple[Inside, list[int]]]) -> Mask:
    good: Mask = lengths == size
    data, _ = text_bytes(cells)
    if len(data) != size * np.count_nonzero(good):  # there are cells of other lengths between them
        data, _ = text_bytes(cells.filter(pa.array(good)))
    table = data.reshape(-1, size)
    (most, _), *others = kinds
    ok = most(table)
    for inside, places in others:
        ok[:, places] = inside(table[:, places])
    if not ok.all():
        good[np.flatnonzero(good)[~ok.all(axis=1)]] = False
    return good
