"""Rules as people read them."""

import pytest

from audiences.rules.parsing import parse
from audiences.rules.words import sentence
from tests.audiences.rules import tables

SCHEMA = tables.schema("Asia/Tokyo")
LATELY = {"type": "Column", "column": "time", "operator": {"type": "TimeWithinPast", "value": 30, "unit": "day"}}
TEA = {"type": "Column", "column": "the category", "operator": {"type": "In", "rightValues": ["tea", "cups"]}}


def value(name, operator, exclude=False, matching=None, **operand):
    data = {"type": "Value", "leftValue": {"name": name}, "operator": {"type": operator, **operand}, "exclude": exclude}
    return data | ({"arrayMatching": matching} if matching else {})


def orders(aggregation, column, operator, *conditions, **operand):
    left = {"name": column, "source": {"name": "behavior_orders"}, "aggregation": {"type": aggregation}}
    if conditions:
        left["filter"] = {"type": "And", "conditions": list(conditions)}
    return {"type": "Value", "leftValue": left, "operator": {"type": operator, **operand}}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (value("country", "Equal", rightValue="JP"), "country is JP"),
        (value("country", "Equal", rightValue="", exclude=True), 'country is not ""'),
        (value("country", "NotIn", rightValues=["JP", "US"], **{"not": True}), "country is one of JP or US"),
        (value("country", "In", rightValues=list("abcdefg")), "country is one of a, b, c, d, e or 2 more"),
        (value("points", "Between", min=1000, max=2000.5), "points is between 1,000 and 2000.5"),
        (value("points", "Between", max=3), "points is at most 3"),
        (value("newsletter", "Equal", rightValue=True), "newsletter is true"),
        (value("newsletter", "IsNull", **{"not": True}), "newsletter is not missing"),
        (value("birthday", "Less", rightValue="2000-01-01"), "birthday is before 2000-01-01"),
        (value("seen", "TimeRange", **{"from": 1760000000}), "seen is since 2025-10-09 17:53:20"),
        (value("last_purchase", "TimeWithinNext", value=1, unit="week"), "last_purchase is within the next 1 week"),
        (value("tags", "Equal", rightValue="vip"), "any of tags is vip"),
        (value("tags", "NotEqual", rightValue="vip"), "none of tags is vip"),
        (value("tags", "Contain", rightValue="v", exclude=True, matching="all"), "not all of tags contains v"),
        (orders("Count", "", "GreaterEqual", LATELY, rightValue=2), "at least 2 Orders within the last 30 days"),
        (
            orders("Count", "", "Less", LATELY, TEA, rightValue=3),
            "fewer than 3 Orders within the last 30 days where the category is one of tea or cups",
        ),
        (orders("Sum", "the total", "Greater", rightValue=9), "the sum of the total of Orders is greater than 9"),
        (
            orders("Max", "time", "TimeToday", TEA),
            "the latest time of Orders where the category is one of tea or cups is today",
        ),
        ({"type": "Reference", "id": "7", "exclude": True}, "not in the segment VIP"),
    ],
)
def test_a_condition_is_said(condition, said):
    rule = parse({"type": "And", "conditions": [condition]}, SCHEMA, {7: "VIP"})
    assert sentence(rule, SCHEMA, {7: "VIP"}) == said


def test_groups_are_said():
    country, points = value("country", "Equal", rightValue="JP"), value("points", "Greater", rightValue=1)
    either = {"type": "Or", "conditions": [country, points], "exclude": True}
    composite = {"type": "Composite", "expr": "1 AND (2 OR 3)", "conditions": [country, points, either]}
    rule = parse({"type": "And", "conditions": [country, either, composite], "limit": 1000}, SCHEMA)
    j, p = "country is JP", "points is greater than 1"
    said = f"{j}, and not ({j} or {p}), and ({j} and ({p} or not ({j} or {p}))); the first 1,000 of them"
    assert sentence(rule, SCHEMA, {}) == said
    assert sentence(parse({"type": "And", "conditions": []}, SCHEMA), SCHEMA, {}) == "everyone"
