"""What the pages of parent segments show. Each function costs the same few SQL queries however much there is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils.safestring import SafeString

from audiences import building, profiles, schemas
from audiences.definitions import Column, Definition
from audiences.models import Activation, ParentSegment, Segment
from audiences.rules.schema import kind_of
from audiences.schemas import CUSTOMERS
from exports import job_words, schedule_words, timing
from exports.job_words import Status
from exports.models import Job, JobState
from exports.timing import ScheduleError
from warehouse.catalogue import with_sums
from warehouse.forms import type_words
from warehouse.models import Table
from warehouse.preview import Unreadable, first_rows

BUILDS = 10
_LARGE = ("sql", "mapping", "settings", "columns")  # no row shows these


@dataclass(frozen=True)
class Row:
    """One parent segment of the list. `customers`: None before the first build; `status`: of the last build."""

    parent: ParentSegment
    customers: int | None
    build: Job | None
    status: Status | None
    when: SafeString | str
    schedule: str
    segments: int
    activations: int


@dataclass(frozen=True)
class Build:
    job: Job
    status: Status
    started: SafeString
    took: str
    by: str

    @property
    def text(self) -> str:
        """What came of it, in words."""
        if self.job.into_rows is not None:
            return f"{self.job.into_rows:,} customer{'' if self.job.into_rows == 1 else 's'}"
        return self.job.error if self.job.state == JobState.ERROR else ""


@dataclass(frozen=True)
class Shown:
    """A column of the customer table. `origin`: where it comes from, "database.table"; `share`: percent of the
    customers with a value; `top`: (value, percent of those with a value)."""

    name: str
    words: str
    kind: str
    origin: str
    group: str = ""
    personal: bool = False
    share: float | None = None
    fill: str = ""
    distinct: int | None = None
    exact: bool = False
    top: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Left:
    """What a build left out of one table."""

    source: str
    master: bool
    rows: int
    without_key: int
    repeated: int


def rows(found: list[ParentSegment], now: datetime) -> list[Row]:
    pks = [parent.pk for parent in found]
    last = Job.objects.filter(query=OuterRef("query")).order_by("-pk").values("pk")[:1]
    latest = dict(ParentSegment.objects.filter(pk__in=pks).values_list("pk", Subquery(last)))
    jobs = Job.objects.defer(*_LARGE).in_bulk([job for job in latest.values() if job])
    customers = customers_of(found)
    segments = _counted(Segment.objects.filter(parent_segment__in=pks), "parent_segment")
    sent = _counted(Activation.objects.filter(segment__parent_segment__in=pks), "segment__parent_segment")
    made = []
    for parent in found:
        job = jobs.get(latest[parent.pk] or 0)
        made.append(
            Row(
                parent=parent,
                customers=customers.get(parent.database_name),
                build=job,
                status=job_words.status(job, now) if job else None,
                when=_when(job, now) if job else "",
                schedule=_schedule(parent),
                segments=segments.get(parent.pk, 0),
                activations=sent.get(parent.pk, 0),
            )
        )
    return made


def context(parent: ParentSegment, now: datetime) -> dict[str, Any]:
    """Of the page of one parent segment."""
    build, found = profiles.last_build(parent), builds(parent, now)
    segments = Segment.objects.filter(parent_segment=parent)
    schedule = getattr(parent.query, "schedule", None)
    return columns_context(parent, build) | {
        "builds": found,
        "building": any(not row.job.finished for row in found),
        "schedule": schedule,
        "schedule_says": _schedule(parent),
        "next_build": _next(schedule, now),
        "last_build": next((row for row in found if build and row.job.pk == build.pk), None),
        "built_at": _when(build, now, parent.query.time_zone) if build and parent.query else "",
        "behaviors": _behaviors(parent),
        "left": left(parent) if build else [],
        "segments": segments.count(),
        "activations": Activation.objects.filter(segment__parent_segment=parent).count(),
    }


def builds(parent: ParentSegment, now: datetime) -> list[Build]:
    """The latest ones, newest first."""
    jobs = Job.objects.filter(query=parent.query_id).select_related("created_by", "schedule").defer(*_LARGE)
    return [
        Build(job, job_words.status(job, now), _when(job, now), job_words.took(job, now), job_words.by_whom(job))
        for job in jobs.order_by("-pk")[:BUILDS]
    ]


def columns_context(parent: ParentSegment, build: Job | None) -> dict[str, Any]:
    """Of the card with the columns: as they were built last, before that as the definition says."""
    definition = Definition.from_json(parent.definition)
    table = with_sums(Table.objects.filter(database__name=parent.database_name, name=CUSTOMERS)).first()
    pairs = table.columns if table else [*schemas.of(parent).columns.items()]
    measured = profiles.is_of(parent, build)
    profile = {one["name"]: one for one in parent.profile["columns"]} if measured else {}
    origins = _origins(definition)
    master = (f"{definition.master.database}.{definition.master.table}", "")
    columns = [
        _shown(name, kind, *origins.get(name, master), profile.get(name), parent.profile.get("rows", 0))
        for name, kind in pairs
    ]
    return {
        "parent": parent,
        "definition": definition,
        "columns": columns,
        "measured": measured,
        "measures": build is not None and table is not None and not measured,
        "partly": measured and len(profile) < len(columns),
        "most": profiles.MEASURED,
        "customers": getattr(table, "rows", None),
    }


def left(parent: ParentSegment) -> list[Left]:
    """What the last build left out of each table that it read, in the definition's order."""
    table = Table.objects.filter(database__name=parent.database_name, name=building.REPORT).first()
    names = [name for name, _ in table.columns] if table else []
    try:
        found = [dict(zip(names, row, strict=True)) for row in first_rows(table)] if table else []
        parts = sorted(found, key=lambda row: int(row["part"] or 0))
        numbers = ("source_rows", "without_key", "repeated")
        return [Left(row["source"] or "", row["part"] == "0", *(int(row[n] or 0) for n in numbers)) for row in parts]
    except (Unreadable, KeyError, ValueError):
        return []


