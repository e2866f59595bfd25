"""The page of a job's rejected rows: groups by field and reason, and the first rows of one of them, masked.

However many rows there are, a page reads a bounded part of the rejects file.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from django.db.models import Q
from django.utils import timezone

from exports import grid, rejects
from exports import job_words as words
from exports.endings import JobFailed
from exports.exporter.cells import plain, plain_values
from exports.exporter.explain import Terms, explain_row
from exports.exporter.mapping import Column, Mapping, constant_text
from exports.exporter.masking import mask, mask_event
from exports.job_parts import kept_file
from exports.masking import personal_columns
from exports.models import FINISHED, Job, JobReason, JobState, RowsFrom
from exports.modes import sent_mapping
from exports.preview import columns_of
from exports.rejects import Reject
from exports.results import KeptResult
from integrations.catalog import connector
from warehouse.cells import Cell

SAMPLES = 3  # of a group
SAMPLED = 20_000  # rejects in which samples are looked for
PAGE = 50  # rows
SCANNED = 200_000  # rejects in which the rows of a page are looked for
LONGEST = 60  # characters of a sample
REFUSED = "refused"
WHOLE = "Whole record"


@dataclass(frozen=True)
class Group:
    """The rows that ended for one reason. `share`: of all rows of the job; `change`: since the last run;
    `samples`: (row number, masked value) each."""

    field: str
    code: str
    text: str
    rows: int
    share: str
    change: str
    samples: list[tuple[int, str]]

    @property
    def name(self) -> str:
        return self.field or WHOLE


@dataclass(frozen=True)
class Vanished:
    """A reason that no row ended for, though `rows` did so in the last run, job `job`."""

    name: str
    text: str
    rows: int
    job: int


@dataclass(frozen=True)
class Before:
    """The last run, to compare with: its number, and the rows of each (field, code)."""

    job: int
    rows: dict[tuple[str, str], int]

    def vanished(self, reasons: list[JobReason]) -> list["Vanished"]:
        """Those of the last run that this one does not know."""
        known = {(reason.field, reason.code) for reason in reasons}
        return [
            Vanished(reason.field or WHOLE, reason.text, reason.rows, self.job)
            for reason in JobReason.objects.filter(job=self.job)
            if (reason.field, reason.code) not in known
        ]

    def change(self, reason: JobReason) -> str:
        known = self.rows.get((reason.field, reason.code))
        if known is None:
            return f"new since job {self.job}"
        if known == reason.rows:
            return f"as many as in job {self.job}"
        return f"{abs(reason.rows - known):,} {'more' if reason.rows > known else 'fewer'} than in job {self.job}"


# --- groups -------------------------------------------------------------------------------------------------------


def groups(job: Job) -> list[Group]:
    """Every reason with its rows, those with the most rows first."""
    reasons, before = list(JobReason.objects.filter(job=job)), last_run(job)
    samples = _samples(job, {(r.field, r.code) for r in reasons})
    return [
        Group(
            r.field,
            r.code,
            r.text,
            r.rows,
            words.percent(r.rows, words.share(r.rows, job.rows)),
            before.change(r) if before else "",
            samples.get((r.field, r.code), []),
        )
        for r in reasons
    ]


def vanished(job: Job) -> list[Vanished]:
    """The reasons of the last run that no row has now; none of a job that did not get to its last row."""
    before = last_run(job) if job.state == JobState.SUCCESS else None
    return before.vanished(list(JobReason.objects.filter(job=job))) if before else []


def last_run(job: Job) -> Before | None:
    """The run of the same query to the same destination before this one that checked every row; None if there is
    none, or if this job took its rows from another."""
    if not job.query_id or not job.authentication_id or job.rows_from != RowsFrom.QUERY:
        return None
    whole = Q(state=JobState.SUCCESS) | Q(position=0, invalid__gt=0)  # the latter stopped before its first request
    runs = Job.objects.filter(whole, query=job.query_id, authentication=job.authentication_id, state__in=FINISHED)
    found = runs.filter(pk__lt=job.pk, rows_from=RowsFrom.QUERY).order_by("-pk").values_list("pk", flat=True).first()
    if found is None:
        return None
    rows = JobReason.objects.filter(job=found).values_list("field", "code", "rows")
    return Before(found, {(field, code): n for field, code, n in rows})


def _samples(job: Job, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """The first rows of each group, with the field's value; none once the kept result is gone."""
    path = kept_file(job)
    if not path or not wanted:
        return {}
    found = _first_rows(job, wanted)
    view = _View(job, KeptResult(path), sorted({row for rows in found.values() for row in rows}))
    return {(name, code): [(row + 1, view.value(row, name)) for row in rows] for (name, code), rows in found.items()}


