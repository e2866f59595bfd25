"""`readiness` for millions of rows: a word of marks and some digests a row, taken from what the checks have at hand.

Marks are bits; what may be counted only over all rows (repeats, one value on many rows) stands in the digests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exports.exporter.cells import TEXT, Mask, bools, texts
from exports.exporter.checks import Checked
from exports.exporter.digests import Digests, combined, digests
from exports.exporter.mapping import Constant
from exports.exporter.pipeline import Heard
from exports.exporter.readiness import BLANK, hashed_fields, repeats, row_warnings
from integrations.spec import (
    Connector,
    Field,
    Lacking,
    OlderThan,
    OnlyWeak,
    Repeated,
    RowWarning,
    as_text,
    epoch_seconds,
)

Marks = npt.NDArray[np.uint32]
Mark = tuple[str, str]

SEEN: Mark = ("seen", "")  # the row has been looked at
GOOD: Mark = ("good", "")  # it passes the checks; otherwise it has no other mark
MARKS_BYTES = 4

_UPPER = pc.MatchSubstringOptions("[A-F]")


@dataclass(frozen=True)
class Notes:
    """Of consecutive rows. `digests`: by name of `digest_names`, without fields that are not mapped; 0: no digest."""

    marks: Marks
    digests: dict[Mark, Digests]


def bits(connector: Connector) -> dict[Mark, int]:
    """Which bit says what: ("has", identifier), ("warns", code), ("upper" | "blank", hashed field)."""
    hashed = [f.name for f in connector.fields if f.hashing]
    names = [SEEN, GOOD, *(("has", name) for name in connector.identifiers)]
    names += [("warns", warning.code) for warning in row_warnings(connector)]
    names += [(kind, name) for name in hashed for kind in ("upper", "blank")]
    if len(names) > 8 * MARKS_BYTES:
        raise ValueError(f"{connector.key} has more marks than bits")
    return {name: bit for bit, name in enumerate(names)}


def digest_names(connector: Connector) -> list[Mark]:
    """What each digest of a row is of: ("repeat", code), or ("hash", field)."""
    hashed = [("hash", f.name) for f in connector.fields if f.hashing]
    return [*(("repeat", warning.code) for warning in repeats(connector)), *hashed]


def notes(heard: Heard) -> Notes:
    """The notes of rows that have just been checked: about 0.2 µs a row."""
    rows, connector = _Rows(heard), heard.plan.connector
    found = {("repeat", w.code): rows.of_good(rows.key(w)) for w in repeats(connector)}
    marks = {("has", name): rows.present(name) for name in connector.identifiers}
    marks |= {("warns", w.code): _warns(rows, w) for w in row_warnings(connector)}
    for field in hashed_fields(connector, heard.plan.mapping):
        values, present = rows.normal_digests(field), rows.present(field.name)
        found["hash", field.name] = rows.of_good(values, present)
        marks["upper", field.name] = rows.upper(field)
        marks["blank", field.name] = present & (values == _BLANK)
    return Notes(_packed(bits(connector), marks, heard.good), found)


def _packed(places: dict[Mark, int], marks: dict[Mark, Mask], good: Mask) -> Marks:
    words = np.full(len(good), 1 << places[GOOD], np.uint32)
    for mark, mask in marks.items():
        words |= mask.astype(np.uint32) << np.uint32(places[mark])
    words *= good
    words |= np.uint32(1 << places[SEEN])
    return words


def _warns(rows: "_Rows", warning: RowWarning) -> Mask:
    match warning:
        case OlderThan(field=name, age=age):
            return rows.present(name) & (rows.times(name) < rows.heard.plan.now - age)
        case OnlyWeak(weak=weak, strong=strong):
            return rows.any_of(weak) & ~rows.any_of(strong)
        case Lacking(field=name, value=value, lacks=lacks):
            named: Mask = rows.digests(name) == _one(value)
            return named & ~rows.present(lacks)


@lru_cache(maxsize=256)
def _one(text: str) -> Digests:
    return digests(pa.array([text], TEXT), np.ones(1, bool))


_BLANK = _one(BLANK)


class _Rows:
    """Fields of the rows. What a constant says of every row is an array of one, which numpy stretches."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.size = len(heard.good)
        self.known: dict[str, Digests] = {}

    def of_good(self, values: Digests, where: Mask | bool = True) -> Digests:
        """The digests, without those that are not to be counted."""
        return np.where(self.heard.good & where, values, np.uint64(0))

    def key(self, repeat: Repeated) -> Digests:
        return combined(*(self.digests(name) for name in repeat.fields))

    def _checked(self, name: str) -> Checked | None:
        return self.heard.checked.get(name)

    def _constant(self, name: str) -> object:
        source = self.heard.plan.mapping.get(name)
        return source.value if isinstance(source, Constant) else None

    def present(self, name: str) -> Mask:
        checked = self._checked(name)
        return checked.present if checked else np.full(self.size, self._constant(name) is not None)

    def any_of(self, names: Iterable[str]) -> Mask:
        found: Mask = np.logical_or.reduce([np.zeros(self.size, bool), *(self.present(name) for name in names)])
        return found

    def times(self, name: str) -> npt.NDArray[np.int64]:
        checked = self._checked(name)
        if checked and checked.times is not None:
            return checked.times
        return np.full(1, epoch_seconds(self._constant(name)) or 0, np.int64)

    def digests(self, name: str) -> Digests:
        if name not in self.known:
            checked = self._checked(name)
            text = as_text(self._constant(name)) or ""
            self.known[name] = digests(checked.cells, checked.present) if checked else _one(text)
        return self.known[name]

    def normal_digests(self, field: Field) -> Digests:
        """Of a hashed field's values as they are before they are hashed."""
        checked, lower = self._checked(field.name), field.hashing and field.hashing.lower
        if checked:
            return digests(pc.ascii_lower(checked.cells) if lower else checked.cells, checked.present)
        text = as_text(self._constant(field.name)) or ""
        return _one(field.hashing.normalise(text) if field.hashing else text)

    def upper(self, field: Field) -> Mask:
        """The rows with a ready hash that came in upper case; the checks have lower-cased it."""
        checked = self._checked(field.name)
        if not checked:
            return np.full(self.size, _came_in_upper_case(field, as_text(self._constant(field.name)) or ""))
        found = np.zeros(self.size, bool)
        if checked.tidied is not None and checked.raw is not None:
            rows = checked.tidied[~checked.raw[checked.tidied]]
            original = texts(self.heard.batch.column(self._column(field.name))).array.take(pa.array(rows))
            found[rows] = bools(pc.call_function("match_substring_regex", [original], _UPPER))
        return found

    def _column(self, name: str) -> str:
        return str(getattr(self.heard.plan.mapping[name], "name", ""))


def _came_in_upper_case(field: Field, text: str) -> bool:
    return bool(field.hashing and field.hashing.ready(text)) and text != text.lower()
