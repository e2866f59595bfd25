"""Patterns that need no regular expression: one class of characters repeated, or a fixed row of classes.

Most patterns of event fields are of these shapes. RE2 walks from cell to cell (40 to 90 ns each) and compiles anew at
every call; here all bytes of a column are compared at once, about 0.4 ns each.
"""

import re
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
    """`classes`: what may stand at each place, in ASCII; at least the first `least` places are filled.

    `repeated`: there is one class, and it stands at any number of places.
    """

    classes: tuple[Class, ...]
    least: int
    repeated: bool = False


def shape_of(pattern: str) -> Shape | None:
    """Of a pattern without anchors; None for one that has another shape."""
    repeated = pattern.endswith("]+")
    classes, least, rest = _sequence(pattern[:-1] if repeated else pattern)
    if rest or not classes or (repeated and len(classes) > 1):
        return None
    return Shape(classes, least, repeated)


def _sequence(text: str) -> tuple[tuple[Class, ...], int, str]:
    """-> (as many places as can be read from the start of the text, how many must be filled, the rest of the text)."""
    found: tuple[Class, ...] = ()
    while text:
        item, after = _item(text)
        least, most, rest = _times(after)
        if not item or not most:
            break
        found, text = found + item * most, rest
        if least < most:
            return found, len(found) - len(item) * (most - least), text
    return found, len(found), text


def _item(text: str) -> tuple[tuple[Class, ...], str]:
    """A class, a group or a character; nothing for what is none of them."""
    if text[0] == "[":
        inside, _, rest = text[1:].partition("]")
        found = _class(inside)
        return ((found,), rest) if found else ((), text)
    if text[0] == "(":
        inside, closed, rest = text[1:].partition(")")
        group, least, unread = _sequence(inside)
        return ((), text) if unread or not closed or least < len(group) else (group, rest)
    if text[0] == "\\":
        character, rest, plain = text[1:2], text[2:], not text[1:2].isalnum()
    else:
        character, rest, plain = text[0], text[1:], text[0].isalnum() or text[0] in "-_"
    return ((frozenset(character.encode()),), rest) if plain and character and character.isascii() else ((), text)


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


def _times(text: str) -> tuple[int, int, str]:
    """(least, most) in braces after an item, and the rest; 1 where there are none, 0 for any other repetition."""
    if text[:1] == "{":
        numbers = re.match(r"\{([0-9]+)(?:,([0-9]+))?\}", text)
        return (int(numbers[1]), int(numbers[2] or numbers[1]), text[numbers.end() :]) if numbers else (0, 0, text)
    return (0, 0, text) if text[:1] in {"+", "*", "?", "|"} else (1, 1, text)


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
    return lambda cells, lengths: _in_places(cells, lengths, shape, kinds)


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


def _in_places(cells: pa.StringArray, lengths: Lengths, shape: Shape, kinds: list[tuple[Inside, list[int]]]) -> Mask:
    size = len(shape.classes)
    good: Mask = (lengths >= shape.least) & (lengths <= size)
    rows = np.flatnonzero(good)
    data, _ = text_bytes(cells)
    nothing_between = shape.least == size and len(rows) * size == len(data)
    table = data.reshape(-1, size) if nothing_between else starts_of(cells, rows, size)
    (most, _), *others = kinds
    ok = most(table)
    for inside, places in others:
        ok[:, places] = inside(table[:, places])
    if shape.least < size:
        ok |= np.arange(size) >= lengths[rows, None]
    if not ok.all():
        good[rows[~ok.all(axis=1)]] = False
    return good


def starts_of(cells: pa.StringArray, rows: npt.NDArray[np.intp], size: int) -> Bytes:
    """(rows, size): the first bytes of some cells; of a shorter cell there follows whatever lies behind it."""
    data, at = text_bytes(cells)
    if not len(rows):
        return np.empty((0, size), np.uint8)
    if int(at[rows[-1]]) + size > len(data):
        data = np.concatenate([data, np.zeros(size, np.uint8)])
    pieces = np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))
    return pieces[at[rows]].view(np.uint8).reshape(-1, size)
