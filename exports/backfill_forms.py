"""Backfill: which slots of the past to run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from exports.errors import NotPossible
from exports.job_words import zone_named
from exports.schedule_models import Schedule
from exports.schedule_pages import Planned, plan
from exports.schedules import MOST_BACKFILLED
from exports.timing import ScheduleError

NO_MOMENT = "Choose a date and a time, such as 2026-11-24 06:00."
MIDNIGHT_2000 = datetime(2000, 1, 1, tzinfo=UTC)


class BackfillForm(forms.Form):
    """Which slots of the past to run: from a date and time in the schedule's time zone on."""

    first = forms.CharField(
        label="First slot",
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autocomplete": "off"}),
        error_messages={"required": NO_MOMENT, "max_length": NO_MOMENT},
    )
    count = forms.IntegerField(
        label="Number of slots",
        min_value=1,
        max_value=MOST_BACKFILLED,
        initial=1,
        help_text=f"1 to {MOST_BACKFILLED}: this slot and those after it",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"Write a whole number from 1 to {MOST_BACKFILLED}."
        ),
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_BACKFILLED}),
    )

    def __init__(self, posted: Mapping[str, Any] | None, *, schedule: Schedule) -> None:
        self.schedule = schedule
        super().__init__(posted)
        self.fields["first"].help_text = f"Date and time in the schedule’s time zone, {schedule.time_zone}"

    def clean_first(self) -> datetime:
        """Of a time that comes twice, the first."""
        try:
            moment = datetime.fromisoformat(self.cleaned_data["first"])
        except ValueError as error:
            raise forms.ValidationError(NO_MOMENT) from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone_named(self.schedule.time_zone))
        if not MIDNIGHT_2000 <= moment <= timezone.now():
            raise forms.ValidationError("Choose a time in the past, not before the year 2000.")
        return moment

    def plan(self, now: datetime) -> list[Planned]:
        """The slots; [] if the form cannot be used, which it then says."""
        if not self.is_bound or not self.is_valid():
            return []
        try:
            return plan(self.schedule, self.cleaned_data["first"], self.cleaned_data["count"], now)
        except (NotPossible, ScheduleError) as error:
            self.add_error("first", str(error))
            return []
