"""From the form of a rule to its JSON: what was typed becomes values by the kind of what they are compared with."""

import json
import re
from collections.abc import Mapping
from typing import Any

from audiences.rule_form import CONDITION, FILTER, GROUP, Node
from audiences.rules import operators
from audiences.rules.operators import Spec, Takes
from audiences.rules.schema import Column, Kind, Schema, element_type, kind_of

Json = dict[str, Any]
OPPOSITE = {"Equal": "NotEqual", "NotEqual": "Equal", "In": "NotIn", "NotIn": "In"}
"""What `not` makes of an operator that has another for it: people choose among the two."""


class Subjects:
    """What nodes are about, looked up in a schema."""

    def __init__(self, schema: Schema) -> None:
        self.attributes = schema.known()
        self.behaviors = {name: table.known() for name, table in schema.sources().items()}

    def column(self, node: Node, above: Node | None = None) -> Column | None:
        """The attribute of a condition, the aggregated column of one about a behavior, the column of a filter."""
        if node.kind == FILTER:
            return self.columns(above).get(node.get("column")) if above else None
        about, _, name = node.get("about").partition(":")
        return self.attributes.get(name) if about == "a" else self.columns(node).get(node.get("column"))

    def columns(self, node: Node) -> dict[str, Column]:
        """Of the behavior that a condition is about."""
        about, _, name = node.get("about").partition(":")
        return self.behaviors.get(name, {}) if about == "b" else {}

    def specs(self, node: Node, above: Node | None = None) -> Mapping[str, Spec]:
        """The operators that it may have; none while it is not said what it is about."""
        column = self.column(node, above)
        if node.kind == CONDITION and node.get("about").startswith("b:"):
            counts = node.get("aggregation") in ("", "Count")
            return operators.of_aggregation(node.get("aggregation") or "Count", None if counts else column)
        return operators.of(column) if column else {}

    def compared(self, node: Node, above: Node | None = None) -> Kind:
        """The kind of the values to its right."""
        column = self.column(node, above)
        if (
            node.kind == CONDITION
            and node.get("about").startswith("b:")
            and node.get("aggregation") not in ("Min", "Max")
        ):
            return Kind.NUMBER
        if column is None:
            return Kind.TEXT
        return kind_of(element_type(column.type)) if column.kind is Kind.LIST else column.kind

    def spec(self, node: Node, above: Node | None = None) -> Spec | None:
        """Its operator: the one that was chosen, else the first that it may have."""
        specs = self.specs(node, above)
        return specs.get(node.get("operator").removeprefix("!")) or next(iter(specs.values()), None)


def to_json(root: Node, subjects: Subjects) -> tuple[Json, dict[str, Node]]:
    """The rule as JSON, and by their path in it the nodes that it is made of."""
    places: dict[str, Node] = {}
    rule = _group(root, subjects, "", places)
    if root.get("limit").strip():
        limit = root.get("limit").strip()
        rule["limit"] = int(limit) if re.fullmatch(r"[0-9]{1,18}", limit) else limit
    return rule, places


def _group(node: Node, subjects: Subjects, path: str, places: dict[str, Node]) -> Json:
    places[path] = node
    parts = []
    for n, child in enumerate(node.children):
        write = _group if child.kind == GROUP else _condition
        parts.append(write(child, subjects, f"{path}.conditions.{n}".lstrip("."), places))
    expr = {"expr": node.get("expr").strip()} if node.get("match") == "Composite" else {}
    exclude = {"exclude": True} if node.get("exclude") else {}
    return {"type": node.get("match") or "And", **expr, "conditions": parts, **exclude}


def _condition(node: Node, subjects: Subjects, path: str, places: dict[str, Node]) -> Json:
    places[path] = node
    about, _, name = node.get("about").partition(":")
    exclude = bool(node.get("exclude"))
    if about == "s":
        return {"type": "Reference", "id": node.get("segment"), "exclude": exclude}
    left: Json = {"name": name}
    if about == "b":
        aggregation = node.get("aggregation") or "Count"
        column = "" if aggregation == "Count" and not node.get("column") else node.get("column")
        left = {"name": column, "source": {"name": name}, "aggregation": {"type": aggregation}}
        if node.children:
            left["filter"] = _filter(node, subjects, f"{path}.leftValue.filter", places)
    data = {"type": "Value", "leftValue": left, "operator": _operator(node, None, subjects), "exclude": exclude}
    return data | (_matching(node, subjects.column(node)) if about == "a" else {})


def _filter(node: Node, subjects: Subjects, path: str, places: dict[str, Node]) -> Json:
    parts = []
    for n, child in enumerate(node.children):
        places[f"{path}.conditions.{n}"] = child
        data = {"type": "Column", "column": child.get("column"), "operator": _operator(child, node, subjects)}
        parts.append(data | {"exclude": bool(child.get("exclude"))} | _matching(child, subjects.column(child, node)))
    return {"type": node.get("filters") or "And", "conditions": parts}


def _matching(node: Node, column: Column | None) -> Json:
    return (
        {"arrayMatching": node.get("matching")} if column and column.kind is Kind.LIST and node.get("matching") else {}
    )


def _operator(node: Node, above: Node | None, subjects: Subjects) -> Json:
    spec, kind = subjects.spec(node, above), subjects.compared(node, above)
    if spec is None:
        return {"type": node.get("operator").removeprefix("!"), "not": False}
    negated = node.get("operator") == f"!{spec.type}"
    return {"type": spec.type, **_operand(node, spec.takes, kind), "not": negated}


def _operand(node: Node, takes: Takes, kind: Kind) -> Json:
    """What is blank is left out. Numbers and truths go as they were typed: who checks the rule reads them."""
    if takes is Takes.ONE:
        return _given(node, kind, rightValue="value")
    if takes is Takes.MANY:
        return {"rightValues": [_text(line, kind) for line in node.get("lines").split("\n") if line.strip()]}
    if takes is Takes.DURATION:
        return {"value": node.get("number").strip(), "unit": node.get("unit") or "day"}
    if takes is Takes.RANGE:
        return _given(node, kind, min="min", max="max")
    return _given(node, Kind.TIME, **{"from": "from", "to": "to"}) if takes is Takes.DATES else {}


def _given(node: Node, kind: Kind, **names: str) -> Json:
    """names: of the texts, by the keys of the JSON."""
    return {key: _text(node.get(name), kind) for key, name in names.items() if node.get(name).strip()}


def _text(typed: str, kind: Kind) -> str | int:
    if kind is Kind.TIME and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", typed):
        return int(typed)  # UNIX seconds
    return unquoted(typed) if kind is Kind.TEXT else typed.strip()


def unquoted(typed: str) -> str:
    """A text as it was typed; in double quotes it is one of JSON, which can be empty or hold a line break."""
    if re.match(r'\s*".*"\s*$', typed, re.DOTALL):
        try:
            return str(json.loads(typed))
        except ValueError:
            pass
    return typed


def quoted(text: str) -> str:
    """What has to be typed for this text: itself, unless it is blank, has several lines or would be read as quoted."""
    plain = text.strip() and len(text.splitlines()) == 1 and unquoted(text) == text
    return text if plain else json.dumps(text, ensure_ascii=False)
