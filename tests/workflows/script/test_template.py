"""Where expressions are in a text. The examples are those of digdag's own tests, and what its digdag.js does."""

import pytest

from workflows.script.template import Code, evaluate_tree, split


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("$", ["$"]),
        ("p$$s", ["p$s"]),
        ("${", ["${"]),
        ("p${v", ["p", "${v"]),
        ("p${1}m$$m${2}s", ["p", Code("1", 1), "m$m", Code("2", 1), "s"]),
        ("$${a}", ["$", Code("a", 1)]),
        ("${}x", ["x"]),
        ("${{a: {b: 1}}.a.b}}", [Code("{a: {b: 1}}.a.b", 1), "}"]),
        ("a\n${b\n}\n${c}", ["a\n", Code("b\n", 2), "\n", Code("c", 4)]),
        ("${a ${b}", ["${a ${b}"]),
        ("k=${secret:td.apikey} ${a ? b : c}", ["k=${secret:td.apikey} ", Code("a ? b : c", 1)]),
    ],
)
def test_it_splits_as_digdag_does(text, pieces):
    assert split(text) == pieces


def test_a_text_sees_what_stands_before_it_in_its_own_map_and_not_in_those_around_it():
    seen = {}

    def evaluate(pieces, scope, where):
        seen[where] = scope
        return pieces[0].source.upper()

    tree = {
        "first": "${a}",
        "nested": {"own": "${b}", "list": ["${c}", 3, {"deep": "${d}"}]},
        "_do": {"+later": {"echo>": "${e}"}},
        "+task": {"echo>": "${f}"},
        "plain": None,
    }

    assert evaluate_tree(tree, {"first": "raw"}, evaluate) == tree | {
        "first": "A",
        "nested": {"own": "B", "list": ["C", 3, {"deep": "D"}]},
    }
    assert seen == {
        "first": {"first": "raw"},
        "nested.own": {"first": "raw"},
        "nested.list[0]": {"first": "raw", "own": "B"},
        "nested.list[2].deep": {"first": "raw"},
    }
