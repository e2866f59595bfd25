"""Record batch → the JSON text of its good rows, and the reasons of the bad ones.

ONE gather writes the text: `take(pool, ids)`, where the pool holds all cells, the literals of the layout, and hashed
and escaped cells, and the ids go row by row: {"web":{"url":" | cell | ","title":" | cell | ... Absent values and bad
rows have no ids. The bytes are those that orjson prints of the events that `explain` builds.
"""

import binascii
from collections.abc import Mapping as Map
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from exports.exporter.cells import TEXT, Ints, Mask, offsets
from exports.exporter.checks import Checked, byte_cells, check_batch
from exports.exporter.explain import Reject
from exports.exporter.layout import NOTHING, Element, Ids, Layout, Part
from exports.exporter.mapping import Constant
from exports.exporter.plan import Plan
from exports.exporter.reasons import reasons
from exports.exporter.shapes import rows_of, text_bytes
from integrations.spec import Field

try:  # CPython's own takes a fifth less time for a text of one block than OpenSSL's, whose calls cost more
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Encoded:
    """`text`: '{...},{...},' of the good rows; `ends`: byte position after each of them, comma included.

    `rows`: their numbers in the batch; `times`: their UNIX seconds; `carries`: by field that decides about a header,
    whether the row carries it. `rejects`: every other row of the batch with its reasons. `good`, `checked`: what
    `check_batch` found.
    """

    text: memoryview
    ends: Ints
    rows: Ints
    times: Ints
    carries: dict[str, Mask]
    rejects: list[Reject]
    good: Mask
    checked: Map[str, Checked]


def encode(plan: Plan, batch: pa.RecordBatch) -> Encoded:
    """Best at about 10,000 rows, which fit the processor's caches.

    Raises AssertionError where the checks refuse what `explain` accepts.
    """
    if not len(batch):
        return _nothing(plan)
    good, checked = check_batch(plan, plan.checks, batch)
    rows = np.flatnonzero(good)
    gathered, ends = _gather(plan.layout, checked, good)
    data = gathered.buffers()[2]
    return Encoded(
        text=memoryview(data if data is not None else b""),
        ends=ends[rows],
        rows=rows.astype(np.int64),
        times=_times(plan, checked, rows),
        carries={name: _carries(plan, name, checked, rows) for name in _deciding_fields(plan)},
        rejects=reasons(plan, batch, good, checked),
        good=good,
        checked=checked,
    )


def _nothing(plan: Plan) -> Encoded:
    none = np.empty(0, np.int64)
    return Encoded(memoryview(b""), none, none, none, dict.fromkeys(_deciding_fields(plan), none > 0), [], none > 0, {})


def _times(plan: Plan, checked: Map[str, Checked], rows: Rows) -> Ints:
    field = plan.connector.window_field
    if field is None or field.name not in plan.mapping:
        return np.zeros(len(rows), np.int64)
    source = plan.mapping[field.name]
    if isinstance(source, Constant):
        return np.full(len(rows), field.wire(source.value), np.int64)
    times = checked[field.name].times
    return np.zeros(len(rows), np.int64) if times is None else times[rows]


def _deciding_fields(plan: Plan) -> list[str]:
    return [h.when_field for h in plan.connector.headers if h.when_field]


def _carries(plan: Plan, name: str, checked: Map[str, Checked], rows: Rows) -> Mask:
    if name in checked:
        return checked[name].present[rows]
    return np.full(len(rows), name in plan.mapping)


# --- the gather --------------------------------------------------------------------------------------------------


class _Pool:
    """Arrays that become one array."""

    def __init__(self, literals: pa.StringArray) -> None:
        self.arrays, self.size = [literals], len(literals)

    def add(self, cells: pa.StringArray) -> Ids:
        """-> the ids of the new members."""
        self.arrays.append(cells)
        self.size += len(cells)
        return np.arange(self.size - len(cells), self.size, dtype=np.int32)