def _shown(name: str, kind: str, origin: str, group: str, one: dict[str, Any] | None, rows: int) -> Shown:
    if one is None:
        return Shown(name, type_words(kind), kind_of(kind).value, origin, group)
    share = job_words.share(one["filled"], rows)
    return Shown(
        name=name,
        words=type_words(kind),
        kind=kind_of(kind).value,
        origin=origin,
        group=group,
        personal=one["personal"],
        share=share,
        fill=_fill(one["filled"], rows, share),
        distinct=one["distinct"],
        exact=one.get("exact", False),
        top=tuple((text, _percent(n, one["filled"])) for text, n in one["top"]),
    )


def _fill(filled: int, rows: int, share: float) -> str:
    """Nearly all are never 100%."""
    return "99.9%" if filled < rows and share == 100 else _percent(filled, rows)


def _percent(part: int, whole: int) -> str:
    return job_words.percent(part, job_words.share(part, whole)).replace(".0%", "%")


def _behaviors(parent: ParentSegment) -> list[dict[str, Any]]:
    """Each with the rows of its table; None: the table is gone."""
    definition = Definition.from_json(parent.definition)
    names = {(one.database, one.table) for one in definition.behaviors}
    known = Table.objects.filter(database__name__in={d for d, _ in names}, name__in={t for _, t in names})
    found: Any = with_sums(known).select_related("database") if names else []
    rows = {(table.database.name, table.name): table.rows for table in found}
    return [
        {"behavior": one, "rows": rows.get((one.database, one.table)), "columns": [c.name for c in one.columns]}
        for one in definition.behaviors
    ]


def _origins(definition: Definition) -> dict[str, tuple[str, str]]:
    """{column: ("database.table", group)} of the attributes; the others are the master's."""
    columns: list[tuple[Column, tuple[str, str]]] = [
        (column, (f"{one.database}.{one.table}", one.group)) for one in definition.attributes for column in one.columns
    ]
    return {column.name: origin for column, origin in columns}


def customers_of(found: list[ParentSegment]) -> dict[str, int]:
    """{database: rows of its customer table}"""
    names = [parent.database_name for parent in found]
    tables: Any = with_sums(Table.objects.filter(database__name__in=names, name=CUSTOMERS)).select_related("database")
    return {table.database.name: table.rows for table in tables}


def _counted(things: Any, by: str) -> dict[int, int]:
    return dict(things.order_by().values_list(by).annotate(n=Count("pk")))


def _when(job: Job, now: datetime, zone: str = "") -> SafeString:
    where = job_words.zone_named(zone) if zone else job_words.zone(job)
    return job_words.when(job.finished_at or job.started_at or job.created_at, where, now)


def _schedule(parent: ParentSegment) -> str:
    schedule = getattr(parent.query, "schedule", None)
    return schedule_words.sentence(timing.of(schedule)) if schedule else ""


def _next(schedule: Any, now: datetime) -> schedule_words.Upcoming | None:
    if not schedule or not schedule.enabled:
        return None
    try:
        return schedule_words.upcoming(timing.of(schedule), now)[0]
    except (ScheduleError, IndexError):
        return None
