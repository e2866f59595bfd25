"""Forms of Data Workbench."""

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from exports import schedules, table_targets, targets
from exports.models import MOST_RETRIES, EngineType, Mode, Priority, Query
from exports.options import Options
from exports.queries import NAME_LENGTH, Draft
from exports.schedule_forms import ScheduleForm
from exports.table_targets import TableTarget
from exports.targets import Target, TargetError
from exports.texts import Text
from exports.zones import ZoneSelect, time_zones
from integrations import sources
from integrations.models import Authentication
from warehouse.engines.guard import LONGEST_QUERY
from warehouse.models import Database

SOURCE = "source:"  # before the number of a source's authentication


def engines() -> list[tuple[str, Any]]:
    """(value, label) of what a text can be run by: ours by the way it is read, then each source by its name."""
    own = [(kind.value, kind.label) for kind in EngineType if kind != EngineType.SOURCE]
    found = [(f"{SOURCE}{each.pk}", f"{each.name} ({each.connector.name})") for each in sources.sources()]
    return [("Tables of this console", own), ("Sources", found)] if found else own


class TextForm(forms.Form):
    """A text and how it runs."""

    database = forms.ModelChoiceField(
        Database.objects.all(),
        empty_label=None,
        error_messages={
            "required": "Choose a database.",
            "invalid_choice": "This database does not exist any more. Choose another one.",
        },
    )
    engine = forms.ChoiceField(
        choices=engines,
        initial=EngineType.TRINO,
        error_messages={"invalid_choice": "This engine or source does not exist any more. Choose another one."},
    )
    time_zone = forms.ChoiceField(
        choices=time_zones,
        initial="UTC",
        label="Time zone",
        widget=ZoneSelect,
        error_messages={"invalid_choice": "There is no time zone “%(value)s”."},
    )
    sql = forms.CharField(
        label="SQL query",
        strip=False,
        max_length=LONGEST_QUERY,
        widget=forms.Textarea(attrs={"id": "sql", "rows": 16, "spellcheck": "false"}),
        error_messages={"required": "The query is empty."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, auto_id="q-%s")  # type: ignore[misc]

    def clean_sql(self) -> str:
        # Browsers post CR LF; lines are counted and compared by LF.
        sql: str = self.cleaned_data["sql"].replace("\r\n", "\n")
        if not sql.strip():
            raise ValidationError("The query is empty.")
        return sql

    def text(self) -> Text:
        """What a valid form holds."""
        data = self.cleaned_data
        engine, _, number = data["engine"].partition(":")
        source = Authentication.objects.get(pk=number) if number else None
        return Text(data["database"], data["sql"], data["time_zone"], engine, source)


class DraftForm(TextForm):
    """What the editor holds. `version`: the one that it began with; none for a new query. `schedule`: a form beside it,
    whose errors keep nothing but a save from being done."""

    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    target = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"id": "target", "autocomplete": "off"}))

    priority = forms.TypedChoiceField(
        choices=Priority.choices,
        coerce=int,
        empty_value=None,
        required=False,
        initial=Priority.NORMAL,
        help_text="Which of the waiting jobs goes first. A job that waits rises one step every 10 minutes.",
        error_messages={"invalid_choice": "Priority: choose a value from the list, from Very low to Very high."},
    )
    retry_limit = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_RETRIES,
        initial=0,
        label="Retry limit",
        help_text=f"How often the query is repeated if a fault that may pass breaks it off, 0 to {MOST_RETRIES}. "
        "Requests have their own: Maximum Retry.",
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Retry limit: write a whole number from 0 to {MOST_RETRIES}."
        ),
    )

    def __init__(self, *args: Any, query: Query | None = None, **kwargs: Any) -> None:
        self.query = query
        if query:
            kwargs.setdefault("initial", initial(query))
        super().__init__(*args, **kwargs)
        self.table: TableTarget | None = table_targets.of(query) if query and not self.is_bound else None
        zone = query.time_zone if query else self.data.get("time_zone", "UTC")
        idle = {"time_zone": zone, **(query.idle_schedule if query else {})}
        kept = schedules.of(query) if query else None
        self.schedule = ScheduleForm(self.data if self.is_bound else None, kept, idle=idle)

    @property
    def problems(self) -> list[str]:
        """What keeps the form from being used."""
        return [str(error) for errors in self.errors.values() for error in errors]

    def clean_target(self) -> Target | None:
        """The destination; a table that takes the result in its place is kept as `table`."""
        text = self.cleaned_data["target"]
        try:
            self.table = table_targets.parse(text)
            return None if self.table else targets.parse(text)
        except TargetError as error:
            raise ValidationError([f"Export Results: {message}" for message in error.messages]) from error

    def draft(self) -> Draft:
        """What a valid form holds."""
        data = self.cleaned_data
        options = Options(data["priority"] or Priority.NORMAL, data["retry_limit"] or 0)
        return Draft(data.get("name", ""), self.text(), data["target"], options, table=self.table)


class RunForm(DraftForm):
    """A query to run, saved or not: it needs no name."""

    name = forms.CharField(max_length=NAME_LENGTH, required=False)
    mode = forms.ChoiceField(
        choices=Mode.choices,
        required=False,
        error_messages={"invalid_choice": "A query can be run, validated or sent as test, not “%(value)s”."},
    )

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or Mode.SEND

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        mode, target = data.get("mode", Mode.SEND), data.get("target")
        if mode != Mode.SEND and "target" in data:
            self._check_mode(Mode(mode), target)
        return data

    def _check_mode(self, mode: Mode, target: Target | None) -> None:
        if target is None:
            self.add_error("mode", f"“{mode.label}” needs a destination: choose one in Export Results.")
        elif mode == Mode.TEST and not target.connector.test_field:
            self.add_error("mode", f"{target.connector.name} has no test events. Choose Validate only.")


class QueryForm(DraftForm):
    """A query to save, with its schedule."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"placeholder": "Untitled query", "autocomplete": "off"}),
        error_messages={"required": "Give the query a name."},
    )

    def is_valid(self) -> bool:
        schedule = self.schedule
        return super().is_valid() and (not schedule.is_bound or schedule.is_valid())

    @property
    def problems(self) -> list[str]:
        found = [str(error) for errors in self.schedule.errors.values() for error in errors]
        return super().problems + [f"Schedule: {text}" for text in found]

    def draft(self) -> Draft:
        return replace(super().draft(), schedule=self.schedule.timing())

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Query.objects.saved().filter(name=name).exclude(pk=self.query.pk if self.query else 0).exists():
            raise ValidationError("A query with this name exists.")
        return name

    def clean_version(self) -> int | None:
        version: int | None = self.cleaned_data["version"]
        if self.query and version is None:
            raise ValidationError("The form does not say which version it began with. Load the page again.")
        return version


def initial(query: Query) -> dict[str, Any]:
    """The form's values for a stored query."""
    return {
        "name": query.name,
        "database": query.database_id,
        "engine": f"{SOURCE}{query.source_id}" if query.source_id else query.engine,
        "time_zone": query.time_zone,
        "priority": query.priority,
        "retry_limit": query.retry_limit,
        "sql": query.sql,
        "target": table_targets.dump(table_targets.of(query)) or targets.dump(targets.of(query)),
        "version": query.version,
    }
