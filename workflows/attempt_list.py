"""The list of all attempts: filters from the page's address, pages that are found by key, and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.utils.safestring import SafeString

from exports import job_words
from exports.filters import Page, number
from exports.job_words import Status
from workflows import attempt_words as words
from workflows.models import Attempt, AttemptState, Project, Workflow

PAGE_SIZE = 25


@dataclass(frozen=True)
class AttemptFilter:
    """`project`, `workflow`: numbers that exist; the workflow is one of the project."""

    state: str = ""
    project: int | None = None
    workflow: int | None = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "AttemptFilter":
        """What is not understood, or does not fit together, is left out."""
        state, project, workflow = given.get("state", ""), number(given.get("project", "")), None
        if asked := number(given.get("workflow", "")):
            found = Workflow.objects.filter(pk=asked).values_list("project", flat=True).first()
            workflow = asked if found and project in (None, found) else None
            project = found if workflow else project
        return cls(state if state in AttemptState.values else "", project, workflow)

    @property
    def any(self) -> bool:
        return self != AttemptFilter()

    def encode(self, **more: Any) -> str:
        """The filter, and `more`, as the query string of an address."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return urlencode({name: value for name, value in (values | more).items() if value})

    def counts(self) -> dict[str, int]:
        """How many attempts each state has under the other filters; "" is all of them."""
        found = self._but_state().order_by().values_list("state").annotate(n=Count("pk"))
        counts: dict[str, int] = dict.fromkeys(AttemptState.values, 0) | dict(found)
        return {"": sum(counts.values())} | counts

    def apply(self) -> QuerySet[Attempt]:
        attempts = self._but_state()
        return attempts.filter(state=self.state) if self.state else attempts

    def _but_state(self) -> QuerySet[Attempt]:
        """By workflows, which stand in the attempts' own indexes; a project's are looked up first."""
        if self.workflow:
            return Attempt.objects.filter(workflow=self.workflow)
        if self.project:
            workflows = list(Workflow.objects.filter(project=self.project).order_by().values_list("pk", flat=True))
            return Attempt.objects.filter(workflow__in=workflows)
        return Attempt.objects.all()


def page(chosen: AttemptFilter, given: Mapping[str, Any]) -> Page:
    """The page before or after the attempt that the address names; the newest without."""
    attempts = chosen.apply()
    before, after = number(given.get("before", "")), number(given.get("after", ""))
    if after:
        found = _first(attempts.filter(pk__gt=after).order_by("pk"))
        if len(found) > PAGE_SIZE:
            return _page(found[PAGE_SIZE - 1 :: -1], newer=True, older=True)
        before = None  # the newest page, and whole
    found = _first((attempts.filter(pk__lt=before) if before else attempts).order_by("-pk"))
    newer = bool(before) and attempts.filter(pk__gte=before).exists()
    return _page(found[:PAGE_SIZE], newer=newer, older=len(found) > PAGE_SIZE)


def _first(attempts: QuerySet[Attempt]) -> list[int]:
    return list(attempts.values_list("pk", flat=True)[: PAGE_SIZE + 1])


def _page(pks: list[int], *, newer: bool, older: bool) -> Page:
    first, last = (pks[0], pks[-1]) if pks else (0, 0)
    return Page(pks, {"after": first} if newer else {}, {"before": last} if older else {})


@dataclass(frozen=True)
class Row:
    attempt: Attempt
    status: Status
    session: SafeString
    started: SafeString
    took: str
    by: str


def listed(pks: list[int]) -> list[Attempt]:
    """The attempts with what a row shows, newest first."""
    related = ("session", "workflow__project", "created_by")
    return list(Attempt.objects.filter(pk__in=pks).select_related(*related).defer("params").order_by("-pk"))


def rows(attempts: list[Attempt], now: datetime) -> list[Row]:
    return [row(attempt, attempt.session.session_time, now) for attempt in attempts]


def row(attempt: Attempt, session_time: datetime, now: datetime) -> Row:
    where = words.zone(attempt)
    return Row(
        attempt=attempt,
        status=words.status(attempt),
        session=job_words.time_tag(session_time, words.session_time(session_time, where)),
        started=job_words.when(attempt.created_at, where, now),
        took=words.took(attempt, now),
        by=words.by_whom(attempt),
    )


def projects() -> list[tuple[int, str]]:
    return list(Project.objects.values_list("pk", "name"))


def workflows(project: int | None) -> list[tuple[int, str]]:
    """Of the project that is chosen; [] before one is."""
    return list(Workflow.objects.filter(project=project).values_list("pk", "name")) if project else []
