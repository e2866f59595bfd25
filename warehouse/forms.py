"""The forms of databases, uploads and the columns of an upload."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet

from warehouse import uploads
from warehouse.engines.base import Column
from warehouse.engines.columns import TYPES
from warehouse.engines.loader import FORMATS
from warehouse.engines.timecolumn import TIME, can_be_clock
from warehouse.loading import format_of
from warehouse.models import Database, Load, valid_name

LABELS = {"csv": "CSV", "tsv": "TSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
WORDS = {
    "VARCHAR": "Text",
    "BIGINT": "Whole number",
    "DOUBLE": "Number",
    "BOOLEAN": "True or false",
    "TIMESTAMP": "Date and time",
    "DATE": "Date",
    "VARCHAR[]": "List of texts",
}
MODES = [(mode.value, mode.label) for mode in (Load.Mode.APPEND, Load.Mode.REPLACE)]
NAMES = "3 to 128 lower-case letters, digits and underscores, beginning with a letter."


class DatabaseForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The name of a new database."""

    class Meta:
        model = Database
        fields = ["name"]
        help_texts = {"name": NAMES}
        widgets = {"name": forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"})}


class NameForm(forms.Form):
    """Another name for a table or database."""

    name = forms.CharField(
        max_length=128,
        validators=[valid_name],
        help_text=NAMES,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )


class SwapForm(forms.Form):
    """The other table of a swap."""

    other = forms.ChoiceField(label="Other table")

    def __init__(self, *args: Any, others: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].choices = [("", "Choose a table"), *((name, name) for name in others)]  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Where a table goes."""

    database = forms.ModelChoiceField(
        Database.objects.none(), to_field_name="name", empty_label="Choose a database", label="Database"
    )

    def __init__(self, *args: Any, databases: QuerySet[Database], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["database"].queryset = databases  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """A file and what it is. `too_large`: there was one, but it was not kept."""

    file = forms.FileField(allow_empty_file=True, widget=forms.FileInput)
    format = forms.ChoiceField(
        choices=[("", "By its name"), *((kind, LABELS[kind]) for kind in FORMATS)],
        required=False,
        help_text="CSV and TSV have a header line. All text is UTF-8. Gzip is recognised by itself.",
    )

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        file = self.fields["file"]
        file.help_text = f"CSV, TSV, JSON Lines or Parquet, also with gzip, up to {_limit()}."
        if too_large:
            file.error_messages["required"] = _too_large()

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > uploads.limit_bytes():
            raise forms.ValidationError(_too_large())
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file = data.get("file")
        if file and not data.get("format"):
            data["format"] = format_of(file.name)
            if not data["format"]:
                self.add_error("format", f"The name {file.name} does not tell its format. Choose one.")
        return data


class UploadForm(FileForm):
    """The first step of a load: which file, into which table, and how."""

    table = forms.CharField(
        max_length=128,
        validators=[valid_name],
        help_text="A new name, or one of the tables of this database.",
        widget=forms.TextInput(
            attrs={"class": "mono", "list": "tables", "autocomplete": "off", "spellcheck": "false"},
        ),
    )
    mode = forms.ChoiceField(
        label="If the table has rows", choices=MODES, initial=Load.Mode.APPEND, widget=forms.RadioSelect
    )
    field_order = ["file", "format", "table", "mode"]


class ColumnsForm(forms.Form):
    """What becomes of an upload's columns: fields named name-0, column-0 (the type), name-1 … and time_column.

    known: the columns of the table that is appended to. Then types cannot be chosen, and of the names only those of
    columns that the table does not have: which of its columns are meant.
    """

    def __init__(self, *args: Any, pending: uploads.Pending, known: Sequence[Column], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [Column(*pair) for pair in pending.columns]
        self.known = {column.name: column.type for column in known}
        held = {column.name for column in self.columns}
        lacking = [name for name in self.known if name not in held]
        for number, column in enumerate(self.columns):
            chosen = pending.names.get(column.name)
            if not known:
                self.fields[f"name-{number}"] = _name_field(column.name, chosen)
                self.fields[f"column-{number}"] = _type_field(column, pending.types.get(column.name))
            elif column.name not in self.known and lacking:
                self.fields[f"name-{number}"] = _place_field(column.name, chosen, lacking)
        if TIME.name not in held and (not known or TIME in known):
            self.fields["time_column"] = _clock_field(self._clocks(), pending.time_column)

    @property
    def renames(self) -> dict[str, str]:
        """{name by itself: name to have}, where they differ."""
        return {
            column.name: name
            for number, column in enumerate(self.columns)
            if (name := self.cleaned_data.get(f"name-{number}") or column.name) != column.name
        }

    @property
    def types(self) -> dict[str, str]:
        """By the names that the columns have by themselves; empty for a table that is appended to."""
        typed = {} if self.known else self.cleaned_data
        return {
            column.name: typed[f"column-{number}"]
            for number, column in enumerate(self.columns)
            if f"column-{number}" in typed
        }

    def named(self, name: str) -> str:
        """What the column that has this name by itself is to be called."""
        return self.renames.get(name, name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.cleaned_data = data
        names = [self.named(column.name) for column in self.columns]
        for number, name in enumerate(names):
            if name in names[:number]:
                self.add_error(f"name-{number}", f"Another column is called {name}.")
        self._check_clock(data.get("time_column"), names)
        return data

    def _check_clock(self, clock: str | None, names: list[str]) -> None:
        if clock and TIME.name in names:
            self.add_error("time_column", "The file has a column named time already.")
        elif clock and not can_be_clock({**self.known, **self.types}.get(clock, "")):
            self.add_error("time_column", f"Read {clock} as a whole number, a date, or a date and time.")

    def _clocks(self) -> list[str]:
        kinds = {column.name: self.known.get(column.name, column.type) for column in self.columns}
        return [name for name, kind in kinds.items() if can_be_clock(kind)]


def type_words(kind: str) -> str:
    """A DuckDB type in plain words; itself where there are none."""
    return WORDS.get(kind, kind)


def _limit() -> str:
    return f"{uploads.limit_bytes() // 1024**2:,} MB"


def _too_large() -> str:
    return f"The file is larger than {_limit()}. Split it, or load it with manage.py load_table on the server."


def _name_field(name: str, chosen: str | None) -> forms.Field:
    shape = "Use lower-case letters, digits and underscores, beginning with a letter or underscore."
    return forms.CharField(
        label=f"Name of {name}",
        required=False,
        max_length=128,
        initial=chosen or name,
        validators=[RegexValidator(r"^[a-z_][a-z0-9_]*$", shape)],
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )


def _place_field(name: str, chosen: str | None, lacking: list[str]) -> forms.Field:
    return forms.ChoiceField(
        label=f"Column of the table for {name}",
        choices=[("", "Which column?"), *((other, other) for other in lacking)],
        initial=chosen,
        error_messages={"required": f"The table has no column named {name}. Choose which one it is."},
    )


def _type_field(column: Column, chosen: str | None) -> forms.Field:
    kinds = TYPES if column.type in TYPES else (column.type, *TYPES)
    choices = [(kind, type_words(kind)) for kind in kinds]
    return forms.ChoiceField(label=f"Type of {column.name}", choices=choices, initial=chosen or column.type)


def _clock_field(clocks: list[str], chosen: str) -> forms.Field:
    choices = [("", "The time of the load"), *((name, f"From {name}") for name in clocks)]
    return forms.ChoiceField(label="Where time comes from", choices=choices, required=False, initial=chosen)
