"""A rule in a form: what is shown of any rule posts that rule."""

from django.http import QueryDict
from hypothesis import HealthCheck, given, settings

from audiences import rule_form
from audiences.rule_checks import check
from audiences.rule_reading import from_json
from audiences.rule_writing import OPPOSITE, Subjects
from audiences.rules.parsing import parse
from tests.audiences.rules import tables as made

SCHEMA = made.schema()


def read(data):
    return parse(data, SCHEMA, {7: "Other"})


def posted(root):
    """What the page that shows it posts."""
    data = QueryDict(mutable=True)

    def add(node, above):
        data.appendlist("node", f"{node.key}:{above}:{node.kind}")
        for name, text in node.values.items():
            data[f"{node.key}.{name}"] = text.replace("\n", "\r\n")
        for child in node.children:
            add(child, node.key)

    add(root, "")
    return data


def normal(data):
    """In the words of the form, which has one of *not equal* and *not* equal."""
    if isinstance(data, list):
        return [normal(one) for one in data]
    if not isinstance(data, dict):
        return data
    if data.get("not") and data.get("type") in OPPOSITE:
        data = data | {"type": OPPOSITE[data["type"]], "not": False}
    return {key: normal(value) for key, value in data.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made.rules(made.LEAVES | made.REFERENCES))
def test_a_rule_comes_back_from_its_form(data):
    rule = read(data)
    root = rule_form.read(posted(from_json(rule.to_json())))
    again = check(root, Subjects(SCHEMA), read)
    assert again, [node.problems for node in root.walk()]
    assert normal(again.to_json()) == normal(rule.to_json())


def test_nodes_that_cannot_be_are_left_out():
    lines = ["0::group", "1:0:condition", "1:0:group", "2:1:group", "3:9:condition", "4:1:filter", "x", "5::group"]
    data = QueryDict(mutable=True)
    data.setlist("node", lines)
    assert [node.key for node in rule_form.read(data).walk()] == [0, 1, 4]
    data.setlist("node", ["1:0:filter"])
    assert [node.kind for node in rule_form.read(data).walk()] == ["group", "condition"]