class _Sequence:
    """What stands in the text of each row: ids in their order, each with the rows that have it."""

    def __init__(self) -> None:
        self.ids: list[Ids] = []
        self.used: list[Mask] = []

    def put(self, ids: Ids, where: Mask) -> None:
        self.ids.append(ids)
        self.used.append(where)

    def row_by_row(self) -> tuple[Ids, Ints]:
        """-> (the ids in the order of the text, how many each row has)."""
        ids, used = np.stack(self.ids), np.stack(self.used)  # both are (elements, rows)
        # take() of what flatnonzero() found is three times as fast as an index of truth values
        places = np.flatnonzero(np.ascontiguousarray(used.T))
        return np.ascontiguousarray(ids.T).ravel().take(places), used.sum(axis=0)


def _gather(layout: Layout, checked: Map[str, Checked], good: Mask) -> tuple[pa.StringArray, Ints]:
    """-> (the cells of the text, the byte position after each row)."""
    pool, sequence = _Pool(layout.literals), _Sequence()
    state = np.full(len(good), NOTHING, np.intp)
    for part in layout.parts:
        _put_part(part, checked, good, state, pool, sequence)
    sequence.put(layout.ends.take(state), good)
    ids, pieces = sequence.row_by_row()
    gathered = pa.concat_arrays(pool.arrays).take(pa.array(ids))
    ends = offsets(gathered)[np.cumsum(pieces)] if len(gathered) else np.zeros(len(good))
    return gathered, ends.astype(np.int64)


def _put_part(
    part: Part, checked: Map[str, Checked], good: Mask, state: Rows, pool: _Pool, sequence: _Sequence
) -> None:
    """One JSON object. `state`: what stands before it in each row; is brought up to date."""
    here = [good if e.constant else checked[e.field.name].present & good for e in part.elements]
    if not part.omit_empty:
        empty = good & ~np.logical_or.reduce([np.zeros_like(good), *here])
        if empty.any():
            sequence.put(part.opens.take(state), empty)
            state[empty] = part.opened
    for element, where in zip(part.elements, here, strict=True):
        result = checked.get(element.field.name)
        if element.choices is not None and result is not None:
            sequence.put(element.choices.take(state * element.choices.shape[1] + result.choice), where)
        else:
            sequence.put(element.keys.take(state), where)
            if result is not None:
                sequence.put(_cells(element, result, where, pool), where)
        state[where] = element.leaves


def _cells(element: Element, checked: Checked, where: Mask, pool: _Pool) -> Ids:
    """The ids of a column's cells; those that are hashed or escaped are new members of the pool."""
    at = pool.add(checked.cells)
    field = element.field
    if checked.raw is not None:
        rows = np.flatnonzero(where & checked.raw)
        changed = _hashed(field, byte_cells(checked.cells, rows))
    elif element.escapes:
        rows = _to_escape(checked.cells)
        rows = rows[where[rows]]
        changed = pa.array([_escaped(cell) for cell in byte_cells(checked.cells, rows)], TEXT)
    else:
        return at
    if len(rows):
        at[rows] = pool.add(changed)
    return at


def _hashed(field: Field, cells: list[bytes]) -> pa.StringArray:
    """SHA-256 of normal raw values as 64 hex digits; one call writes the digits of all of them."""
    if field.hashing and field.hashing.lower:
        cells = [cell.lower() for cell in cells]  # of bytes: A-Z only
    digits = binascii.hexlify(b"".join([made.digest() for made in map(sha256, cells)]))
    ends = np.arange(0, len(digits) + 1, 64, dtype=np.int32)
    return pa.StringArray.from_buffers(len(cells), pa.py_buffer(ends), pa.py_buffer(digits))


def _to_escape(cells: pa.StringArray) -> Rows:
    """The rows whose text JSON writes with escapes: control characters, quote and backslash."""
    text, at = text_bytes(cells)
    found = [text == sign for sign in (0x22, 0x5C)]
    if text.min(initial=0x20) < 0x20:
        found.append(text < 0x20)
    places = [np.flatnonzero(mask) for mask in found if mask.any()]
    return rows_of(np.concatenate(places), at) if places else np.empty(0, np.intp)


def _escaped(cell: bytes) -> str:
    return orjson.dumps(cell.decode())[1:-1].decode()
