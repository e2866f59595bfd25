"""What the job history shows: filters from a page's address, and pages that are found by key, not by counting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q

from exports.models import Job, JobQuerySet, Outcome

PAGE_SIZE = 25
PERIODS = {"24h": ("Last 24 hours", 1), "7d": ("Last 7 days", 7), "30d": ("Last 30 days", 30)}
CUSTOM = "custom"
MANY_NAMES = 500


@dataclass(frozen=True)
class JobFilter:
    """`period`: of PERIODS, CUSTOM (then days of UTC, both included), or "" for all."""

    q: str = ""
    status: str = ""
    query: int | None = None
    destination: int | None = None
    schedule: int | None = None
    period: str = ""
    start: date | None = None
    end: date | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    @classmethod
    def parse(cls, given: Mapping[str, Any], now: datetime) -> "JobFilter":
        """The filter in a page's address; what is not understood is left out."""
        status, period = given.get("status", ""), given.get("period", "")
        return cls(
            q=given.get("q", "").strip()[:255],
            status=status if status in Outcome.values else "",
            query=number(given.get("query", "")),
            destination=number(given.get("destination", "")),
            schedule=number(given.get("schedule", "")),
            period=period if period in {*PERIODS, CUSTOM} else "",
            start=_day(given.get("start", "")) if period == CUSTOM else None,
            end=_day(given.get("end", "")) if period == CUSTOM else None,
            now=now,
        )

    @property
    def any(self) -> bool:
        return self != JobFilter()

    def encode(self, **more: Any) -> str:
        """The filter, and `more`, as the query string of an address."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        return urlencode({name: value for name, value in (values | more).items() if value})

    def counts(self) -> dict[str, int]:
        """How many jobs each outcome has under the other filters; "" is all of them."""
        found = Job.objects.filter(self._but_status).order_by().values_list("outcome").annotate(n=Count("pk"))
        counts: dict[str, int] = dict.fromkeys(Outcome.values, 0) | dict(found)
        return {"": sum(counts.values())} | counts

    def apply(self) -> JobQuerySet:
        jobs = Job.objects.filter(self._but_status)
        return jobs.filter(outcome=self.status) if self.status else jobs

    @cached_property
    def _but_status(self) -> Q:
        """The other filters; each but the schedule, which has few jobs, stands in one index with the outcome."""
        found = self._within()
        if self.query:
            found &= Q(query_id=self.query)
        if self.destination:
            found &= Q(authentication_id=self.destination)
        if self.schedule:
            found &= Q(schedule_id=self.schedule)
        return found & self._search() if self.q else found

    def _search(self) -> Q:
        # Jobs share their names: looked through in the names' index, then taken from there.
        names = Job.objects.filter(name__icontains=self.q).order_by().values_list("name", flat=True).distinct()
        some = list(names[: MANY_NAMES + 1])
        named = Q(name__in=some) if len(some) <= MANY_NAMES else Q(name__icontains=self.q)
        pk = number(self.q)
        return named | Q(pk=pk) if pk else named

    def _within(self) -> Q:
        """The period in job numbers, which are given in the order of time: they stand in every index."""
        since, until = self._bounds()
        within, pks = Q(), Job.objects.values_list("pk", flat=True)
        if since:
            first = pks.filter(created_at__gte=since).order_by("created_at").first()
            within &= Q(pk__gte=first) if first else Q(pk__in=[])
        if until:
            last = pks.filter(created_at__lt=until).order_by("-created_at").first()
            within &= Q(pk__lte=last) if last else Q(pk__in=[])
        return within

    def _bounds(self) -> tuple[datetime | None, datetime | None]:
        if self.period in PERIODS:
            return self.now - timedelta(days=PERIODS[self.period][1]), None
        return _midnight(self.start), _midnight(self.end, days=1)


@dataclass(frozen=True)
class Page:
    """Job numbers, newest first; `older` and `newer`: parameters of the neighbouring pages, if there are such."""

    pks: list[int]
    newer: dict[str, int]
    older: dict[str, int]


def page(chosen: JobFilter, given: Mapping[str, Any]) -> Page:
    """The page before or after the job that the address names; the newest without."""
    jobs = chosen.apply()
    # A search looks through the names' index, not through the whole table in the order of its key.
    key = F("pk") + 0 if chosen.q else F("pk")
    before, after = number(given.get("before", "")), number(given.get("after", ""))
    if after:
        found = _first(jobs.filter(pk__gt=after).order_by(key.asc()))
        if len(found) > PAGE_SIZE:
            return _page(found[PAGE_SIZE - 1 :: -1], newer=True, older=True)
        before = None  # the newest page, and whole
    found = _first((jobs.filter(pk__lt=before) if before else jobs).order_by(key.desc()))
    newer = bool(before) and jobs.filter(pk__gte=before).exists()
    return _page(found[:PAGE_SIZE], newer=newer, older=len(found) > PAGE_SIZE)


def _first(jobs: JobQuerySet) -> list[int]:
    return list(jobs.values_list("pk", flat=True)[: PAGE_SIZE + 1])


def _page(pks: list[int], *, newer: bool, older: bool) -> Page:
    first, last = (pks[0], pks[-1]) if pks else (0, 0)
    return Page(pks, {"after": first} if newer else {}, {"before": last} if older else {})


def number(text: str) -> int | None:
    """A positive number that a database key can have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    if not day or not date.min < day < date.max:
        return None
    return datetime.combine(day + timedelta(days=days), time.min, tzinfo=UTC)
