"""The forms of an activation's details and of its schedule.

Both are shown with what was entered so far, and say what is wrong with it only when they are `judged`.
"""

from datetime import date, datetime
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils import timezone

from audiences import repeats
from audiences.activations import NAME_LENGTH, Notices
from audiences.models import Activation, Segment
from audiences.repeats import CRON, DAY, HOUR, MONTH, NONE, WEEK, Repeat, RepeatError
from exports.notify import mail
from exports.notify.forms import AddressesField
from exports.notify.rules import MOST_ADDRESSES
from exports.targets import Target
from exports.zones import ZoneSelect, time_zones
from integrations import catalog
from integrations.forms import SettingsForm
from integrations.models import Authentication
from integrations.sources import destinations
from integrations.spec import Connector

NAME_TAKEN = "This segment has an activation of this name. Choose another name."
UNITS = [
    (NONE, "Does not repeat"),
    (HOUR, "Repeat every hour"),
    (DAY, "Repeat every day"),
    (WEEK, "Repeat every week"),
    (MONTH, "Repeat every month"),
    (CRON, "Custom cron"),
]
DAYS = [(1, "Mon"), (2, "Tue"), (3, "Wed"), (4, "Thu"), (5, "Fri"), (6, "Sat"), (7, "Sun")]
NEVER, ON = "never", "on"
NO_MOMENT = "Choose a date and a time, such as 2026-12-01 06:00."
NEW_SCHEDULE = {"unit": [NONE], "every": ["1"], "ends": [NEVER], "time_zone": ["UTC"], "on_failure": ["on"]}

Raw = dict[str, list[str]]


def post_of(raw: Raw) -> QueryDict:
    """What was entered, as a form reads it."""
    post = QueryDict(mutable=True)
    for name, values in raw.items():
        post.setlist(name, values)
    return post


def hush(form: forms.Form) -> None:
    """Let it show what was entered without judging it."""
    form._errors = ErrorDict()  # type: ignore[attr-defined]  # what it is found out from


class DetailsForm(forms.Form):
    name = forms.CharField(
        label="Activation name",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the activation a name."},
    )
    description = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What this is for, and who asked for it"}),
    )
    authentication = forms.ModelChoiceField(
        Authentication.objects.none(),
        empty_label="Choose an authentication",
        error_messages={
            "required": "Choose the authentication that it is sent with.",
            "invalid_choice": "This authentication does not exist any more. Choose another one.",
        },
    )

    def __init__(self, data: Any, *, segment: Segment, activation: Activation | None) -> None:
        super().__init__(data)
        self.segment, self.activation = segment, activation
        field = self.fields["authentication"]
        field.queryset = destinations()  # type: ignore[attr-defined]
        field.label_from_instance = lambda one: f"{one.name}, {one.destination.name}"  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        others = self.segment.activations.exclude(pk=self.activation.pk if self.activation else 0)
        if others.filter(name=name).exists():
            raise forms.ValidationError(NAME_TAKEN)
        return name


class Details:
    """Name, authentication, and the export settings of the authentication's connector."""

    def __init__(self, raw: Raw, *, segment: Segment, activation: Activation | None, judged: bool) -> None:
        data = post_of(raw) if raw else None
        self.form = DetailsForm(data, segment=segment, activation=activation)
        pk = raw.get("authentication", [""])[-1]
        self.authentication = destinations().filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None
        self.settings = SettingsForm(self.connector.settings_of("export"), data)
        self.settings.prefix = "s"
        self.valid = self.form.is_valid() & self.settings.is_valid()
        if not judged:
            hush(self.form)
            hush(self.settings)

    @property
    def connector(self) -> Connector:
        """Of the chosen authentication; the catalog's first while none is chosen."""
        chosen: Connector | None = self.authentication.destination if self.authentication else None
        return chosen or next(iter(catalog.CONNECTORS.values()))

    @property
    def target(self) -> Target:
        """Of valid details."""
        assert self.authentication
        return Target(self.authentication, {}, self.settings.values())


