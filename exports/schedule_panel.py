"""What the Schedule panel of the editor says about the form as it stands, saved or not."""

from dataclasses import dataclass, field
from datetime import datetime

from exports import schedule_words as words
from exports.job_words import units
from exports.schedule_forms import CRON, ScheduleForm
from exports.schedule_models import Schedule
from exports.schedule_words import Upcoming


@dataclass(frozen=True)
class Panel:
    """`label`: what the button beside Export Results shows; `headline`, `detail`: the outcome, for the footer; `last`:
    when the last slot was, if none is left."""

    form: ScheduleForm
    schedule: Schedule | None
    label: str
    headline: str
    detail: str
    sentence: str = ""
    last: str = ""
    delay: str = ""
    runs: list[Upcoming] = field(default_factory=list)
    removes: bool = False
    changed: bool = False


def panel(form: ScheduleForm, schedule: Schedule | None, now: datetime, *, destination: str = "") -> Panel:
    """Of a form that is not valid: the first thing that is wrong."""
    if form.is_bound and not form.is_valid():
        wrong = next(iter(form.errors.values()))[0]
        return Panel(form, schedule, form.line or words.value(None), "The schedule is not complete", str(wrong))
    timing = form.timing()
    changed = timing != form.kept
    if not timing:
        empty = form.repeat_now == CRON
        says = "An empty cron line has no scheduled run time" if empty else "Someone runs it, or the API does"
        headline = "Saved, but never runs by itself" if empty else "Does not run by itself"
        removes = form.kept is not None
        return Panel(form, schedule, words.value(None), headline, says, removes=removes, changed=changed)
    then = f"Then exports to {destination}" if destination else "Its result stays in the console"
    sentence, runs = words.sentence(timing), words.upcoming(timing, now)
    return Panel(
        form=form,
        schedule=schedule,
        label=words.value(timing),
        headline=sentence,
        detail=then,
        sentence=sentence,
        delay=units(timing.delay) if timing.delay else "",
        last="" if runs else words.last_slot(timing),
        runs=runs,
        changed=changed,
    )
