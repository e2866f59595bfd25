"""What would become of a sample of rows, field by field: the live verdicts on the mapping page.

Works on a mapping that is not finished: every mapped field has its verdict, and what is missing counts as missing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from exports.exporter.cells import plain_values
from exports.exporter.explain import FieldReason, Terms, explain_row, source_value
from exports.exporter.mapping import Column, Mapping, check_mapping
from exports.exporter.masking import mask, mask_event
from exports.exporter.plan import Plan, type_problems
from exports.exporter.readiness import Summary, summary
from exports.exporter.reasons import row_values
from integrations.spec import Connector, Field, as_text

Row = Map[str, Any]
Found = Sequence[FieldReason]


@dataclass(frozen=True)
class FieldVerdict:
    """One mapped field over the sample. `sample`: a value, masked; `reason`: the most common one, in words.

    `hashed`: valid values that are a hash already; `to_hash`: those that will be hashed. `problem`: why the field can
    not be read at all; then nothing is counted.
    """

    sample: str = ""
    valid: int = 0
    invalid: int = 0
    empty: int = 0
    hashed: int = 0
    to_hash: int = 0
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Verdicts:
    """`fields`: by name, in the connector's order. `valid`, `invalid`: rows of the sample. `reason`: the most common
    one of those that concern a whole row. `outcome_on`, `outcome_off`: what would happen with Ignore Invalid Records.
    `summary`: of the valid rows; `refused`: how many rows have each reason, by field and code.
    """

    fields: dict[str, FieldVerdict]
    valid: int
    invalid: int
    reason: str
    outcome_on: str
    outcome_off: str
    summary: Summary
    refused: dict[tuple[str, str], int]


def verdicts(
    connector: Connector,
    mapping: Mapping,
    settings: Map[str, Any],
    batch: pa.RecordBatch,
    *,
    now: int,
    time_zone: str,
) -> Verdicts:
    """Verdicts on a few hundred rows at most, by the reference: about 50 µs a row. Arguments as of `compile_plan`."""
    problems = _problems(connector, mapping, batch.schema, now)
    usable = {name: source for name, source in mapping.items() if name not in problems}
    terms = Terms(connector, usable, settings, now, time_zone)
    rows = _rows(usable, batch, ZoneInfo(time_zone))
    found = [explain_row(terms, row)[1] for row in rows]
    invalid = sum(1 for reasons in found if reasons)
    outcome_on, outcome_off = _outcomes(len(rows), invalid)
    return Verdicts(
        fields={
            f.name: FieldVerdict(problem=problems[f.name]) if f.name in problems else _verdict(terms, f, rows, found)
            for f in connector.fields
            if f.name in mapping
        },
        valid=len(rows) - invalid,
        invalid=invalid,
        reason=_most_common("", found),
        outcome_on=outcome_on,
        outcome_off=outcome_off,
        summary=summary(terms, rows),
        refused=Counter((name, reason.code) for reasons in found for name, reason in reasons),
    )


def _problems(connector: Connector, mapping: Mapping, schema: pa.Schema, now: int) -> dict[str, str]:
    """By mapped field, why it can not be read."""
    found = check_mapping(connector, mapping, schema.names, now=now) + type_problems(connector, mapping, schema)
    return {problem.field: problem.text for problem in found if problem.field in mapping}


def _rows(mapping: Mapping, batch: pa.RecordBatch, zone: ZoneInfo) -> list[Row]:
    names = {source.name for source in mapping.values() if isinstance(source, Column)}
    columns = {name: plain_values(batch.column(name), zone) for name in names}
    return [{name: values[k] for name, values in columns.items()} for k in range(len(batch))]


def _verdict(terms: Terms, field: Field, rows: Iterable[Row], found: Sequence[Found]) -> FieldVerdict:
    values = [source_value(terms.mapping, field, row) for row in rows]
    refused = [any(name == field.name for name, _ in reasons) for reasons in found]
    valid = [value for value, bad in zip(values, refused, strict=True) if value is not None and not bad]
    present = [value for value in values if value is not None]
    hashed = sum(1 for value in valid if field.hashing and field.hashing.ready(as_text(value) or ""))
    return FieldVerdict(
        sample=mask(field, (valid or present)[0]) if present else "",
        valid=len(valid),
        invalid=len(present) - len(valid),
        empty=len(values) - len(present),
        hashed=hashed,
        to_hash=len(valid) - hashed if field.hashing else 0,
        reason=_most_common(field.name, found),
    )


def _most_common(name: str, found: Sequence[Found]) -> str:
    """The most common reason of a field ("": of whole rows), like "5 of 100: is missing"; "" when there is none."""
    reasons = Counter(reason.text for each in found for field, reason in each if field == name)
    return "".join(f"{times:,} of {len(found):,}: {text}" for text, times in reasons.most_common(1))


def _outcomes(rows: int, invalid: int) -> tuple[str, str]:
    """What would happen with Ignore Invalid Records on, and off."""
    if not invalid:
        text = f"All {rows:,} rows of the sample would be sent." if rows else "The sample has no rows."
        return text, text
    off = f"Nothing would be sent: {invalid:,} of {rows:,} rows of the sample are invalid."
    if invalid == rows:
        return f"None of the {rows:,} rows of the sample would be sent: all are invalid.", off
    return f"{rows - invalid:,} of {rows:,} rows of the sample would be sent; {invalid:,} would be skipped.", off


def sample_payload(plan: Plan, batch: pa.RecordBatch) -> dict[str, dict[str, Any]] | None:
    """The event of the first good row, masked for showing; None when no row is good."""
    for row in range(len(batch)):
        event, _ = explain_row(plan, row_values(plan, batch, np.array([row]))[0])
        if event is not None:
            return mask_event(plan.connector, event)
    return None
