"""The form of a parent segment: its details, the parts of its definition, its schedule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict, flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audiences import checking, parents, parts
from audiences.definitions import Definition
from audiences.models import ParentSegment
from audiences.parents import Plan
from audiences.parts import Part, Parts
from audiences.schemas import TableTypes, Types
from exports import schedules
from exports.schedule_forms import ScheduleForm
from exports.zones import ZoneSelect, time_zones
from warehouse.forms import type_words
from warehouse.models import Table

LABELS = {
    "table": "Table",
    "key": "Key column",
    "parent_key": "Matches in the master table",
    "group": "Group",
    "name": "Behavior name",
    "time": "Time column",
}
HELP = {
    "master.key": "Tells customers apart: one row a value is kept.",
    "group": "A heading for these columns in the rule builder.",
    "name": "What happened, such as Orders or Visits.",
    "time": "When it happened: a date, a timestamp, or UNIX seconds.",
}
SHAPES = {"hx-post": "", "hx-trigger": "change", "hx-vals": '{"do": "shape"}'}  # the form follows
OPTIONAL = {"group"}
TEXTS = {"group", "name"}


class TableSelect(ZoneSelect):
    """Its choices are [(database, [(database.table, table)])]: joined at once, as there may be many."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        groups = ((database, _options(options, value)) for database, options in self.choices)
        drawn = format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)
        return format_html('<select{}><option value="">Choose a table</option>{}</select>', given, drawn)


class DetailsForm(forms.Form):
    """`base`: the state of the parent segment that the form began with."""

    name = forms.CharField(
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the parent segment a name."},
    )
    description = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    time_zone = forms.ChoiceField(
        choices=time_zones,
        label="Time zone",
        widget=ZoneSelect,
        help_text="When a day begins, for rules such as “within the last 30 days”.",
        error_messages={
            "required": "Choose a time zone, such as Asia/Tokyo.",
            "invalid_choice": "There is no time zone “%(value)s”. Write a name such as Asia/Tokyo, or UTC.",
        },
    )
    base = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, parent: ParentSegment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parent = parent

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ParentSegment.objects.filter(name=name).exclude(pk=self.parent.pk if self.parent else 0).exists():
            raise ValidationError("A parent segment with this name exists.")
        return name


@dataclass(frozen=True)
class Line:
    """A column that can be taken: `name`: what it is called in the parent segment."""

    source: str
    type: str
    taken: bool
    name: str
    error: str = ""


class PartForm(forms.Form):
    """The fields of one part; `lines`: the columns of its table, for a part that takes some."""

    def __init__(self, path: str, part: Part, tables: list[Any], held: Types, master: Types) -> None:
        super().__init__(initial=part.values, prefix=path.replace(".", "-"))
        self.path, self.part, self.held = path, part, held
        self.lines = [] if path == "master" else [*_lines(part, held)]
        self.columns_error = ""
        for name in parts.KINDS.get(path.partition(".")[0], parts.MASTER):
            self.fields[name] = _field(path, name, tables, held, master)

    @property
    def title(self) -> str:
        return self.part.values.get("name") or self.part.values.get("table", "").partition(".")[2]

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """(id of the field, its label, what is wrong with it)"""
        found = [(self[name].id_for_label, str(self.fields[name].label), str(e[0])) for name, e in self.errors.items()]
        found += [(f"{self.prefix}-columns", "Columns", self.columns_error)] if self.columns_error else []
        return found + [(f"{self.prefix}-name:{one.source}", one.source, one.error) for one in self.lines if one.error]

    def refuse(self, problems: Mapping[str, str], columns: list[str]) -> None:
        """`problems`: by field, or "columns", or columns.N.name of the N-th of `columns`."""
        self._errors = ErrorDict()
        for name, text in problems.items():
            if name in self.fields:
                self._errors[name] = self.error_class([text])
            elif name == "columns":
                self.columns_error = text
        bad = {columns[int(path.split(".")[1])]: text for path, text in problems.items() if path.startswith("columns.")}
        self.lines = [Line(one.source, one.type, one.taken, one.name, bad.get(one.source, "")) for one in self.lines]