class ScheduleForm(forms.Form):
    unit = forms.ChoiceField(
        label="Repeat",
        choices=UNITS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how often it runs.", "invalid_choice": "Choose one of these."},
    )
    every = forms.TypedChoiceField(
        label="Every",
        choices=[(n, "hour" if n == 1 else f"{n} hours") for n in repeats.divisors(24)],
        coerce=int,
        required=False,
        error_messages={"invalid_choice": "Choose one of the list: these divide a day."},
    )
    days = forms.TypedMultipleChoiceField(
        label="On", choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    cron = forms.CharField(
        required=False,
        strip=False,
        max_length=200,
        label="Cron expression",
        help_text="Minute, hour, day of month, month, day of week",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    start = forms.CharField(
        required=False,
        max_length=40,
        label="Start Date/Time",
        help_text="At most 6 months ahead. Its time of day is that of all runs",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autocomplete": "off"}),
        error_messages={"max_length": NO_MOMENT},
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        widget=ZoneSelect,
        error_messages={
            "required": "Choose a time zone, such as Asia/Tokyo.",
            "invalid_choice": "There is no time zone “%(value)s”. Write a name such as Asia/Tokyo, or UTC.",
        },
    )
    ends = forms.ChoiceField(
        label="End", choices=[(NEVER, "No end date"), (ON, "On a date")], widget=forms.RadioSelect, required=False
    )
    end = forms.CharField(
        required=False,
        max_length=40,
        label="End date",
        help_text="The last day on which it runs",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}),
    )
    addresses = AddressesField(
        required=False,
        label="Email notifications to",
        help_text=f"One a line or with commas, up to {MOST_ADDRESSES}. Empty: as the console’s default says",
    )
    on_success = forms.BooleanField(required=False, label="Success", help_text="Each run that succeeds")
    on_failure = forms.BooleanField(
        required=False,
        label="Failure",
        help_text="Runs that fail, many rejects, and a schedule that is disabled by that",
    )

    def __init__(self, raw: Raw, *, before: Repeat | None, judged: bool) -> None:
        """`before`: what the activation is set to until now."""
        super().__init__(post_of(raw or NEW_SCHEDULE))
        self.before, self.repeat = before, Repeat()
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]
        for name in ("start", "every"):
            self.fields[name].note = {"start": "Optional: at once without"}.get(name, "Optional")  # type: ignore[attr-defined]
        if problem := mail.missing():
            self.fields["addresses"].help_text = problem
        self.valid = self.is_valid()
        if not judged:
            hush(self)

    def clean_start(self) -> datetime | None:
        text = self.cleaned_data["start"]
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0) if text else None
        except ValueError:
            raise forms.ValidationError(NO_MOMENT) from None

    def clean_end(self) -> date | None:
        text = self.cleaned_data["end"]
        if self.data.get("ends") != ON:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError("Choose a date, such as 2026-12-31.") from None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("addresses") and not (data.get("on_success") or data.get("on_failure")):
            self.add_error("addresses", "Choose Success, Failure or both, or leave the addresses empty.")
        if data.get("addresses") == [] and data.get("on_success"):
            self.add_error("addresses", "Enter who is told of each success, or switch Success off.")
        if not set(self.errors) & {"unit", "every", "days", "cron", "start", "end", "time_zone"}:
            self._check_repeat(data)
        return data

    def _check_repeat(self, data: dict[str, Any]) -> None:
        unit = data["unit"]
        self.repeat = Repeat(
            unit,
            every=int(data["every"] or 1) if unit == HOUR else 1,
            days=tuple(sorted(data["days"])) if unit == WEEK else (),
            cron=data["cron"] if unit == CRON else "",
            start=data["start"],
            end=None if unit == NONE else data["end"],
            time_zone=data["time_zone"],
        )
        try:
            self.repeat.check(timezone.now(), before=self.before)
        except RepeatError as error:
            for name, text in error.problems.items():
                self.add_error(name, text)

    @property
    def notices(self) -> Notices:
        """Of a valid form. Without an address the rest does not count."""
        data = self.cleaned_data
        if not data["addresses"]:
            return Notices()
        return Notices(tuple(data["addresses"]), data["on_success"], data["on_failure"])


def schedule_raw(repeat: Repeat, notices: Notices) -> Raw:
    """What one would enter to get these. Every so many minutes is a cron line here."""
    unit = CRON if repeat.unit == repeats.MINUTE else repeat.unit
    raw = {
        "unit": [unit],
        "every": [str(repeat.every if unit == HOUR else 1)],
        "days": [str(day) for day in repeat.days],
        "cron": [repeat.line if unit == CRON else ""],
        "start": [f"{repeat.start:%Y-%m-%dT%H:%M}" if repeat.start else ""],
        "ends": [ON if repeat.end else NEVER],
        "end": [repeat.end.isoformat() if repeat.end else ""],
        "time_zone": [repeat.time_zone],
        "addresses": ["\n".join(notices.addresses)],
    }
    for name in ("on_success", "on_failure"):
        raw |= {name: ["on"]} if getattr(notices, name) else {}
    return raw
