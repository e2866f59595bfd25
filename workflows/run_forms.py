"""What people fill in to run a workflow: for which time and with which parameters, or which sessions of the past."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from exports.job_words import zone_named
from workflows.dig import yaml
from workflows.dig.nodes import plain
from workflows.dig.problems import DigError, Problem
from workflows.models import Workflow, WorkflowSchedule
from workflows.script.zones import instant_of

NO_MOMENT = "Choose a date and a time, such as 2026-11-24 06:00:00."
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_YEAR = 2200
MOST_BACKFILLED = 100
LONGEST_PARAMS = 100_000
NAME = r"^[A-Za-z0-9_.\-]*$"


class Moment(forms.CharField):
    """A date and a time in a zone of its own; → the instant, in UTC."""

    zone_name, note = "UTC", ""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1, "autocomplete": "off"})
        messages = {"required": NO_MOMENT, "max_length": NO_MOMENT}
        super().__init__(max_length=40, widget=widget, error_messages=messages, **kwargs)

    def clean(self, value: Any) -> datetime | None:
        """Of a time that comes twice, the first."""
        if not (text := super().clean(value)):
            return None
        try:
            moment = datetime.fromisoformat(text)
            instant = moment.astimezone(UTC) if moment.tzinfo else _instant(moment, self.zone_name)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(NO_MOMENT) from error
        if instant < EARLIEST or instant.year > LATEST_YEAR:
            raise forms.ValidationError(f"Choose a time from the year 2000 to {LATEST_YEAR}.")
        return instant.replace(microsecond=0)


def _instant(moment: datetime, zone_name: str) -> datetime:
    zone = zone_named(zone_name)
    return instant_of(moment, zone) if hasattr(zone, "key") else moment.replace(tzinfo=UTC)  # type: ignore[arg-type]


class RunForm(forms.Form):
    """One attempt, by hand. `retry_name` is asked for only when the session has an attempt already."""

    when = forms.ChoiceField(
        label="Session time",
        choices=[("now", "Now"), ("at", "At a time of your choice")],
        initial="now",
        widget=forms.RadioSelect,
    )
    at = Moment(label="Date and time", required=False)
    params = forms.CharField(
        label="Parameters",
        required=False,
        max_length=LONGEST_PARAMS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"}),
        help_text="One <code>key: value</code> a line, as under <code>_export:</code>, or a JSON object. "
        "What the file exports by the same name wins. All people see them: put secrets into the project’s Secrets.",
    )
    retry_name = forms.RegexField(
        regex=NAME,
        label="Retry name",
        required=False,
        max_length=255,
        error_messages={"invalid": "A retry name has letters, digits, and . _ - only."},
        help_text="Tells this attempt from the others of its session, such as <code>after-fix</code>.",
    )

    def __init__(self, posted: Mapping[str, Any] | None, *, workflow: Workflow) -> None:
        super().__init__(posted)
        at = self.fields["at"]
        assert isinstance(at, Moment)
        at.zone_name = workflow.timezone
        at.help_text = f"In the workflow’s time zone, {workflow.timezone}"
        at.note = "Required"  # of what it is shown beside
        self.asks_retry_name = bool(posted and posted.get("retry_name"))

    def clean_params(self) -> dict[str, Any]:
        return parameters(self.cleaned_data["params"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("when") == "at" and "at" in data and not data["at"]:
            self.add_error("at", NO_MOMENT)
        return data

    def session_time(self, now: datetime) -> datetime:
        """Of a form that is valid."""
        at: datetime = self.cleaned_data["at"]
        return at if self.cleaned_data["when"] == "at" else now.replace(microsecond=0)

    def ask_retry_name(self, why: str) -> None:
        self.asks_retry_name = True
        self.add_error("retry_name", why)


def parameters(text: str) -> dict[str, Any]:
    """`key: value` lines or a JSON object as a map, with YAML's types. Raises ValidationError."""
    if not text.strip():
        return {}
    try:
        found = plain(yaml.load({"parameters": text}, "parameters"))
    except DigError as error:
        raise forms.ValidationError([_told(problem) for problem in error.problems[:5]]) from error
    assert isinstance(found, dict)
    return found


def _told(problem: Problem) -> str:
    return f"Line {problem.place.line}: {problem.text.replace('The file', 'The text')}"


class BackfillForm(forms.Form):
    """Sessions of the past of a schedule: how many, from which time on."""

    first = Moment(label="From")
    count = forms.IntegerField(
        label="Number of sessions",
        min_value=1,
        max_value=MOST_BACKFILLED,
        initial=1,
        help_text=f"1 to {MOST_BACKFILLED}: the first session at that time or later, and those after it",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"Write a whole number from 1 to {MOST_BACKFILLED}."
        ),
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_BACKFILLED}),
    )
    name = forms.RegexField(
        regex=NAME,
        label="Retry name",
        required=False,
        max_length=200,
        error_messages={"invalid": "A retry name has letters, digits, and . _ - only."},
        help_text="Runs sessions that have run already once more, under this name. Without it they are left out.",
    )

    def __init__(self, given: Mapping[str, Any] | None, *, schedule: WorkflowSchedule) -> None:
        super().__init__(given)
        first = self.fields["first"]
        assert isinstance(first, Moment)
        first.zone_name = schedule.timezone
        first.help_text = f"Session time, in the schedule’s time zone, {schedule.timezone}"

    def clean_first(self) -> datetime:
        first: datetime = self.cleaned_data["first"]
        if first > timezone.now():
            raise forms.ValidationError("Choose a time in the past.")
        return first
