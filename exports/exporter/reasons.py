"""The reasons of bad rows: the masks of the checks say which cells are wrong, the reference says why."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exports.exporter.cells import Mask, plain, plain_values
from exports.exporter.checks import Checked, record_mask
from exports.exporter.explain import FieldReason, Reject
from exports.exporter.mapping import Column
from exports.exporter.plan import Plan
from integrations.spec import REQUIRED, Field, Reason

Rows = npt.NDArray[np.intp]


def reasons(plan: Plan, batch: pa.RecordBatch, good: Mask, checked: Map[str, Checked]) -> list[Reject]:
    """Of each bad row, as `explain_row` finds them. Equal reasons are one object: there may be millions of rows.

    Raises AssertionError where the checks refuse what the reference accepts.
    """
    bad = np.flatnonzero(~good)
    found: dict[int, list[FieldReason]] = {row: [] for row in bad.tolist()}
    for row, about in _of_fields(plan, batch, bad, checked):
        found[row].append(about)
    for row, about in _of_records(plan, bad, checked, len(batch)):
        found[row].append(about)
    known: dict[tuple[FieldReason, ...], tuple[FieldReason, ...]] = {}
    return [(row, known.setdefault(why := tuple(each), why)) for row, each in found.items()]


def _of_fields(
    plan: Plan, batch: pa.RecordBatch, bad: Rows, checked: Map[str, Checked]
) -> Iterable[tuple[int, FieldReason]]:
    for field in plan.connector.fields:
        source, result = plan.mapping.get(field.name), checked.get(field.name)
        if isinstance(source, Column) and result and result.good is not None:
            rows = bad[~result.good[bad]]
            values = plain_values(plain(batch.column(source.name)).take(pa.array(rows)), plan.zone)
            for row, value in zip(rows.tolist(), values, strict=True):
                yield row, (field.name, _reason(field, value, plan.now))


def _reason(field: Field, value: Any, now: int) -> Reason:
    found = (REQUIRED if field.required else None) if field.empty(value) else field.problem(value, now)
    if found is None:
        raise AssertionError(f"{field.name}: the checks refuse what the reference accepts")
    return found


def _of_records(plan: Plan, bad: Rows, checked: Map[str, Checked], size: int) -> Iterable[tuple[int, FieldReason]]:
    constants = {name for name in plan.mapping if name not in checked}
    for rule in plan.connector.record_rules:
        for row in bad[~record_mask(rule, plan, checked, size)[bad]].tolist():
            about = rule.check(constants | {name for name, c in checked.items() if c.present[row]}, plan.settings)
            if about is None:
                raise AssertionError(f"{rule.describe}: the checks refuse what the reference accepts")
            yield row, about


def row_values(plan: Plan, batch: pa.RecordBatch, rows: Rows) -> list[dict[str, Any]]:
    """Some rows as plain values by column."""
    chosen = pa.array(rows)
    columns = {name: plain_values(plain(batch.column(name)).take(chosen), plan.zone) for name in plan.columns}
    return [{name: values[k] for name, values in columns.items()} for k in range(len(rows))]
