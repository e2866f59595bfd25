"""Which rows are good: every column is checked as a whole.

`explain` says what each rule means; what stands here must refuse exactly the rows that it finds a reason for.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from exports.exporter.cells import TEXT, Ints, LocalTime, Mask, bools, filled, has_value, offsets, seconds, texts
from exports.exporter.explain import Terms
from exports.exporter.mapping import Column
from exports.exporter.patterns import IP, READY, READY_ANY_CASE, matches, plain_ascii, whole, whole_mask
from exports.exporter.shapes import Lengths, Test, text_bytes
from exports.exporter.typed import reader
from integrations.spec import (
    ASCII_SPACE,
    AtLeastOne,
    Choice,
    EpochWindow,
    Field,
    Hashing,
    IpAddress,
    MaxLength,
    NotSent,
    Pattern,
    Prefix,
    RecordRule,
    TextRule,
    TypedRule,
)


@dataclass(frozen=True)
class Checked:
    """One field of a record batch, ready to be encoded.

    `good`: None when no row is refused. `cells`: what stands in the event, text without its quotes and escapes, but
    for rows of `raw`, whose cell is hashed first. `times`: UNIX seconds of a time field, 0 where there is none.
    `tidied`: rows of a hashed field whose value was not normal as it came. `choice`: where the values are few, the
    number of each row's value.
    """

    present: Mask
    good: Mask | None
    cells: pa.Array
    raw: Mask | None = None
    times: Ints | None = None
    tidied: npt.NDArray[np.intp] | None = None
    choice: npt.NDArray[np.int32] | None = None


class ColumnCheck(Protocol):
    """The rules of one field, compiled."""

    field: Field

    def __call__(self, array: pa.Array) -> Checked: ...


def column_check(field: Field, now: int, local: LocalTime) -> ColumnCheck:
    """The check of one field. `local`: the clock of times that name no zone."""
    if field.window:
        return TimeCheck(field, field.window, now, local)
    if field.typed:
        return TypedCheck(field, field.typed)
    if values := choices_of(field):
        return ChoiceCheck(field, values)
    return HashCheck(field, field.hashing) if field.hashing else TextCheck(field)


def check_batch(terms: Terms, checks: Iterable[ColumnCheck], batch: pa.RecordBatch) -> tuple[Mask, dict[str, Checked]]:
    """-> (True for each good row, the checked fields by name). The batch is not empty."""
    checked: dict[str, Checked] = {}
    good = np.ones(len(batch), bool)
    for check in checks:
        source = terms.mapping[check.field.name]
        if isinstance(source, Column):
            result = checked[check.field.name] = check(batch.column(source.name))
            if result.good is not None:
                good &= result.good
    for rule in terms.connector.record_rules:
        good &= record_mask(rule, terms, checked, len(batch))
    return good, checked


def record_mask(rule: RecordRule, terms: Terms, checked: Map[str, Checked], size: int) -> Mask:
    """True for each of `size` rows that keeps the rule."""
    names = rule.fields if isinstance(rule, AtLeastOne) else (rule.field,)
    present = np.full(size, any(name in terms.mapping and name not in checked for name in names))
    for name in names:
        if name in checked:
            present |= checked[name].present
    if isinstance(rule, AtLeastOne):
        return present
    return np.ones(size, bool) if terms.settings.get(rule.setting) else ~present


# --- text --------------------------------------------------------------------------------------------------------


class TextCheck:
    """A text field with rules."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.tests = [_test(rule) for rule in field.rules]
        if not is_plain_ascii(field):
            self.tests.append(_valid_utf8)

    def __call__(self, array: pa.Array) -> Checked:
        found = texts(array)
        cells = found.array
        lengths = np.diff(offsets(cells))
        present = filled(cells, lengths)
        results = [mask for test in self.tests if (mask := test(cells, lengths)) is not None]
        good = _required_or_absent(self.field, present, results)
        return _refuse(found.refused, Checked(present, good, cells))


