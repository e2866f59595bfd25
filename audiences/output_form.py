"""The form of Output Mapping: its lines as they were entered, what is wrong with them, and lines added or removed.

Its fields come in lists, one value a line: `source`, `was` (the source when the page was made), `output`; and of the
string builder `kind`, `value`, `format`, `pattern`, `zone`, `made` (a combination's JSON) and `name`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audiences import outputs, stamps
from audiences.activation_forms import Raw
from audiences.outputs import LABELS, STRING, TIMESTAMP, Attribute, Built, Outputs, OutputsError, Parameter, Problem
from audiences.rules.schema import Schema
from integrations.spec import Connector, Field

ALL, CHOOSE = "1", "0"
OWN = "own"
FORMATS = {**stamps.LABELS, OWN: "Custom pattern"}
COMBINATION = "Combination"
KINDS = LABELS
OF_ATTRIBUTES, OF_STRINGS = ("source", "was", "output"), ("kind", "value", "format", "pattern", "zone", "made", "name")
NEW: Raw = {"all": [ALL]}


@dataclass(frozen=True)
class Line:
    """A line of one of the two tables. `values`: by field; `errors`: by field; `takes`: the destination's field that
    takes the column."""

    index: int
    values: dict[str, str]
    takes: Field | None
    errors: dict[str, str] = field(default_factory=dict)
    says: str = ""
    missing: bool = False

    @property
    def number(self) -> int:
        return self.index + 1


class OutputForm:
    """`judged`: whether what is still empty is wrong already."""

    def __init__(self, raw: Raw, *, schema: Schema, connector: Connector, judged: bool) -> None:
        self.raw, self.schema, self.judged = raw or NEW, schema, judged
        self.all_columns = self.raw.get("all", [ALL])[-1] != CHOOSE
        self.fields = {one.name: one for one in connector.fields}
        self.key_field = connector.key_field
        self.outputs = Outputs(
            self.all_columns,
            tuple(Attribute(one["output"].strip(), one["source"]) for one in _lines(self.raw, OF_ATTRIBUTES)),
            tuple(_built(one) for one in _lines(self.raw, OF_STRINGS)),
        )
        self.problems: list[Problem] = []
        try:
            self.outputs.check(schema)
        except OutputsError as error:
            self.problems = error.problems

    @property
    def valid(self) -> bool:
        return not self.problems

    @property
    def attributes(self) -> list[Line]:
        found = []
        for index, values in enumerate(_lines(self.raw, OF_ATTRIBUTES)):
            missing = values["source"] not in self.schema.columns
            found.append(self._line("attributes", index, values, values["output"], missing=missing))
        return found

    @property
    def every(self) -> list[Line]:
        """All columns, as they are exported without choosing."""
        return [Line(n, {"source": name}, self.fields.get(name)) for n, name in enumerate(self.schema.columns)]

    @property
    def strings(self) -> list[Line]:
        lines = zip(_lines(self.raw, OF_STRINGS), self.outputs.strings, strict=True)
        return [
            self._line("strings", n, values, values["name"], says=one.says) for n, (values, one) in enumerate(lines)
        ]

    def _line(self, part: str, index: int, values: dict[str, str], output: str, **more: Any) -> Line:
        mine = [one for one in self.problems if (one.part, one.index) == (part, index)]
        shown = {one.field: one.text for one in mine if self.judged or self._filled(one, values, output)}
        return Line(index, values, self.fields.get(output.strip()), shown, **more)

    def _filled(self, problem: Problem, values: dict[str, str], output: str) -> bool:
        """Whether something was entered in the field that is wrong."""
        names = {"column": output, "format": values.get("pattern", ""), "timezone": values.get("zone", "")}
        return bool(names.get(problem.field, values.get(problem.field, "")).strip())

    @property
    def whole(self) -> list[str]:
        return [one.text for one in self.problems if not one.part]

    @property
    def listed(self) -> list[dict[str, str]]:
        """Each problem with the id of its field, for the summary."""
        ids = {"source": "source", "column": "output", "value": "value", "format": "pattern", "timezone": "zone"}
        found = []
        for one in self.problems:
            name = "name" if (one.part, one.field) == ("strings", "column") else ids.get(one.field, "")
            what = {"attributes": "Column", "strings": "String"}.get(one.part, "")
            text = f"{what} {one.index + 1}: {one.text}" if what else one.text
            found.append({"to": f"{name}-{one.index}" if what else "all-columns", "text": text})
        return found

    @property
    def same_key(self) -> bool:
        """Whether all rows would have one deduplication key."""
        return self.outputs.same_in_all(self.key_field)

    @property
    def formats(self) -> dict[str, str]:
        return FORMATS

    @property
    def kinds(self) -> dict[str, str]:
        return KINDS


def _lines(raw: Raw, names: Sequence[str]) -> list[dict[str, str]]:
    """One a line: {field: value}. A list that is too short is filled up."""
    count = len(raw.get(names[0], []))
    columns = {name: [*raw.get(name, []), *[""] * count][:count] for name in names}
    return [{name: values[n] for name, values in columns.items()} for n in range(count)]


def _built(values: dict[str, str]) -> Built:
    name = values["name"].strip()
    if values["kind"] == COMBINATION:
        return _combination(name, values["made"])
    kind = values["kind"] if values["kind"] in LABELS else STRING
    parameter = Parameter(kind, value=values["value"])
    if kind == TIMESTAMP:
        own = values["format"] == OWN
        pattern = values["pattern"] if own else values["format"] if values["format"] in stamps.LABELS else stamps.UNIX
        parameter = Parameter(kind, format=pattern, timezone=values["zone"].strip() or "UTC")
    return Built(name, outputs.ALONE, (parameter,))


def _combination(name: str, made: str) -> Built:
    try:
        return outputs.read(False, [{"column": name, "source": json.loads(made)}]).strings[0]
    except (ValueError, IndexError, RecursionError):
        return Built(name, "", ())


# --- changes ------------------------------------------------------------------------------------------------------


def followed(raw: Raw) -> Raw:
    """Output names that were the source's, or empty, follow it."""
    lines = _lines(raw, OF_ATTRIBUTES)
    for one in lines:
        if one["output"].strip() in ("", one["was"]):
            one["output"] = one["source"]
        one["was"] = one["source"]
    return _with(raw, lines, OF_ATTRIBUTES)


