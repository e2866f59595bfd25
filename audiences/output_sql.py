"""The output columns of an activation as SQL expressions."""

from dataclasses import dataclass

from sqlglot import exp

from audiences import stamps
from audiences.outputs import AUDIENCE_ID, SEGMENT_ID, SEGMENT_NAME, STRING, TIMESTAMP, Built, Outputs, Parameter
from audiences.rules.compiling import column
from audiences.rules.schema import Schema
from warehouse.sql import nodes


@dataclass(frozen=True)
class Names:
    """What the string builder can name. `segment`, `audience`: numbers of the segment and of its parent."""

    segment: int
    segment_name: str
    audience: int


def expressions(outputs: Outputs, schema: Schema, names: Names) -> list[tuple[str, exp.Expr]]:
    """(name, expression) of each output column. Raises OutputsError."""
    outputs.check(schema)
    attributes = [(one.column, column(one.source, schema)) for one in outputs.taken(schema)]
    return [*attributes, *((one.column, _built(one, names)) for one in outputs.strings)]


def _built(one: Built, names: Names) -> exp.Expr:
    if one.alone:
        return _value(one.alone, names)
    return nodes.joined([nodes.text(part) if isinstance(part, str) else _text(part, names) for part in one.parts])


def _text(parameter: Parameter, names: Names) -> exp.Expr:
    value = _value(parameter, names)
    return nodes.cast(value, "VARCHAR") if parameter.format == stamps.UNIX else value


def _value(parameter: Parameter, names: Names) -> exp.Expr:
    if parameter.type == TIMESTAMP:
        return stamps.expression(parameter.format, parameter.timezone)
    texts = {
        STRING: parameter.value,
        SEGMENT_ID: str(names.segment),
        SEGMENT_NAME: names.segment_name,
        AUDIENCE_ID: str(names.audience),
    }
    return nodes.text(texts[parameter.type])
