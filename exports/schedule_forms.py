"""When a query runs by itself, as its editor holds it: TD's four choices and what belongs to them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from exports import schedule_words, timing
from exports.cron import PRESETS
from exports.schedule_models import Missed, Overlap, Schedule
from exports.timing import SPAN, ScheduleError, Timing
from exports.zones import ZoneSelect, time_zones

CRON, NONE = "cron", "none"
REPEAT = [  # TD's words, in TD's order
    (CRON, "Custom cron..."),
    ("@daily", "@daily (midnight)"),
    ("@hourly", "@hourly (:00)"),
    (NONE, "None"),
]
SETTINGS = ("time_zone", "delay", "missed", "overlap")
IN_QUERY = {"form": "qform"}  # the panel stands beside the editor's form, its fields belong to it
DELAY_HELP = "Seconds from the scheduled time to the start: 900 is 15 minutes. Give late data time to arrive."
MISSED_HELP = "Slots whose time passed while this server was down. Run each: at most the last 10."
OVERLAP_HELP = "When the run before has not ended. Queue: one run at a time, in order. Skip: the history says why."


class ScheduleForm(forms.Form):
    """Bound to what was posted if that holds a schedule; otherwise it shows `kept`, the query's own, or `idle`: columns
    of Timing with which one would begin. A start and an end that the query's own has stay as they are."""

    prefix = "schedule"
    repeat = forms.ChoiceField(choices=REPEAT, widget=forms.RadioSelect(attrs=IN_QUERY))
    cron = forms.CharField(
        required=False,
        label="Cron expression",
        help_text="Minute, hour, day of month, month, day of week. Empty: saved, but never runs",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false", **IN_QUERY}),
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        widget=ZoneSelect(attrs=IN_QUERY),
        error_messages={
            "invalid_choice": "There is no time zone “%(value)s”. Write a name such as Asia/Tokyo, or UTC."
        },
    )
    delay = forms.IntegerField(
        required=False,
        label="Delay execution",
        help_text=DELAY_HELP,
        widget=forms.NumberInput(attrs={"min": 0, "step": 1, "placeholder": "0", **IN_QUERY}),
        error_messages={"invalid": "Write a whole number of seconds, such as 900."},
    )
    missed = forms.ChoiceField(
        choices=Missed.choices, label="Missed slots", help_text=MISSED_HELP, widget=forms.Select(attrs=IN_QUERY)
    )
    overlap = forms.ChoiceField(
        choices=Overlap.choices, label="Overlap", help_text=OVERLAP_HELP, widget=forms.Select(attrs=IN_QUERY)
    )

    def __init__(self, posted: Mapping[str, Any] | None, kept: Schedule | None, *, idle: Mapping[str, Any]) -> None:
        self.kept = timing.of(kept) if kept else None
        data = posted if posted and f"{self.prefix}-repeat" in posted else None
        super().__init__(data, initial=initial(self.kept, idle))
        self.fields["cron"].note = "Five fields"  # type: ignore[attr-defined]
        zone = self.initial["time_zone"]
        more = [] if any(zone == name for name, _ in time_zones()) else [(zone, zone)]
        self.fields["time_zone"].choices = [*time_zones(), *more]  # type: ignore[attr-defined]

    def clean_delay(self) -> int:
        return self.cleaned_data["delay"] or 0

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.line:
            self._check(data)
        elif "repeat" not in self.errors:
            self.errors.clear()  # what else stands there does not matter
        return data

    def _check(self, data: Mapping[str, Any]) -> None:
        """Say beside each field what is wrong; those that are wrong by themselves have been told already."""
        values = {name: data[name] for name in SETTINGS if name in data}
        try:
            Timing(self.line, **values, **self._span).check(monthly=bool(self.kept and self.kept.cron == self.line))
        except ScheduleError as error:
            for name, text in error.problems.items():
                self.add_error(*(("cron", f"{text} {self._kept_span}") if name in SPAN else (name, text)))

    @property
    def _span(self) -> dict[str, Any]:
        """Its start and end, for which there are no fields."""
        return {name: getattr(self.kept, name, None) for name in SPAN}

    @property
    def _kept_span(self) -> str:
        between = " ".join(schedule_words.span(self.kept)) if self.kept else ""
        return f"This schedule runs {between}. To be rid of that, save the query with None first."

    @property
    def repeat_now(self) -> str:
        """Which of REPEAT is chosen."""
        if not self.is_bound:
            return str(self.initial["repeat"])
        chosen = self.data.get(f"{self.prefix}-repeat", "")
        return chosen if chosen in dict(REPEAT) else NONE

    @property
    def line(self) -> str:
        """The cron line chosen; "" for none."""
        if self.repeat_now != CRON:
            return "" if self.repeat_now == NONE else self.repeat_now
        if not self.is_bound:
            return str(self.initial["cron"])
        return str(self.cleaned_data.get("cron", self.data.get(f"{self.prefix}-cron", "")))

    def timing(self) -> Timing | None:
        """What a valid form says; None: the query does not run by itself."""
        if not self.is_bound:
            return self.kept
        if not self.line:
            return None
        return Timing(self.line, **{name: self.cleaned_data[name] for name in SETTINGS}, **self._span)


def initial(kept: Timing | None, idle: Mapping[str, Any]) -> dict[str, Any]:
    if not kept:
        begun = {"repeat": NONE, "cron": "", "missed": Missed.EACH, "overlap": Overlap.QUEUE, **idle}
        return begun | {"delay": begun.get("delay") or None}
    preset = kept.cron in PRESETS
    shown = {"repeat": kept.cron if preset else CRON, "cron": "" if preset else kept.cron, "delay": kept.delay or None}
    return kept.columns() | shown
