"""The output columns of an activation, as Treasure Data's API has them:

    {"allColumns": bool, "columns": [
        {"column": output, "source": {"column": attribute}},
        {"column": output, "source": {"string": "$1-$2", "parameters": [
            {"type": "String", "value": text} | {"type": "Timestamp", "format": pattern, "timezone": name} |
            {"type": "SegmentId"} | {"type": "SegmentName"} | {"type": "AudienceId"}]}}]}

$1 stands for the first parameter. With `allColumns` every attribute is exported under its own name.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audiences import stamps
from audiences.models import Activation
from audiences.rules.schema import Schema
from exports.exporter.mapping import is_constant
from exports.targets import MAX_CONSTANT

STRING, TIMESTAMP, SEGMENT_ID, SEGMENT_NAME, AUDIENCE_ID = (
    "String",
    "Timestamp",
    "SegmentId",
    "SegmentName",
    "AudienceId",
)
LABELS = {
    STRING: "String",
    TIMESTAMP: "Timestamp",
    SEGMENT_ID: "Segment Id",
    SEGMENT_NAME: "Segment Name",
    AUDIENCE_ID: "Audience Id",
}
ALONE = "$1"
MOST = 500  # output columns
LONGEST_NAME = 128
UNUSABLE = "The value is too long, or has characters that no text can have."
PLACE = re.compile(r"\$(\d{1,3})")

Json = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """`type`: of LABELS; `value`: of a String; `format`, `timezone`: of a Timestamp, as in audiences.stamps."""

    type: str
    value: str = ""
    format: str = stamps.UNIX
    timezone: str = "UTC"

    def to_json(self) -> Json:
        if self.type == STRING:
            return {"type": self.type, "value": self.value}
        if self.type == TIMESTAMP:
            return {"type": self.type, "format": self.format, "timezone": self.timezone}
        return {"type": self.type}

    @property
    def says(self) -> str:
        """“conversion”, or "time of export", "segment name"."""
        if self.type == STRING:
            return f"“{self.value}”"
        return "time of export" if self.type == TIMESTAMP else LABELS[self.type].lower()


@dataclass(frozen=True)
class Attribute:
    """`column`: its name in the output; `source`: the attribute's."""

    column: str
    source: str

    def to_json(self) -> Json:
        return {"column": self.column, "source": {"column": self.source}}


@dataclass(frozen=True)
class Built:
    """A column with the same value in each row: `string` with $1, $2 … in place of the parameters."""

    column: str
    string: str
    parameters: tuple[Parameter, ...]

    def to_json(self) -> Json:
        parameters = [one.to_json() for one in self.parameters]
        return {"column": self.column, "source": {"string": self.string, "parameters": parameters}}

    @property
    def alone(self) -> Parameter | None:
        """The one parameter that it is; None for a combination."""
        return self.parameters[0] if self.string == ALONE and len(self.parameters) == 1 else None

    @property
    def parts(self) -> list[str | Parameter]:
        """Its texts and parameters, one after another."""
        found: list[str | Parameter] = []
        for n, text in enumerate(PLACE.split(self.string)):
            if n % 2:
                found.append(self.parameters[int(text) - 1])
            elif text:
                found.append(text)
        return found

    @property
    def says(self) -> str:
        return " + ".join(part.says if isinstance(part, Parameter) else f"“{part}”" for part in self.parts)


@dataclass(frozen=True)
class Problem:
    """`part`: "attributes", "strings", or "" for the whole; `index` in it; `field`: what of it is wrong."""

    part: str
    index: int
    field: str
    text: str


