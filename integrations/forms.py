"""Forms computed from a connector's settings, and the form for an authentication's name."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import escape

from integrations.models import Authentication
from integrations.spec import Setting, SettingError, Stage

KEPT = "Set; leave blank to keep"
NAME_TAKEN = "This name is taken."


class SettingField(forms.Field):
    """A form field for one `Setting`: its label, help, limits and default, checked by `Setting.clean`.

    `note` stands beside the label in place of "Optional".
    """

    note = ""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        super().__init__(
            label=setting.label, required=setting.required, widget=_widget(setting), help_text=escape(_hint(setting))
        )

    def keep(self, note: str) -> None:
        """There is a value already: blank keeps it. `note` says so."""
        self.note, self.required = note, False
        self.widget.is_required = False

    def clean(self, value: object) -> Any:
        if self.note and not value:
            return None
        try:
            return self.setting.clean(value)
        except SettingError as error:
            raise forms.ValidationError(str(error)) from error


class SettingsForm(forms.Form):
    """A form over `settings`. `values` fill it in, but for secrets, which are never shown.

    `kept` names the secrets that exist already, each with the note that says so: they may be left blank.
    """

    def __init__(
        self,
        settings: Iterable[Setting],
        data: Mapping[str, Any] | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = tuple(settings)
        defaults = {s.name: s.default for s in self.settings if s.default is not None}
        super().__init__(data, initial={**defaults, **(values or {})})
        self.fields.update({s.name: SettingField(s) for s in self.settings})
        self.keep(kept or {})

    def keep(self, notes: Mapping[str, str]) -> None:
        for name, note in notes.items():
            field = self.fields[name]
            if isinstance(field, SettingField):
                field.keep(note)

    def values(self) -> dict[str, Any]:
        """The cleaned values, secrets included; what was left blank is not among them."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}

    def secret_values(self) -> dict[str, str]:
        """The secrets that were entered and are allowed, also of a form that has errors elsewhere."""
        secret = {s.name for s in self.settings if s.kind == "secret"}
        return {name: value for name, value in self.values().items() if name in secret}

    def stage(self, stage: Stage) -> list[BoundField]:
        return [self[s.name] for s in self.settings if s.stage == stage]

    @property
    def credentials(self) -> list[BoundField]:
        return self.stage("credentials")

    @property
    def advanced(self) -> list[BoundField]:
        return self.stage("advanced")

    @property
    def advanced_open(self) -> bool:
        """Whether the advanced settings need to be seen: something is wrong in them or differs from the default."""
        defaults = {s.name: s.default for s in self.settings}
        return any(b.errors or str(b.value()) != str(defaults[b.name]) for b in self.advanced)


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name people find it by: 1 to 255 characters, trimmed, not taken."""

    class Meta:
        model = Authentication
        fields = ["name"]
        help_texts = {
            "name": "1 to 255 characters. Workflows refer to it as <code>result_connection</code>.",
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"})}


def _widget(setting: Setting) -> forms.Widget:
    if setting.kind == "boolean":
        return forms.CheckboxInput()
    if setting.kind == "choice":
        return forms.Select(choices=setting.choices)
    if setting.kind == "secret":
        attrs = {"autocomplete": "new-password", "spellcheck": "false", "class": "mono"}
        return forms.PasswordInput(render_value=False, attrs=attrs)
    if setting.kind == "integer":
        return forms.NumberInput(attrs={"min": setting.minimum, "max": setting.maximum})
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"})


def _hint(setting: Setting) -> str:
    """Help, limits and default as sentences; a switch and a choice speak for themselves."""
    if setting.kind in ("boolean", "choice"):
        return setting.help
    limits = f"{setting.limits[:1].upper()}{setting.limits[1:]}." if setting.limits else ""
    default = f"Default: {setting.default:,}." if isinstance(setting.default, int) else ""
    return " ".join(part for part in (setting.help, limits, default) if part)