def _first_rows(job: Job, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {key: [] for key in wanted}
    short = len(wanted)
    for reject in islice(rejects.read(job.folder, job.rejects_bytes), SAMPLED):
        for name, code, _ in reject.reasons:
            rows = found.get((name, code))
            if rows is not None and len(rows) < SAMPLES:
                rows.append(reject.row)
                short -= len(rows) == SAMPLES
        if not short:
            break
    return found


# --- rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RejectRow:
    """One row. `problems`: every reason in words; `value`: the field's, masked; `payload`: the event that was refused,
    as masked JSON, or ""."""

    number: int
    problems: list[str]
    value: str
    cells: list[Cell]
    payload: str


@dataclass(frozen=True)
class RejectPage:
    """Some rows of a group. `columns`: (name, type) each; `onward`: where to go on, None at the end."""

    columns: list[tuple[str, str]]
    rows: list[RejectRow]
    onward: int | None


def page(job: Job, group: Group, start: int) -> RejectPage | None:
    """The group's rows from byte `start` of the rejects file on; None once the kept result is gone."""
    path = kept_file(job)
    if not path:
        return None
    found, onward = _rejects_of(job, group, start)
    kept = KeptResult(path)
    view = _View(job, kept, sorted(reject.row for reject in found))
    rows = view.rows(sorted(found, key=lambda reject: reject.row), group)
    return RejectPage(columns_of(kept.schema), rows, onward)


def _rejects_of(job: Job, group: Group, start: int) -> tuple[list[Reject], int | None]:
    """(up to PAGE rejects of the group, the byte after the last one looked at if there are more)"""
    found: list[Reject] = []
    onward = start
    for after, reject in islice(rejects.scan(job.folder, job.rejects_bytes, start), SCANNED):
        onward = after
        if any((name, code) == (group.field, group.code) for name, code, _ in reject.reasons):
            found.append(reject)
        if len(found) == PAGE:
            break
    return found, onward if start < onward < job.rejects_bytes else None


class _View:
    """Some rows of a kept result, as they may be shown. `numbers`: ascending."""

    def __init__(self, job: Job, kept: KeptResult, numbers: list[int]) -> None:
        self.job, self.connector = job, connector(job.connector_key)
        self.table = kept.rows(numbers)
        self.at = {row: k for k, row in enumerate(numbers)}
        self.mapping = _mapping(job)
        zone = words.zone(job)
        self.zone = zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
        self.columns: dict[str, list[Any]] = {}

    def value(self, row: int, field: str) -> str:
        """The row's value of a field; empty if it has none."""
        source = self.mapping.get(field)
        if not isinstance(source, Column):
            return constant_text(source.value) if source else ""
        value = self._plain(source.name)[self.at[row]]
        shown = "" if value is None else mask(self.connector.field(field), value)
        return f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown

    def rows(self, found: Iterable[Reject], group: Group) -> list[RejectRow]:
        personal = personal_columns(self.table.column_names, self.job.mapping)
        cells = grid.rows(self.table, personal=personal, reveal=False)
        return [
            RejectRow(
                r.row + 1,
                [f"{name}: {text}" if name else text for name, _, text in r.reasons],
                self.value(r.row, group.field) if group.field else "",
                line,
                self.payload(r.row) if r.end == REFUSED else "",
            )
            for r, line in zip(found, cells, strict=True)
        ]

    def payload(self, row: int) -> str:
        """The row's event as it was sent, built anew; empty if that cannot be done any more."""
        sources = {s.name for s in self.mapping.values() if isinstance(s, Column)}
        values = {name: self._plain(name)[self.at[row]] for name in sources}
        for at in (self.job.started_at, self.job.finished_at):
            event, _ = explain_row(self._terms(at or timezone.now()), values)
            if event:
                return json.dumps(mask_event(self.connector, event), ensure_ascii=False, indent=2)
        return ""

    def _terms(self, at: Any) -> Terms:
        authentication = self.job.authentication
        settings = {**(authentication.public_settings() if authentication else {}), **self.job.settings}
        return Terms(self.connector, self.mapping, settings, int(at.timestamp()), self.job.time_zone)

    def _plain(self, name: str) -> list[Any]:
        """A column's plain values; of a column that is not there, nulls."""
        if name not in self.columns:
            known = self.table.column_names.count(name) == 1
            column = self.table.column(name).combine_chunks() if known else pa.nulls(len(self.table))
            self.columns[name] = list(plain_values(plain(column), self.zone))
        return self.columns[name]


def _mapping(job: Job) -> Mapping:
    try:
        return sent_mapping(job)
    except JobFailed:
        return {}