class OutputsError(ValueError):
    """The output columns cannot be used."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Outputs:
    """With `all_columns` the `attributes` do not count."""

    all_columns: bool = True
    attributes: tuple[Attribute, ...] = field(default=())
    strings: tuple[Built, ...] = field(default=())

    def columns(self) -> list[Json]:
        chosen = [] if self.all_columns else [one.to_json() for one in self.attributes]
        return [*chosen, *(one.to_json() for one in self.strings)]

    def taken(self, schema: Schema) -> list[Attribute]:
        """The attributes that are exported."""
        return [Attribute(name, name) for name in schema.columns] if self.all_columns else list(self.attributes)

    def names(self, schema: Schema) -> list[str]:
        """Of all output columns, in their order."""
        return [*(one.column for one in self.taken(schema)), *(one.column for one in self.strings)]

    def same_in_all(self, name: str) -> bool:
        """Whether it is an output column with one value for all rows."""
        return any(one.column == name for one in self.strings)

    def check(self, schema: Schema) -> None:
        """Raises OutputsError with everything that is wrong."""
        if problems := [*_whole(self, schema), *_attributes(self, schema), *_strings(self), *_twice(self, schema)]:
            raise OutputsError(problems)


def read(all_columns: bool, columns: list[Json]) -> Outputs:
    """What `Outputs.columns` wrote, or a client of the API. Raises OutputsError for another form."""
    attributes: list[Attribute] = []
    strings: list[Built] = []
    for index, one in enumerate(columns):
        match one:
            case {"column": str(name), "source": {"column": str(source)}}:
                attributes.append(Attribute(name, source))
            case {"column": str(name), "source": {"string": str(string), "parameters": list(parameters)}}:
                strings.append(Built(name, string, tuple(_parameter(index, each) for each in parameters)))
            case _:
                raise _unknown(index, "An output column has a column, and a source with a column or a string.")
    return Outputs(all_columns, tuple(attributes), tuple(strings))


def of(activation: Activation) -> Outputs:
    return read(activation.all_columns, activation.columns)


def _parameter(index: int, data: object) -> Parameter:
    if not isinstance(data, Mapping) or data.get("type") not in list(LABELS):
        raise _unknown(index, f"The type of a parameter is one of {', '.join(LABELS)}.")
    texts = {key: data[key] for key in ("value", "format", "timezone") if data.get(key) is not None}
    if not all(isinstance(text, str) for text in texts.values()):
        raise _unknown(index, "A parameter's value, format and timezone are texts.")
    return Parameter(data["type"], **texts)


def _unknown(index: int, text: str) -> OutputsError:
    return OutputsError([Problem("columns", index, "source", text)])


def _whole(outputs: Outputs, schema: Schema) -> Iterator[Problem]:
    names = outputs.names(schema)
    if not names:
        yield Problem("", 0, "", "Nothing would be exported. Add columns or strings, or export all columns.")
    if len(names) > MOST:
        yield Problem("", 0, "", f"{len(names)} output columns; up to {MOST} are possible.")


def _attributes(outputs: Outputs, schema: Schema) -> Iterator[Problem]:
    for index, one in enumerate(() if outputs.all_columns else outputs.attributes):
        if one.source not in schema.columns:
            text = f"The parent segment has no column “{one.source}”. Choose another one, or remove this line."
            yield Problem("attributes", index, "source", text)
        if text := name_problem(one.column):
            yield Problem("attributes", index, "column", text)


def _strings(outputs: Outputs) -> Iterator[Problem]:
    for index, one in enumerate(outputs.strings):
        if text := name_problem(one.column):
            yield Problem("strings", index, "column", text)
        places = {int(n) for n in PLACE.findall(one.string)}
        if not one.string or places - set(range(1, len(one.parameters) + 1)):
            text = f"“{one.string}” must name its {len(one.parameters)} parameters as $1 and so on."
            yield Problem("strings", index, "value", text)
        if len(one.string) > MAX_CONSTANT or not is_constant(one.string):
            yield Problem("strings", index, "value", UNUSABLE)
        for parameter in one.parameters:
            yield from (Problem("strings", index, name, text) for name, text in _wrong(parameter).items())


def _wrong(parameter: Parameter) -> dict[str, str]:
    if parameter.type == TIMESTAMP:
        return stamps.problem(parameter.format, parameter.timezone)
    if parameter.type != STRING:
        return {}
    if not parameter.value:
        return {"value": "Enter the value that each row gets."}
    if len(parameter.value) > MAX_CONSTANT:
        return {"value": f"The value is longer than {MAX_CONSTANT:,} characters."}
    return {} if is_constant(parameter.value) else {"value": UNUSABLE}


def name_problem(name: str) -> str:
    """Why no output column can have this name; "" if one can."""
    if not name.strip():
        return "Enter a name for the output column."
    if len(name) > LONGEST_NAME:
        return f"A column's name has at most {LONGEST_NAME} characters."
    if name != name.strip() or not name.isprintable() or not is_constant(name):
        return "A column's name has no spaces around it and no characters that cannot be seen."
    return ""


def _twice(outputs: Outputs, schema: Schema) -> Iterator[Problem]:
    """Databases do not tell names apart that differ in upper and lower case alone."""
    times = Counter(name.lower() for name in outputs.names(schema) if name)
    text = "Another output column has this name. Upper and lower case make no difference."
    for part in ("attributes", "strings"):
        if part == "attributes" and outputs.all_columns:
            continue
        for index, one in enumerate(getattr(outputs, part)):
            if times[one.column.lower()] > 1:
                yield Problem(part, index, "column", text)
