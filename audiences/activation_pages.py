"""What the pages of activations say: about the segment, the runs to come, and what would be created."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audiences import activations, profiles, schemas
from audiences.activation_drafts import ActivationDraft
from audiences.activation_forms import ScheduleForm
from audiences.activations import Notices, Wanted
from audiences.models import Activation, Segment
from audiences.outputs import Outputs
from audiences.repeats import Repeat
from audiences.rules.schema import Schema
from exports import job_words, schedule_words, timing
from exports.schedule_models import Schedule
from exports.schedule_words import Upcoming
from exports.targets import Target
from exports.timing import ScheduleError


@dataclass(frozen=True)
class About:
    """`refreshed`: when its customers were built last; None: never. `built`: whether they can be read. `count`: of the
    segment, None if it was not counted since."""

    segment: Segment
    refreshed: datetime | None
    built: bool
    count: int | None


@dataclass(frozen=True)
class Review:
    """`facts`: (label, value). `sends`: what happens by itself, and when. `at_once`: whether *Create* runs it.
    `missing`: fields that the destination requires and no output column has the name of. `same_key`: the field that
    tells events apart, if it does not."""

    facts: list[tuple[str, str]]
    sends: str
    at_once: bool
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    same_key: str = ""


def about(segment: Segment) -> About:
    parent = segment.parent_segment
    build = profiles.last_build(parent)
    count = None if profiles.outdated(segment, build) else segment.count
    return About(segment, build.finished_at if build else None, activations.built(parent), count)


def next_runs(form: ScheduleForm, now: datetime) -> dict[str, Any]:
    """Of a valid form: its words and the next runs."""
    repeat = form.repeat
    if not form.valid:
        return {"words": "", "runs": [], "note": ""}
    return {"words": words(repeat, now), "runs": upcoming(repeat, now), "note": repeat.begun(now).note}


def upcoming(repeat: Repeat, now: datetime) -> list[Upcoming]:
    timing = repeat.begun(now).timing()
    return schedule_words.upcoming(timing, now) if timing else []


def words(repeat: Repeat, now: datetime) -> str:
    """When it runs, without a full stop."""
    timing = repeat.begun(now).timing()
    return schedule_words.sentence(timing) if timing else "Does not repeat"


def review(draft: ActivationDraft, now: datetime) -> Review:
    """Of a draft in which nothing is wrong."""
    wanted, segment, count = draft.wanted(), draft.segment, about(draft.segment).count
    new = draft.activation is None
    return Review(
        facts=[
            ("Name", wanted.name),
            *([("Description", wanted.description)] if wanted.description else []),
            ("Segment", segment.name if count is None else f"{segment.name} ({count:,} profiles)"),
            *settings_facts(wanted.target),
            ("Output columns", columns_says(wanted.outputs, draft.rules.schema)),
            ("Schedule", words(wanted.repeat, now)),
            ("Notify", notices_says(wanted.notices)),
        ],
        sends=_sends(wanted, count, now, new=new),
        at_once=new and wanted.repeat.at_once,
        missing=_missing(wanted, draft.rules.schema),
        same_key=key if wanted.outputs.same_in_all(key := wanted.target.connector.key_field) else "",
        notes=[note] if (note := wanted.repeat.begun(now).note) else [],
    )


def _missing(wanted: Wanted, schema: Schema) -> list[str]:
    names = wanted.outputs.names(schema)
    return [one.name for one in wanted.target.connector.fields if one.required and one.name not in names]


def settings_facts(target: Target) -> list[tuple[str, str]]:
    """(label, value) of where it goes and of the export settings."""
    authentication = target.authentication
    found = [("Destination", f"{authentication.name}, {target.connector.name}")]
    for setting in target.connector.settings_of("export"):
        value = target.settings.get(setting.name, setting.default)
        if isinstance(value, bool):
            shown = "On" if value else "Off"
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value or "Not set")
        found.append((setting.label, shown))
    return found


def columns_says(chosen: Outputs, schema: Schema) -> str:
    """ "5 attributes and 4 strings"."""
    count, strings = len(chosen.taken(schema)), len(chosen.strings)
    whole = "all " if chosen.all_columns else ""
    says = f"{whole}{count:,} attribute{'' if count == 1 else 's'}"
    return (f"{says} and {strings:,} string{'' if strings == 1 else 's'}" if strings else says).capitalize()


def notices_says(notices: Notices) -> str:
    count = len(notices.addresses)
    if not count:
        return "As the console's default says"
    when = [word for word, on in (("succeeds", notices.on_success), ("fails", notices.on_failure)) if on]
    return f"{count} address{'' if count == 1 else 'es'}, when a run {' or '.join(when)}"


def _sends(wanted: Wanted, count: int | None, now: datetime, *, new: bool) -> str:
    many = "" if count is None else f" about {count:,} events"
    where = f"sends{many} to {wanted.target.authentication.name}"
    timing = wanted.repeat.begun(now).timing()
    if timing is None:
        return f"It runs once, as soon as you select Create, and {where}." if new else "Saving does not run it."
    slots = timing.next_slots(1, now)
    if not slots:
        return "It does not run by itself any more: its schedule has ended."
    at = schedule_words.moment(slots[0], job_words.zone_named(timing.time_zone))
    return f"The {'first' if new else 'next'} run, {at}, {where}."


def shown(activation: Activation, schedule: Schedule | None, now: datetime) -> dict[str, Any]:
    """What an activation's own page says of it beside its runs: facts, the runs to come, and its SQL."""
    wanted, schema = activations.of(activation), schemas.of(activation.segment.parent_segment)
    return {
        "facts": [
            *settings_facts(wanted.target),
            ("Output columns", columns_says(wanted.outputs, schema)),
            ("Schedule", words(wanted.repeat, now) if schedule else "Does not run by itself"),
            ("Notify", notices_says(wanted.notices)),
        ],
        "runs": _runs(schedule, now),
        "note": wanted.repeat.note,
        "columns": [(one.column, f"from {one.source}") for one in wanted.outputs.taken(schema)]
        + [(one.column, one.says) for one in wanted.outputs.strings],
    }


def _runs(schedule: Schedule | None, now: datetime) -> list[Upcoming]:
    """Of a schedule that is enabled."""
    if schedule is None or not schedule.next_slot:
        return []
    try:
        return schedule_words.upcoming(timing.of(schedule), now)
    except ScheduleError:
        return []
