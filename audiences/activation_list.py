"""The overview of all activations: the filters from the page's address, and the rows with their last runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import SafeString

from accounts.models import User
from audiences import folders, repeats
from audiences.models import Activation
from exports import job_words
from exports.filters import number
from exports.job_words import Status
from exports.models import Job
from exports.schedule_models import Schedule
from integrations import catalog

SORTS = {"": "Name", "last": "Last execution"}
ACTIVE, SCHEDULED, INACTIVE, NONE = "active", "scheduled", "inactive", "none"
STATES = {ACTIVE: "Active", SCHEDULED: "Scheduled", INACTIVE: "Inactive", NONE: "None"}
_LARGE = ("sql", "mapping", "settings", "columns", "division", "notes")


@dataclass(frozen=True)
class ActivationFilter:
    """`q`: in the name; `segment`: in the segment's; `connector`: a key; `state`: of STATES; `creator`: of a user."""

    q: str = ""
    segment: str = ""
    connector: str = ""
    state: str = ""
    creator: int | None = None
    sort: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "ActivationFilter":
        """The filter in a page's address; what is not understood is left out."""
        connector, state, sort = (given.get(name, "") for name in ("connector", "state", "sort"))
        return cls(
            q=given.get("q", "").strip()[:255],
            segment=given.get("segment", "").strip()[:255],
            connector=connector if connector in catalog.CONNECTORS else "",
            state=state if state in STATES else "",
            creator=number(given.get("creator", "")),
            sort=sort if sort in SORTS else "",
        )

    @property
    def any(self) -> bool:
        return replace(self, sort="") != ActivationFilter()

    def apply(self, now: datetime) -> QuerySet[Activation]:
        """The activations that pass, in their order; each with the number of its last job as `last_job_id`."""
        last = Job.objects.filter(query=OuterRef("query")).order_by("-pk").values("pk")[:1]
        found = Activation.objects.filter(_state(self.state, now) if self.state else Q())
        if self.q:
            found = found.filter(name__icontains=self.q)
        if self.segment:
            found = found.filter(segment__name__icontains=self.segment)
        if self.connector:
            found = found.filter(query__export_target__authentication__connector_key=self.connector)
        if self.creator:
            found = found.filter(created_by=self.creator)
        found = found.annotate(last_job_id=Subquery(last))
        return (
            found.order_by(F("last_job_id").desc(nulls_last=True), "pk") if self.sort else found.order_by("name", "pk")
        )


def _state(state: str, now: datetime) -> Q:
    """Which activations have this state, as `state_of` says it."""
    runs = Q(query__schedule__next_slot__isnull=False)
    ahead = Q(query__schedule__starts_at__gt=now)
    return {
        NONE: Q(query__schedule=None),
        INACTIVE: Q(query__schedule__isnull=False, query__schedule__next_slot=None),
        SCHEDULED: runs & ahead,
        ACTIVE: runs & ~ahead,
    }[state]


def state_of(schedule: Schedule | None, now: datetime) -> str:
    """Of STATES. Inactive: paused, disabled, or ended; scheduled: its start lies ahead."""
    if schedule is None:
        return NONE
    if schedule.next_slot is None:
        return INACTIVE
    return SCHEDULED if schedule.starts_at and schedule.starts_at > now else ACTIVE


@dataclass(frozen=True)
class Row:
    """`path`: of the folders of its segment; `status` of its last run, None: it never ran; `at`: when that began."""

    activation: Activation
    path: str
    state: str
    why: str
    repeat: str
    zone: str
    start: str
    end: str
    job: Job | None
    status: Status | None
    at: SafeString | str

    @property
    def word(self) -> str:
        return STATES[self.state]


def rows(page: Iterable[Any], now: datetime) -> list[Row]:
    """Of activations as `ActivationFilter.apply` gives them; the same number of SQL queries for any number of them."""
    found = list(page)
    jobs = Job.objects.defer(*_LARGE).in_bulk([one.last_job_id for one in found if one.last_job_id])
    paths = folders.paths(*{one.segment.parent_segment_id for one in found})
    return [_row(one, paths, jobs.get(one.last_job_id), now) for one in found]


def with_all(found: QuerySet[Activation]) -> QuerySet[Activation]:
    """With what a row shows."""
    related = ("query__schedule", "query__export_target__authentication", "segment__parent_segment", "created_by")
    return found.select_related(*related)


def _row(one: Activation, paths: dict[int, str], job: Job | None, now: datetime) -> Row:
    schedule = getattr(one.query, "schedule", None)
    repeat = repeats.from_json(one.repeat)
    return Row(
        activation=one,
        path=paths.get(one.segment.folder_id or 0, ""),
        state=state_of(schedule, now),
        why=_why(schedule),
        repeat=repeat.words,
        zone=repeat.time_zone,
        start=f"{repeat.start:%Y-%m-%d %H:%M}" if repeat.start else "",
        end=f"{repeat.end:%Y-%m-%d}" if repeat.end else "",
        job=job,
        status=job_words.status(job, now) if job else None,
        at=job_words.when(job.started_at or job.created_at, job_words.zone(job), now) if job else "",
    )


def _why(schedule: Schedule | None) -> str:
    """Why a schedule does not run any more."""
    if schedule is None or schedule.next_slot:
        return ""
    return "It has ended." if schedule.enabled else schedule.disabled_why


def creators() -> list[tuple[int, str]]:
    """(number, name) of everyone who has created an activation, by name."""
    people = User.objects.filter(pk__in=Activation.objects.order_by().values("created_by"))
    return sorted(((one.pk, one.display_name) for one in people), key=lambda pair: pair[1].casefold())
