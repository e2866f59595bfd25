"""What is wrong with a rule is said all at once, each with its place."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.rules import model
from audiences.rules.parsing import parse
from audiences.rules.problems import RuleError
from tests.audiences.rules import tables

SCHEMA = tables.schema()


def value(name, operator, **more):
    return {"type": "Value", "leftValue": {"name": name}, "operator": operator, **more}


def behavior(operator, aggregation="Count", column="", source="behavior_orders", **left):
    left = {"name": column, "source": {"name": source}, "aggregation": {"type": aggregation}, **left}
    return {"type": "Value", "leftValue": left, "operator": operator}


def rule(*conditions, **more):
    return {"type": "And", "conditions": list(conditions), **more}


def problems(data, **options):
    with pytest.raises(RuleError) as raised:
        parse(data, SCHEMA, **options)
    return dict(raised.value.problems)


def test_every_problem_is_found_at_once():
    data = rule(
        value("contry", {"type": "Equal", "rightValue": "JP"}),
        rule(value("country", {"type": "Greater"}), value("points", {"type": "In", "rightValues": []})),
        behavior({"type": "GreaterEqual", "rightValue": "many"}),
        limit=0,
    )
    assert problems(data) == {
        "conditions.0.leftValue.name": 'There is no attribute "contry". Did you mean country?',
        "conditions.1.conditions.0.operator.type": '"Greater" is not an operator for the text column country. Allowed: '
        "Equal, NotEqual, In, NotIn, Contain, StartWith, EndWith, Regexp, IsNull.",
        "conditions.1.conditions.1.operator.rightValues": "This is a list of at least one value.",
        "conditions.2.operator.rightValue": '"many" is not a number. Write one such as 12 or 2.5, of up to 38 digits.',
        "limit": "0 is not a number of customers. Give a whole number from 1.",
    }


@pytest.mark.parametrize(
    ("condition", "place", "said"),
    [
        (value("points", {"type": "Equal"}), "operator.rightValue", "A value is missing"),
        (value("points", {"type": "Equal", "rightValue": True}), "operator.rightValue", "true is not a number"),
        (value("points", {"type": "Equal", "rightValue": float("nan")}), "operator.rightValue", "nan is not a number"),
        (value("points", {"type": "Equal", "rightValue": 10**50}), "operator.rightValue", "more than 40 digits is not"),
        (value("points", {"type": "Between"}), "operator", "Give min or max, or both"),
        (value("points", {"type": "Between", "min": 2, "max": 1}), "operator", "min is greater than max"),
        (value("points", {"type": "Equal", "rightValue": 1, "not": 1}), "operator.not", "true or false, not 1"),
        (value("points", "Equal"), "operator", 'with a type, not "Equal"'),
        (value("country", {"type": "Equal", "rightValue": 3}), "operator.rightValue", "3 is not a text"),
        (value("country", {"type": "Equal", "rightValue": "a\0"}), "operator.rightValue", "no column can hold"),
        (value("country", {"type": "Equal", "rightValue": "\ud800"}), "operator.rightValue", "no column can hold"),
        (value("country", {"type": "Equal", "rightValue": "x" * 1001}), "operator.rightValue", "longer than 1,000"),
        (value("country", {"type": "Contain", "rightValue": ""}), "operator.rightValue", "every text contains it"),
        (value("country", {"type": "Regexp", "rightValue": "(a"}), "operator.rightValue", "missing \\): \\(a"),
        (value("country", {"type": "Regexp", "rightValue": r"(a)\1"}), "operator.rightValue", "invalid escape"),
        (value("country", {"type": "In", "rightValues": ["x"] * 1001}), "operator.rightValues", "At most 1,000"),
        (value("country", {"type": "IsNull", "rightValue": 1}), "operator.rightValue", "not known here"),
        (value("country", {"type": "IsNull"}, arrayMatching="any"), "arrayMatching", "Only lists have it"),
        (value("tags", {"type": "Equal", "rightValue": "x"}, arrayMatching="some"), "arrayMatching", "any, all"),
        (
            value("newsletter", {"type": "Equal", "rightValue": "yes"}),
            "operator.rightValue",
            '"yes" is not true or false',
        ),
        (value("birthday", {"type": "TimeWithinPast", "value": 3, "unit": "days"}), "operator.unit", "Allowed: year, "),
        (value("birthday", {"type": "TimeWithinPast", "value": 1.5, "unit": "day"}), "operator.value", "to 36,500"),
        (value("birthday", {"type": "TimeRange", "from": "31.1.2026"}), "operator.from", 'such as "2026-01-31"'),
        (value("birthday", {"type": "TimeRange", "to": "2026-02-30"}), "operator.to", "UNIX seconds"),
        (value("birthday", {"type": "TimeRange", "from": "2026-02-02", "to": "2026-02-01"}), "operator", "after to"),
        (behavior({"type": "IsNull"}), "operator.type", "not an operator for the number of events"),
        (behavior({"type": "IsNull"}, "Median"), "leftValue.aggregation.type", "Count, Sum, Avg, Min, Max"),
        (behavior({"type": "IsNull"}, "Sum"), "leftValue.name", "Sum needs a column"),
        (behavior({"type": "IsNull"}, "Sum", "the category"), "leftValue.name", "text column, which has no sum"),
        (
            behavior({"type": "IsNull"}, source="behavior_order"),
            "leftValue.source.name",
            "mean behavior_orders?",
        ),
        (behavior({"type": "IsNull"}, filter={"type": "Not"}), "leftValue.filter.type", "Allowed: And, Or"),
        ({"type": "Reference", "id": "x"}, "id", "not the number of a segment"),
        ({"type": "Reference", "id": "9"}, "id", "There is no segment 9"),
        ({"type": "Funnel"}, "type", "And, Or, Composite, Value, Reference"),
        ({"type": "Or", "conditions": []}, "conditions", "no conditions"),
        ({"type": "Composite", "conditions": [rule()], "expr": ""}, "expr", 'needs an expr such as "1 AND'),
        ({"type": "And", "conditions": [], "expr": "1"}, "expr", "Only a group of type Composite"),
        ("x", "", "A condition is an object"),
    ],
)
def test_a_problem_says_where_it_is_what_is_wrong_and_what_is_allowed(condition, place, said):
    found = problems(rule(condition))
    assert re.search(said, found[f"conditions.0.{place}".rstrip(".")])


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("1 AND 3", "There is no condition 3. Allowed: 1 to 2."),
        ("1 AND 1", "The expression has to name every condition; 2 is not in it."),
        ("1 NOT 2", '"NOT" cannot stand in the expression. Allowed: numbers, AND, OR, parentheses.'),
        ("1 AND (2", 'A ")" is missing.'),
        ("1 2", '"2" is not expected there.'),
        ("1 AND", "A number is missing at the end."),
        ("(" * 11 + "1 OR 2" + ")" * 11, "The parentheses are nested more than 10 deep."),
        ("1 OR " * 500 + "2", "The expression is longer than 2,000 characters."),
    ],
)
def test_the_expression_of_a_composite_group_is_checked(expr, said):
    country = value("country", {"type": "IsNull"})
    data = {"type": "Composite", "expr": expr, "conditions": [country, country]}
    assert problems(data) == {"expr": said}


def test_a_rule_has_a_size_and_a_depth():
    deep = rule()
    for _ in range(100_000):
        deep = rule(deep)
    assert list(problems(deep).values()) == ["Groups are nested more than 10 deep."]
    wide = rule(*[rule(*[value("country", {"type": "IsNull"})] * 100)] * 5)
    assert list(problems(wide).values()) == ["The rule has more than 500 conditions."]


def test_it_refers_to_known_segments_only():
    data = rule({"type": "Reference", "id": "7"}, {"type": "Reference", "id": 8, "exclude": True})
    barred = {8: "A segment cannot refer to itself."}
    assert problems(data, segments={7: "VIP", 8: "Self"}, barred=barred) == {"conditions.1.id": barred[8]}
    parsed = parse(data, SCHEMA, {7: "VIP", 8: "Another"})
    assert model.references(parsed) == {7, 8}
    assert parsed.to_json()["conditions"][1] == {"type": "Reference", "id": "8", "exclude": True}


def test_it_says_what_a_rule_uses():
    events = {"type": "And", "conditions": [{"type": "Column", "column": "time", "operator": {"type": "TimeToday"}}]}
    parsed = parse(
        rule(
            value("country", {"type": "IsNull"}),
            behavior({"type": "Less", "rightValue": "2.50"}, "Max", "the total", filter=events),
        ),
        SCHEMA,
    )
    assert model.columns_used(parsed) == {"country"}
    assert model.behaviors_used(parsed) == {"behavior_orders": {"the total", "time"}}


def test_numbers_as_text_and_single_values_of_lists_are_understood():
    numbers = value("points", {"type": "In", "rightValues": ["1", "2.50", "-3"]})
    single = value("country", {"type": "Contain", "rightValue": "J"})
    found = parse(rule(numbers, single), SCHEMA).to_json()["conditions"]
    assert [one["operator"]["rightValues"] for one in found] == [[1, 2.5, -3], ["J"]]


@given(tables.rules())
@settings(deadline=None, max_examples=60)
def test_a_rule_comes_back_from_its_json(data):
    parsed = parse(data, SCHEMA)
    assert parse(json.loads(json.dumps(parsed.to_json())), SCHEMA) == parsed


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
WORDS = st.sampled_from(["type", "conditions", "And", "Value", "leftValue", "operator", "name", "source", "country"])
WORDS |= st.sampled_from(
    ["Equal", "In", "rightValue", "rightValues", "filter", "aggregation", "Count", "expr", "limit"]
)
JSON = st.recursive(SCALARS | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner))


@given(JSON, tables.rules(), st.data())
@settings(deadline=None, max_examples=100)
def test_whatever_else_comes_is_refused_with_reasons(json_, data, drawn):
    node = data
    while True:  # put something in some place of a good rule
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = drawn.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or drawn.draw(st.integers(0, 3)) == 0:
            node[key] = json_
            break
        node = node[key]
    for one in (data, json_):
        try:
            parse(one, SCHEMA)
        except RuleError as error:
            assert error.problems
            assert all(sentence.endswith((".", "?")) for _, sentence in error.problems)
