"""The forms of databases, uploads and the columns of an upload."""

from typing import Any

from django import forms

from warehouse import uploads
from warehouse.engines.base import Column
from warehouse.engines.columns import TYPES
from warehouse.engines.loader import FORMATS
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


class FileForm(forms.Form):
    """A file and what it is. `too_large`: there was one, but it was not kept."""

    file = forms.FileField(allow_empty_file=True, widget=forms.FileInput)
    format = forms.ChoiceField(
        choices=[("", "By its name"), *((kind, LABELS[kind]) for kind in FORMATS)],
        required=False,
        help_text="CSV and TSV have a header line. All text is UTF-8.",
    )

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        file = self.fields["file"]
        file.help_text = f"CSV, TSV, JSON Lines or Parquet, up to {_limit()}."
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
    """One select of a type for each column of an upload; fields are named column-0, column-1 …

    `fixed`: the columns of a table that is appended to, which cannot be chosen.
    """

    def __init__(self, *args: Any, columns: list[Column], chosen: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = columns
        for number, column in enumerate(columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=f"Type of {column.name}",
                choices=_choices(column.type),
                initial=chosen.get(column.name, column.type),
            )

    @property
    def types(self) -> dict[str, str]:
        return {column.name: self.cleaned_data[f"column-{number}"] for number, column in enumerate(self.columns)}


def type_words(kind: str) -> str:
    """A DuckDB type in plain words; itself where there are none."""
    return WORDS.get(kind, kind)


def _limit() -> str:
    return f"{uploads.limit_bytes() // 1024**2:,} MB"


def _too_large() -> str:
    return f"The file is larger than {_limit()}. Split it, or load it with manage.py load_table on the server."


def _choices(suggested: str) -> list[tuple[str, str]]:
    kinds = TYPES if suggested in TYPES else (suggested, *TYPES)
    return [(kind, type_words(kind)) for kind in kinds]
