"""From a rule's JSON to the form that shows it. It need not be valid any more: a column that it names may be gone."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from audiences.rule_form import CONDITION, FILTER, GROUP, Node
from audiences.rule_writing import OPPOSITE, quoted

Json = dict[str, Any]


def from_json(rule: Json) -> Node:
    """`rule`: as `to_json` of audiences.rules.model gives it."""
    root = _group(rule, count())
    root.values["limit"] = _text(rule.get("limit"))
    return root


def _group(data: Json, keys: Iterator[int]) -> Node:
    values = {"match": data["type"], "expr": data.get("expr", ""), "exclude": _flag(data)}
    node = Node(next(keys), GROUP, values)
    node.children = [_condition(one, keys) for one in data.get("conditions", ())]
    return node


def _condition(data: Json, keys: Iterator[int]) -> Node:
    if "conditions" in data:
        return _group(data, keys)
    node = Node(next(keys), CONDITION, {"exclude": _flag(data)})
    if data["type"] == "Reference":
        node.values |= {"about": "s", "segment": str(data["id"])}
        return node
    left = data["leftValue"]
    node.values |= _operator(data["operator"])
    if "source" not in left:
        node.values |= {"about": f"a:{left['name']}", "matching": data.get("arrayMatching", "")}
        return node
    aggregation = left.get("aggregation", {}).get("type", "Count")
    node.values |= {"about": f"b:{left['source']['name']}", "aggregation": aggregation, "column": left.get("name", "")}
    if found := left.get("filter"):
        node.values["filters"] = found["type"]
        node.children = [_filter(one, keys) for one in found["conditions"]]
    return node


def _filter(data: Json, keys: Iterator[int]) -> Node:
    values = {"column": data["column"], "matching": data.get("arrayMatching", ""), "exclude": _flag(data)}
    return Node(next(keys), FILTER, values | _operator(data["operator"]))


def _operator(data: Json) -> dict[str, str]:
    """All that it takes, under the names of the form."""
    kind = data["type"]
    if data.get("not"):
        kind = OPPOSITE.get(kind, f"!{kind}")
    texts = {name: _text(data.get(name)) for name in ("min", "max", "unit", "from", "to")}
    values = data.get("rightValues", [data["rightValue"]] if "rightValue" in data else [])
    lines = "\n".join(map(_text, values))
    return {"operator": kind, "value": lines, "lines": lines, "number": _text(data.get("value")), **texts}


def _flag(data: Json) -> str:
    return "1" if data.get("exclude") else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else quoted(value) if isinstance(value, str) else str(value)