def with_column(raw: Raw, schema: Schema, connector: Connector) -> Raw:
    """One more line, with a column that is not chosen yet: if there is one, of a name that the destination knows."""
    lines, known = _lines(raw, OF_ATTRIBUTES), {one.name for one in connector.fields}
    free = [name for name in schema.columns if name not in {one["source"] for one in lines}] or list(schema.columns)
    name = next((name for name in free if name in known), free[0] if free else "")
    return _with(raw, [*lines, {"source": name, "was": name, "output": name}], OF_ATTRIBUTES)


def with_string(raw: Raw) -> Raw:
    new = dict.fromkeys(OF_STRINGS, "") | {"kind": STRING, "format": stamps.UNIX, "zone": "UTC"}
    return _with(raw, [*_lines(raw, OF_STRINGS), new], OF_STRINGS)


def without(raw: Raw, line: str) -> Raw:
    """`line`: like "column-2" or "string-0"; unknown ones change nothing."""
    part, _, index = line.partition("-")
    names = {"column": OF_ATTRIBUTES, "string": OF_STRINGS}.get(part)
    if names is None:
        return raw
    return _with(raw, [one for n, one in enumerate(_lines(raw, names)) if str(n) != index], names)


def _with(raw: Raw, lines: list[dict[str, str]], names: Sequence[str]) -> Raw:
    return {**raw, **{name: [one[name] for one in lines] for name in names}}


def raw_of(made: Outputs) -> Raw:
    """What one would enter to get these."""
    attributes = [{"source": one.source, "was": one.source, "output": one.column} for one in made.attributes]
    raw: Raw = {"all": [ALL if made.all_columns else CHOOSE]}
    return _with(_with(raw, attributes, OF_ATTRIBUTES), [_values(one) for one in made.strings], OF_STRINGS)


def _values(one: Built) -> dict[str, str]:
    blank = dict.fromkeys(OF_STRINGS, "") | {"name": one.column, "format": stamps.UNIX, "zone": "UTC"}
    parameter = one.alone
    if parameter is None:
        return blank | {"kind": COMBINATION, "made": json.dumps(one.to_json()["source"], ensure_ascii=False)}
    known = parameter.format in stamps.LABELS
    stamp = {"format": parameter.format if known else OWN, "pattern": "" if known else parameter.format}
    return blank | {"kind": parameter.type, "value": parameter.value, "zone": parameter.timezone, **stamp}