def choices_of(field: Field) -> tuple[str, ...]:
    """The values of a field whose only rule is a choice of them; of any other field none."""
    match field.rules:
        case (Choice(values=values),):
            return values
    return ()


class ChoiceCheck:
    """A text field that has one of a few values."""

    def __init__(self, field: Field, values: tuple[str, ...]) -> None:
        self.field = field
        self.options = pc.SetLookupOptions(pa.array(values, TEXT))

    def __call__(self, array: pa.Array) -> Checked:
        found = texts(array)
        present = filled(found.array, np.diff(offsets(found.array)))
        at = pc.call_function("index_in", [found.array], self.options)
        good = _required_or_absent(self.field, present, [bools(at.is_valid())])
        choice = (at.fill_null(0) if at.null_count else at).to_numpy()
        return _refuse(found.refused, Checked(present, good, found.array, choice=choice))


def is_plain_ascii(field: Field) -> bool:
    """Whether the field's rules let nothing through but ASCII that JSON writes as it is."""
    return any(_lets_plain_ascii(rule) for rule in field.rules)


def _lets_plain_ascii(rule: TextRule) -> bool:
    match rule:
        case Pattern(regex=regex):
            return plain_ascii(regex)
        case Choice(values=values):
            return all(orjson.dumps(value) == f'"{value}"'.encode() and value.isascii() for value in values)
    return isinstance(rule, IpAddress)


def _required_or_absent(field: Field, present: Mask, results: list[Mask]) -> Mask | None:
    """A value passes every test; no value passes unless one is required."""
    if not results:
        return present if field.required else None
    passed: Mask = np.logical_and.reduce(results)
    return passed & present if field.required else passed | ~present


def _refuse(refused: Mask | None, checked: Checked) -> Checked:
    """The rows that hold something other than text are present, and bad."""
    if refused is None:
        return checked
    good = ~refused if checked.good is None else checked.good & ~refused
    return replace(checked, present=checked.present | refused, good=good)


def _test(rule: TextRule) -> Test:
    match rule:
        case Pattern(regex=regex):
            return whole(regex)
        case Prefix(regex=regex):
            return _matching(f"^(?:{regex})")
        case IpAddress():
            return whole(IP)
        case MaxLength(units=units):
            return lambda cells, lengths: _short_enough(cells, lengths, units)
        case Choice(values=values):
            options = pc.SetLookupOptions(pa.array(values, TEXT))
            return lambda cells, lengths: bools(pc.call_function("is_in", [cells], options))
        case NotSent(value=value):
            word = pa.scalar(value, TEXT)
            return lambda cells, lengths: bools(pc.not_equal(cells, word))


def _matching(pattern: str) -> Test:
    found = matches(pattern)
    return lambda cells, lengths: found(cells)


def _short_enough(cells: pa.StringArray, lengths: Lengths, units: int) -> Mask | None:
    """UTF-16 units are never more than UTF-8 bytes: only cells with too many bytes are counted."""
    if lengths.max(initial=0) <= units:
        return None
    rows = np.flatnonzero(lengths > units)
    short = np.ones(len(lengths), bool)
    short[rows] = [_utf16_units(cell) <= units for cell in byte_cells(cells, rows)]
    return short


def _utf16_units(cell: bytes | None) -> int:
    return len((cell or b"").decode(errors="replace").encode("utf-16-le")) // 2


def byte_cells(cells: pa.StringArray, rows: npt.NDArray[np.intp]) -> list[Any]:
    """Some cells as bytes, which never fails on text that is not valid."""
    found: list[Any] = cells.take(pa.array(rows)).cast(pa.binary()).to_numpy(zero_copy_only=False).tolist()
    return found