class ParentForm:
    """All of it. `post`: what was sent, if it was; `parent`: whose form it is, if it exists."""

    def __init__(self, post: Mapping[str, str] | None = None, parent: ParentSegment | None = None) -> None:
        self.parent, self.post = parent, post
        every = Table.objects.values_list("database__name", "name", "columns").order_by("database__name", "name")
        self.types: TableTypes = {(database, name): dict(columns) for database, name, columns in every}
        self.conflict = ""
        self.saves = bool(post) and not (post or {}).get("do")
        self.parts = parts.of_post(post) if post else _kept(parent)
        if post and (not self.saves or self.parts.stale):
            self.parts = parts.shaped(self.parts, post.get("do", ""), self.types)
        self.unseen = bool(post and self.saves and parts.of_post(post).stale)
        self._details()
        kept = schedules.of(parent.query) if parent and parent.query else None
        zone = parent.query.time_zone if parent and parent.query else (post or {}).get("time_zone", "UTC")
        self.schedule = ScheduleForm(post, kept, idle={"time_zone": zone or "UTC"})
        self._parts()

    def is_valid(self) -> bool:
        """Tells each problem beside its field."""
        definition = self.parts.definition(self.types)
        own = self.parent.database_name if self.parent else ""
        found = checking.problems(definition, self.types, own=own)
        self.master.refuse(_below("master", found), [])
        for kind in parts.KINDS:
            for number, (form, one) in enumerate(zip(getattr(self, kind), getattr(definition, kind), strict=True)):
                form.refuse(_below(f"{kind}.{number}", found), [column.source for column in one.columns])
        schedule = not self.schedule.is_bound or self.schedule.is_valid()
        return self.details.is_valid() and schedule and not found and not self.unseen

    def plan(self) -> Plan:
        """What a valid form holds."""
        data = self.details.cleaned_data
        definition = self.parts.definition(self.types)
        return Plan(data["name"], definition, data["description"], data["time_zone"], self.schedule.timing())

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """(id of the field, its label, what is wrong with it) of each problem, in the order of the page."""
        found = [*_wrong(self.details), *self.master.wrong]
        for form in (*self.attributes, *self.behaviors):
            found += [(anchor, f"{form.title or 'Table'}, {label.lower()}", text) for anchor, label, text in form.wrong]
        return found + ([*_wrong(self.schedule)] if self.schedule.is_bound else [])

    def _details(self) -> None:
        parent = self.parent
        if self.post:
            given = {name: self.post.get(name, "") for name in ("name", "description", "time_zone", "base")}
            self.details = DetailsForm(given if self.saves else None, initial=given, parent=parent)
        elif parent and parent.query:
            about = {"name": parent.name, "description": parent.description, "time_zone": parent.query.time_zone}
            self.details = DetailsForm(initial=about | {"base": parents.state(parent)}, parent=parent)
        else:
            self.details = DetailsForm(initial={"time_zone": "UTC"})

    def _parts(self) -> None:
        own = self.parent.database_name if self.parent else None
        groups: dict[str, list[tuple[str, str]]] = {}
        for database, name in self.types:
            if database != own:
                groups.setdefault(database, []).append((f"{database}.{name}", name))
        tables, master = [*groups.items()], self.types.get(self.parts.master.table, {})
        self.master = PartForm("master", self.parts.master, tables, master, master)
        self.attributes, self.behaviors = (
            [
                PartForm(f"{kind}.{number}", part, tables, self.types.get(part.table, {}), master)
                for number, part in enumerate(getattr(self.parts, kind))
            ]
            for kind in parts.KINDS
        )


def _kept(parent: ParentSegment | None) -> Parts:
    if parent is None:
        return Parts(Part({"table": "", "key": ""}))
    return parts.of_definition(Definition.from_json(parent.definition))


def _below(path: str, problems: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(f"{path}."): text for key, text in problems.items() if key.startswith(f"{path}.")}


def _wrong(form: forms.Form) -> Iterator[tuple[str, str, str]]:
    for name, errors in form.errors.items():
        yield form[name].id_for_label, str(form[name].label), str(errors[0])


def _lines(part: Part, held: Types) -> Iterator[Line]:
    """The table's columns, then those that are taken and gone."""
    for name, kind in held.items():
        yield Line(name, type_words(kind), name in part.taken, part.names.get(name, name))
    for name in sorted(part.taken - set(held)):
        yield Line(name, "Gone", True, part.names.get(name, name))


def _field(path: str, name: str, tables: list[Any], held: Types, master: Types) -> forms.Field:
    return forms.CharField(
        label=LABELS[name],
        required=name not in OPTIONAL,
        help_text=HELP.get(f"{path}.{name}", HELP.get(name, "") if path != "master" else ""),
        widget=_widget(name, tables, master if name == "parent_key" else held),
    )


def _widget(name: str, tables: list[Any], columns: Types) -> forms.Widget:
    if name in TEXTS:
        return forms.TextInput(attrs={"autocomplete": "off", "maxlength": 100})
    if name == "table":
        return TableSelect(choices=tables, attrs=SHAPES)
    first = "Choose a column" if columns else "Choose the table first"
    return ZoneSelect(
        choices=[("", first), *((each, f"{each} ({type_words(kind)})") for each, kind in columns.items())]
    )


def _options(options: Any, value: Any) -> SafeString:
    rows = ((key, mark_safe(" selected") if key == value else "", label) for key, label in options)
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)
