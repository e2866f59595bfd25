"""The form of the Export Results panel for a table that takes the result."""

from collections.abc import Mapping
from typing import Any

from django import forms

from exports import table_targets
from exports.table_targets import TableTarget
from warehouse.models import Database

PREFIX = "into"
MODES = [(table_targets.APPEND, "Append its rows"), (table_targets.REPLACE, "Replace the table")]


class TableTargetForm(forms.Form):
    """Database, table and mode; `data` with names that begin with PREFIX."""

    database = forms.ModelChoiceField(
        Database.objects.all(),
        to_field_name="name",
        empty_label=None,
        error_messages={
            "required": "Choose a database.",
            "invalid_choice": "This database does not exist any more. Choose another one.",
        },
    )
    table = forms.CharField(
        max_length=128,
        help_text="It is made if there is none of this name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        error_messages={"required": "Give the table a name."},
    )
    mode = forms.ChoiceField(
        choices=MODES, initial=table_targets.APPEND, help_text="Each job does so once, and wholly or not at all."
    )

    def __init__(self, data: Mapping[str, Any] | None, table: TableTarget | None = None) -> None:
        initial = table_targets.to_json(table)
        super().__init__(data, prefix=PREFIX, initial=initial, auto_id="%s")

    def clean(self) -> dict[str, Any]:
        if not self.errors and (problem := table_targets.problem(self.target())):
            self.add_error("table", f"{problem[:1].upper()}{problem[1:]}")
        return self.cleaned_data

    def target(self) -> TableTarget:
        """What a valid form says."""
        data = self.cleaned_data
        return TableTarget(data["database"].name, data["table"], data["mode"])