def _valid_utf8(cells: pa.StringArray, lengths: Lengths) -> Mask | None:
    """None when all is well (the usual case: one pass over the data, and a quick one over ASCII)."""
    if text_bytes(cells)[0].max(initial=0) < 0x80:
        return None
    try:
        cells.validate(full=True)
    except pa.ArrowInvalid:
        return np.array([_decodes(cell) for cell in cells.cast(pa.binary()).to_pylist()], bool)
    return None


def _decodes(cell: bytes | None) -> bool:
    try:
        return cell is None or cell.decode() is not None
    except UnicodeDecodeError:
        return False


# --- text that is hashed -----------------------------------------------------------------------------------------


class HashCheck:
    """A field that goes out as SHA-256: ready hashes pass, raw values are told apart and made normal."""

    def __init__(self, field: Field, hashing: Hashing) -> None:
        self.field, self.hashing = field, hashing
        self.is_ready, self.is_ready_any_case = whole_mask(READY), whole_mask(READY_ANY_CASE)
        self.is_raw = matches(f"^(?:{hashing.raw})$")
        self.drop = [pc.ReplaceSubstringOptions(character, "") for character in hashing.drop]
        self.trim = pc.TrimOptions(ASCII_SPACE)

    def __call__(self, array: pa.Array) -> Checked:
        found = texts(array)
        cells = found.array
        lengths = np.diff(offsets(cells))
        present = filled(cells, lengths)
        raw = self.is_raw(cells)
        passed = raw | self.is_ready(cells, lengths)
        rest = np.flatnonzero(present & ~passed)
        if len(rest):
            cells, raw[rest], passed[rest] = self._tidied(cells, rest)
        good = _required_or_absent(self.field, present, [passed])
        return _refuse(found.refused, Checked(present, good, cells, raw, tidied=rest))

    def _tidied(self, cells: pa.StringArray, rows: npt.NDArray[np.intp]) -> tuple[pa.StringArray, Mask, Mask]:
        """-> (the cells with those of `rows` made normal, which of `rows` are raw values, which of `rows` are good)."""
        trimmed = pc.call_function("ascii_trim", [cells.take(pa.array(rows))], self.trim)
        lowered = pc.ascii_lower(trimmed)
        ready = self.is_ready_any_case(trimmed, np.diff(offsets(trimmed)))
        text = lowered if self.hashing.lower else trimmed
        for options in self.drop:
            text = pc.call_function("replace_substring", [text], options)
        raw = self.is_raw(text)
        at = np.arange(len(cells), dtype=np.int64)
        at[rows] = len(cells) + np.arange(len(rows)) + np.where(ready, 0, len(rows))
        return pa.concat_arrays([cells, lowered, text]).take(pa.array(at)), raw, raw | ready


# --- time --------------------------------------------------------------------------------------------------------


class TimeCheck:
    """A field in UNIX seconds that lies within a window."""

    def __init__(self, field: Field, window: EpochWindow, now: int, local: LocalTime) -> None:
        self.field, self.local = field, local
        self.low = max(1, now - window.max_age)
        self.high = min(now + window.max_ahead, window.milliseconds_above)

    def __call__(self, array: pa.Array) -> Checked:
        found = seconds(array, self.local)
        times: Ints = (found.fill_null(0) if found.null_count else found).to_numpy()
        inside: Mask = (times >= self.low) & (times <= self.high)
        if self.field.required:
            return Checked(inside, inside, found.cast(TEXT), times=times)
        present = has_value(array)
        return Checked(present, inside | ~present, found.cast(TEXT), times=times)


# --- numbers, truth values and lists -----------------------------------------------------------------------------


class TypedCheck:
    """A field that is no text in the event: its cells are JSON."""

    def __init__(self, field: Field, rule: TypedRule) -> None:
        self.field, self.read = field, reader(rule)

    def __call__(self, array: pa.Array) -> Checked:
        found = self.read(array)
        return Checked(found.present, _required_or_absent(self.field, found.present, [found.good]), found.cells)
