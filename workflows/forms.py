"""Forms of projects: new ones, uploads, saving and secrets."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from exports.zones import ZoneSelect, time_zones
from integrations.models import Authentication
from integrations.sources import destinations
from warehouse.models import Table
from workflows import archives, secrets, starters
from workflows.dig.reading import FORBIDDEN_FIRST
from workflows.editing import LONGEST_NOTE
from workflows.projects import NAME_LENGTH

BLANK, EXPORT = "blank", "export"
TAKEN = "A project with this name exists."
MOST_TABLES = 500  # in the choice of one


def named(label: str, help_text: str, *, required: bool = True) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(
        label=label,
        max_length=NAME_LENGTH,
        help_text=help_text,
        required=required,
        widget=forms.TextInput(attrs=attrs),
    )


class NewForm(forms.Form):
    """New User-Defined Workflow: a project with one workflow of the same name."""

    name = named("Workflow Name", "Also the name of its project and its file, NAME.dig.")
    template = forms.ChoiceField(
        choices=[(BLANK, "Blank"), (EXPORT, "Export a query’s result")], initial=BLANK, widget=forms.RadioSelect
    )
    table = forms.ChoiceField(
        required=False,
        help_text="The query selects those of its columns that are called like fields of the destination.",
    )
    authentication = forms.ModelChoiceField(
        Authentication.objects.none(), required=False, empty_label="Choose an authentication"
    )
    time_zone = forms.ChoiceField(
        choices=time_zones, initial="UTC", label="Time zone", widget=ZoneSelect, help_text="Of its schedule and dates."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = Table.objects.select_related("database").order_by("database__name", "name")
        tables = [(str(pk), f"{database}.{name}") for pk, database, name in self._names()]
        self.fields["table"].choices = [("", "Choose a table"), *tables]  # type: ignore[attr-defined]
        self.fields["authentication"].queryset = destinations()  # type: ignore[attr-defined]
        self.fields["table"].note = self.fields["authentication"].note = " "  # type: ignore[attr-defined]
        self.can_export = bool(tables) and destinations().exists()

    def _names(self) -> Any:
        return self.found.values_list("pk", "database__name", "name")[:MOST_TABLES]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if FORBIDDEN_FIRST.match(name) or "/" in name or "\\" in name or not name.isprintable():
            raise forms.ValidationError("Begin with a letter or _; no / or \\ may be in it.")
        return name

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if data.get("template") == EXPORT:
            for name in ("table", "authentication"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, f"Choose {'a table' if name == 'table' else 'an authentication'}.")
        return data

    def beginning(self) -> dict[str, bytes]:
        """What the project begins with."""
        data = self.cleaned_data
        if data["template"] == BLANK:
            return starters.blank(data["name"], data["time_zone"])
        table = self.found.get(pk=data["table"])
        return starters.export(data["name"], data["time_zone"], table, data["authentication"])


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Any number of files. → a list."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in given or [None]]


class UploadForm(forms.Form):
    """An archive, or several files, for a new revision. `too_large`: there were some, but they were not kept."""

    upload = FilesField(
        allow_empty_file=True,
        label="Archive or files",
        widget=FilesInput,
        help_text="A .tar.gz of the project's folder, or several .dig and .sql files, which go to its top folder. "
        f"At most {archives.LARGEST // 1024 // 1024} MB.",
        error_messages={"required": "Choose an archive, or one or more files."},
    )

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if too_large:
            self.fields["upload"].error_messages["required"] = (
                f"That is too much: at most {archives.LARGEST // 1024 // 1024} MB are taken."
            )

    def uploads(self) -> Sequence["UploadedFile[Any]"]:
        found: Sequence[UploadedFile[Any]] = self.cleaned_data["upload"]
        return found


class UploadNewForm(UploadForm):
    name = named("Project name", "That of the archive or of the workflow's file, if it is left empty.", required=False)


class SaveForm(forms.Form):
    """Beside the files: which revision was edited, and over which other one it may be saved."""

    base = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    over = forms.IntegerField(min_value=1, required=False)
    note = forms.CharField(max_length=LONGEST_NOTE, required=False)


class ValueForm(forms.Form):
    """Another value of a secret."""

    value = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        max_length=secrets.LONGEST,
        help_text="It is encrypted, and never shown again.",
    )

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        if told := secrets.problem("key", value):
            raise forms.ValidationError(told)
        return value


class SecretForm(ValueForm):
    """A new secret."""

    key = forms.CharField(
        max_length=255,
        help_text="In files it is written ${secret:KEY}.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["key", "value"]

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if told := secrets.problem(key, "value"):
            raise forms.ValidationError(told)
        return key
