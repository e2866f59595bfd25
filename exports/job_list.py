"""The job history's rows and figures, as its page shows them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Min, OuterRef, Q, Subquery, Sum
from django.utils.safestring import SafeString

from exports import job_words as words
from exports import waiting
from exports.job_words import End, Status
from exports.models import FINISHED, Job, JobQuerySet, JobReason, JobState, Mode, Outcome, Query

RUNS = 14
KPI_SECONDS = 30
TONES = {Outcome.SUCCESS: "f-ok", Outcome.REJECTS: "f-warn", Outcome.ERROR: "f-err", Outcome.KILLED: "f-mute"}
_LARGE = ("sql", "mapping", "settings", "columns")  # no row shows these


@dataclass(frozen=True)
class Row:
    """One line of the history."""

    job: Job
    status: Status
    mode: str
    until: SafeString | str
    started: SafeString
    by: str
    scheduled: str
    took: str
    rows: int | None
    ends: list[End]
    text: str
    runs: list[tuple[int, str]]
    runs_text: str


@dataclass(frozen=True)
class Kpis:
    """Of the jobs that ended in the last 24 hours and were neither validation nor test; `hourly`: accepted events, the
    oldest hour first."""

    accepted: int
    invalid: int
    refused: int
    unknown: int
    rows: int
    rate_before: float | None
    hourly: list[int] = field(default_factory=list)
    reason: str = ""

    @property
    def rate(self) -> float | None:
        return words.share(self.accepted, self.rows) if self.rows else None

    @property
    def change(self) -> float | None:
        """Points against the 24 hours before."""
        if self.rate is None or self.rate_before is None:
            return None
        return round(self.rate - self.rate_before, 1)

    @property
    def invalid_share(self) -> float:
        return words.share(self.invalid, self.rows)

    @property
    def other_share(self) -> float:
        return words.share(self.refused + self.unknown, self.rows)

    @property
    def hourly_text(self) -> str:
        return (
            f"Events accepted per hour over the last 24 hours, by the hour in which their job ended: at most "
            f"{max(self.hourly):,}, in the last hour {self.hourly[-1]:,}"
        )


def listed(pks: list[int]) -> list[Job]:
    """The jobs with what a row shows, newest first."""
    return list(Job.objects.filter(pk__in=pks).select_related("created_by", "schedule").defer(*_LARGE).order_by("-pk"))


def rows(jobs: list[Job], now: datetime) -> list[Row]:
    runs = last_runs({job.query_id for job in jobs if job.query_id and job.exports})
    before = waiting.waits_for(jobs)
    return [_row(job, runs.get(job.query_id or 0, []), now, before.get(job.pk)) for job in jobs]


def _row(job: Job, runs: list[tuple[int, str]], now: datetime, before: int | None) -> Row:
    where = words.zone(job)
    waits = job.state == JobState.RETRY_WAIT
    return Row(
        job=job,
        status=Status("retry_wait") if waits and not job.kill_requested else words.status(job, now),
        mode=words.mode(job),
        until=words.clock(job.next_attempt_at, where, now) if waits else "",
        started=words.when(job.started_at or job.created_at, where, now),
        by=words.by_whom(job),
        scheduled=words.scheduled(job),
        took=words.took(job, now),
        rows=job.rows or job.result_rows,
        ends=words.ends(job) if job.rows else [],
        text=f"Waits for job {before} of its schedule" if before else _text(job),
        runs=_padded(runs),
        runs_text=f"Accepted in the last {len(runs)} runs: " + ", ".join(f"{n:,}" for n, _ in runs),
    )


def _text(job: Job) -> str:
    """What stands under the outcome's bar, or in its place."""
    if job.rows:
        return words.outcome_text(job)
    if job.state == JobState.QUEUED:
        return "Waiting for a worker"
    if job.outcome == Outcome.SUCCESS and job.exports:
        return f"Nothing to {'check' if job.mode == Mode.VALIDATE else 'send'}: the result is empty"
    if job.into_rows is not None:
        return f"{job.into_rows:,} row{'' if job.into_rows == 1 else 's'} written"
    return "" if job.exports or job.into else "No export"


def _padded(runs: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """One bar is as wide whether there were 14 runs or one."""
    return [(0, "f-none")] * (RUNS - len(runs)) + runs if runs else []


def last_runs(queries: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Of each query its last finished exports, the oldest first: (events accepted, class of the colour). Validations
    and tests are none."""
    ended = Job.objects.filter(state__in=FINISHED, mode=Mode.SEND).exclude(connector_key="")
    mine = ended.filter(query=OuterRef("pk")).order_by("-pk").values("pk")
    # the oldest run shown: the 14th, or the first that there was
    first = Query.objects.filter(pk__in=queries).values_list("pk", Subquery(mine[RUNS - 1 : RUNS]))
    shown = Q(pk__in=[])
    for query, oldest in first:
        shown |= Q(query=query, pk__gte=oldest or 0)
    # by number of query and job alone: with the state beside it, databases take the state's index, a long way
    columns = ("query", "accepted", "outcome", "connector_key", "mode")
    runs = Job.objects.filter(shown).order_by("pk").values_list(*columns)
    found: dict[int, list[tuple[int, str]]] = {}
    for query, accepted, outcome, connector, mode in runs:
        if connector and outcome in TONES and mode == Mode.SEND:
            found.setdefault(query, []).append((accepted, TONES[outcome]))
    return found


# --- figures ------------------------------------------------------------------------------------------------------


def in_progress() -> dict[str, Any]:
    """How many jobs are active, how many of them wait, and when the oldest began."""
    waiting = Count("pk", filter=Q(state=JobState.QUEUED))
    return Job.objects.active().aggregate(n=Count("pk"), queued=waiting, oldest=Min("started_at"))


def kpis(now: datetime) -> Kpis:
    """At most KPI_SECONDS old."""
    found: Kpis | None = cache.get("job-kpis")
    if found is None:
        found = measure(now)
        cache.set("job-kpis", found, KPI_SECONDS)
    return found


def measure(now: datetime) -> Kpis:
    day = timedelta(days=1)
    exports = Job.objects.filter(mode=Mode.SEND).exclude(connector_key="")
    ended = exports.filter(finished_at__gte=now - day, finished_at__lte=now)
    before = exports.filter(finished_at__gte=now - 2 * day, finished_at__lt=now - day)
    sums = {name: Sum(name, default=0) for name in ("accepted", "invalid", "refused", "unknown", "rows")}
    past = before.aggregate(accepted=sums["accepted"], rows=sums["rows"])
    return Kpis(
        **ended.aggregate(**sums),
        rate_before=words.share(past["accepted"], past["rows"]) if past["rows"] else None,
        hourly=_hourly(ended, now),
        reason=_most_common(ended),
    )


def _hourly(ended: JobQuerySet, now: datetime) -> list[int]:
    hours = [0] * 24
    for at, accepted in ended.filter(accepted__gt=0).values_list("finished_at", "accepted").iterator():
        if at is None:
            continue
        hours[23 - min(23, int((now - at).total_seconds() // 3600))] += accepted
    return hours


def _most_common(ended: JobQuerySet) -> str:
    """The reason that most of these jobs' rows share, like "phone: needs the country code"."""
    rejecting = ended.filter(invalid__gt=0).order_by().values("pk")
    reasons = JobReason.objects.filter(job__in=rejecting).exclude(code="refused").order_by()
    top = reasons.values("field", "text").annotate(n=Sum("rows")).order_by("-n").first()
    return f"{top['field'] or 'whole record'}: {top['text']}" if top else ""
