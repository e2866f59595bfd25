"""Data Workbench > Schedules: the filters from the page's address, and the rows with their last results."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import SafeString

from exports import job_words, schedule_words, timing
from exports.models import FINISHED, Job, Outcome
from exports.schedule_models import Schedule, Slot

STATES = {"": "All", "enabled": "Enabled", "ended": "Ended", "disabled": "Disabled", "failing": "Failing"}
MARKS = 10
TONES = {
    Outcome.SUCCESS: "f-ok",
    Outcome.REJECTS: "f-warn",
    Outcome.ERROR: "f-err",
    Outcome.KILLED: "f-mute",
    Outcome.ACTIVE: "f-run",
}


@dataclass(frozen=True)
class ScheduleFilter:
    """`state`: of STATES."""

    q: str = ""
    state: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "ScheduleFilter":
        """The filter in a page's address; what is not understood is left out."""
        state = given.get("state", "")
        return cls(q=given.get("q", "").strip()[:255], state=state if state in STATES else "")

    @property
    def any(self) -> bool:
        return self != ScheduleFilter()

    def apply(self) -> QuerySet[Schedule]:
        """The schedules by their next run, those that have none last."""
        found = Schedule.objects.filter(query__name__icontains=self.q) if self.q else Schedule.objects.all()
        if self.state == "failing":
            found = failing(found)
        elif self.state:
            enabled, runs_again = self.state != "disabled", self.state == "enabled"
            found = found.filter(enabled=enabled, next_slot__isnull=not runs_again)
        return found.order_by(F("next_run_at").asc(nulls_last=True), "pk")


def failing(schedules: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """Those whose last slot that ended did so in an error."""
    ended = Slot.objects.filter(schedule=OuterRef("pk"), job__state__in=FINISHED).order_by("-scheduled_for")
    last = Subquery(ended.values("job__outcome")[:1])
    # Few have any error at all: the last slot is looked up for those only.
    had = Job.objects.filter(outcome=Outcome.ERROR, schedule__isnull=False).order_by().values("schedule")
    return schedules.filter(pk__in=had).alias(last_outcome=last).filter(last_outcome=Outcome.ERROR)


@dataclass(frozen=True)
class Mark:
    """One slot of a streak. `tone`: class of its colour; `height`: percent, so that colour is not all there is."""

    word: str
    tone: str
    height: int


@dataclass(frozen=True)
class Row:
    """`ended`: when its last slot was, if none is left."""

    schedule: Schedule
    sentence: str
    line: str
    next_run: SafeString | str
    away: str
    ended: str
    last: tuple[int, str] | None
    marks: list[Mark]
    errors: int

    @property
    def marks_text(self) -> str:
        """ "Last 3 slots, the oldest first: Success, Error, Skipped"."""
        told = ", ".join(mark.word for mark in self.marks)
        return (
            f"Last {len(self.marks)} slots, the oldest first: {told}" if len(self.marks) > 1 else f"Last slot: {told}"
        )


def rows(schedules: list[Schedule], now: datetime) -> list[Row]:
    slots = last_slots([schedule.pk for schedule in schedules])
    return [_row(schedule, slots.get(schedule.pk, []), now) for schedule in schedules]


Result = tuple[int | None, str]
"""(number of the job, its outcome, or "" for a slot without one)"""


def _row(schedule: Schedule, slots: list[Result], now: datetime) -> Row:
    times, zone = timing.of(schedule), job_words.zone_named(schedule.time_zone)
    run = schedule.next_run_at
    last = next(((job, outcome) for job, outcome in reversed(slots) if job), None)
    return Row(
        schedule=schedule,
        sentence=schedule_words.sentence(times),
        line=schedule.cron,
        next_run=job_words.time_tag(run, schedule_words.moment(run, zone)) if run else "",
        away=schedule_words.away(run, now) if run else "",
        ended=schedule_words.last_slot(times) if schedule.ended else "",
        last=last,
        marks=[_mark(outcome) for _, outcome in slots],
        errors=_in_a_row([outcome for _, outcome in slots]),
    )


def _mark(outcome: str) -> Mark:
    if not outcome:
        return Mark("Skipped", "f-wait", 30)
    height = {Outcome.ERROR: 100, Outcome.REJECTS: 80}.get(Outcome(outcome), 60)
    return Mark(Outcome(outcome).label, TONES[Outcome(outcome)], height)


def _in_a_row(outcomes: list[str]) -> int:
    """The errors since the last end that was none."""
    ended = [outcome for outcome in reversed(outcomes) if outcome and outcome != Outcome.ACTIVE]
    return next((n for n, outcome in enumerate(ended) if outcome != Outcome.ERROR), len(ended))


def last_slots(schedules: list[int]) -> dict[int, list[Result]]:
    """The last MARKS slots of each schedule, the oldest first."""
    mine = Slot.objects.filter(schedule=OuterRef("pk")).order_by("-scheduled_for").values("scheduled_for")
    # the oldest slot shown: the 10th, or all if there are fewer
    first = Schedule.objects.filter(pk__in=schedules).values_list("pk", Subquery(mine[MARKS - 1 : MARKS]))
    shown = Q(pk__in=[])
    for pk, oldest in first:
        shown |= Q(schedule=pk, scheduled_for__gte=oldest) if oldest else Q(schedule=pk)
    found: dict[int, list[Result]] = {}
    columns = ("schedule_id", "job_id", "job__outcome")
    for pk, job, outcome in Slot.objects.filter(shown).order_by("scheduled_for").values_list(*columns):
        found.setdefault(pk, []).append((job, outcome or ""))
    return found
