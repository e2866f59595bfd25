"""if>, for_each>, for_range>, loop> and call>: which tasks come of them, by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.factories import step, taken
from workflows.operators import loops
from workflows.operators.base import Done, TaskFailed

pytestmark = pytest.mark.django_db
BODY = "  _do:\n    echo>: hi\n"


def dig(op, more=""):
    return {"daily.dig": f"+a:\n  {op}\n{more}{BODY}"}


def made(outcome):
    assert isinstance(outcome, Done)
    return [(task.name, dict(task.export)) for task in outcome.subtasks]


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_if_runs_the_body_that_its_value_says(editor, value):
    files = dig("if>: ${n > 1}")
    (body,) = taken(step(editor, "if", value, files=files)).subtasks
    assert (body.name, body.path, body.file) == ("^sub", [0, "do"], "daily.dig")
    assert taken(step(editor, "if", "false", files=files)) == Done()


def test_if_runs_its_other_body(editor):
    files = dig("if>: false", "  _else_do:\n    fail>: no\n")
    assert taken(step(editor, "if", False, files=files)).subtasks[0].path == [0, "else_do"]


def test_if_takes_nothing_but_true_and_false(editor):
    with pytest.raises(TaskFailed, match="“if>” must be true or false, not “1”"):
        taken(step(editor, "if", "1", files=dig("if>: true")))


def test_for_each_makes_all_combinations_the_last_variable_fastest(editor):
    lists = {"brand": '["acme", "b/c"]', "n": [1, {"a": None}]}
    assert made(taken(step(editor, "for_each", lists, files=dig("for_each>: {brand: [a]}")))) == [
        ("+for-0=brand=0=acme&1=n=0=1", {"brand": "acme", "n": 1}),
        ("+for-0=brand=0=acme&1=n=1=%7B%22a%22%3Anul", {"brand": "acme", "n": {"a": None}}),
        ("+for-0=brand=1=b%2Fc&1=n=0=1", {"brand": "b/c", "n": 1}),
        ("+for-0=brand=1=b%2Fc&1=n=1=%7B%22a%22%3Anul", {"brand": "b/c", "n": {"a": None}}),
    ]


@given(st.dictionaries(st.text(), st.lists(st.text(), max_size=3), max_size=3))
def test_names_of_combinations_are_short_valid_and_differ(lists):
    names = [name for name, _ in loops.combinations(lists)]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(name) <= 255
        assert not loops_forbidden(name)


def loops_forbidden(name):
    from workflows.dig.tasks import FORBIDDEN

    return FORBIDDEN.search(name.removeprefix("+"))


def test_for_each_of_an_empty_list_makes_nothing(editor):
    lists = {"a": [], "b": [1]}
    assert taken(step(editor, "for_each", lists, files=dig("for_each>: {a: [1]}"))).subtasks == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": "x, y"}, "“a” must be a list, not “x, y”"),
        ("x", "“for_each>” must be a map, not “x”"),
        ({"a": list(range(100)), "b": list(range(11))}, "1,100 times; at most 1,000 are allowed"),
    ],
)
def test_for_each_says_what_it_takes(editor, value, told):
    with pytest.raises(TaskFailed, match=told):
        taken(step(editor, "for_each", value, files=dig("for_each>: {a: [1]}")))


def test_for_range_goes_by_steps_and_cuts_the_last_one(editor):
    outcome = taken(step(editor, "for_range", {"from": "10", "to": 50, "step": "15"}, files=dig(RANGE)))
    assert made(outcome) == [
        ("+range-from=10&to=25", {"range": {"from": 10, "to": 25, "index": 0}}),
        ("+range-from=25&to=40", {"range": {"from": 25, "to": 40, "index": 1}}),
        ("+range-from=40&to=50", {"range": {"from": 40, "to": 50, "index": 2}}),
    ]


RANGE = "for_range>: {from: 0, to: 1, step: 1}"


@pytest.mark.parametrize(
    ("ends", "slices", "parts"),
    [((0, 10), 3, [4, 4, 2]), ((0, 10), 4, [3, 3, 3, 1]), ((0, 6), 4, [2, 2, 2]), ((5, 5), 2, []), ((9, 5), 2, [])],
)
def test_slices_are_rounded_up_so_that_there_may_be_fewer(editor, ends, slices, parts):
    value = {"from": ends[0], "to": ends[1], "slices": slices}
    exports = [export["range"] for _, export in made(taken(step(editor, "for_range", value, files=dig(RANGE))))]
    assert [one["to"] - one["from"] for one in exports] == parts


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"from": 0, "to": 9}, "takes either step or slices"),
        ({"from": 0, "to": 9, "step": 1, "slices": 1}, "takes either step or slices"),
        ({"from": 0, "to": 9, "step": 0}, "“step” must be a whole number from 1 on, not “0”"),
        ({"to": 9, "step": 1}, "“from” must be a whole number, not nothing"),
        ({"from": 0, "to": 10**15, "step": 1}, "times; at most 1,000 are allowed"),
    ],
)
def test_for_range_says_what_it_takes(editor, value, told):
    with pytest.raises(TaskFailed, match=told):
        taken(step(editor, "for_range", value, files=dig(RANGE)))


def test_loop_counts_from_0(editor):
    assert made(taken(step(editor, "loop", "2", files=dig("loop>: 2")))) == [
        ("+loop-0", {"i": 0}),
        ("+loop-1", {"i": 1}),
    ]
    for count, told in (("1001", "1,001 times"), (-1, "from 0 on"), ("x", "not “x”")):
        with pytest.raises(TaskFailed, match=told):
            taken(step(editor, "loop", count, files=dig("loop>: 2")))


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("", 1),
        ("  _parallel: true\n", 0),
        ("  _parallel: false\n", 1),
        ("  _parallel: ${n > 2}\n", 0),
        ("  _parallel: ${n > 3}\n", 1),
        ("  _parallel: {limit: 2}\n", 2),
        ("  _parallel: {limit: '${n - 1}'}\n", 2),
    ],
)
def test_parallel_says_how_many_run_at_once(editor, written, limit):
    one = step(editor, "loop", 5, files=dig("loop>: 5", written), variables={"n": 3})
    assert taken(one).parallel == limit


@pytest.mark.parametrize(
    ("value", "told"),
    [("${'often'}", "“_parallel” must be true or false"), ("{limit: '${0 * 1}'}", "from 1 on, not “0”")],
)
def test_a_computed_parallel_may_be_wrong(editor, value, told):
    with pytest.raises(TaskFailed, match=told):
        taken(step(editor, "loop", 5, files=dig("loop>: 5", f"  _parallel: {value}\n")))


CALLED = {
    "jp/part.dig": "+b:\n  echo>: hi\n",
    "jp/inner/other.dig": "+c:\n  echo>: hi\n",
    "broken/a.dig": "+a:\n  eco>: x\n",
}


@pytest.mark.parametrize(
    ("folder", "name", "file"),
    [
        ("", "jp/part", "jp/part.dig"),
        ("jp", "inner/other.dig", "jp/inner/other.dig"),
        ("jp/inner", "../part", "jp/part.dig"),
    ],
)
def test_call_runs_another_file_from_the_folder_of_its_own(editor, folder, name, file):
    (body,) = taken(step(editor, "call", name, files=CALLED, folder=folder)).subtasks
    assert (body.name, body.path, body.file) == ("^sub", [], file)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("jp/parts", "The project has no file jp/parts.dig. Did you mean jp/part.dig"),
        ("../x", "“../x.dig” leads out of the project."),
        ("/etc/x.dig", "“/etc/x.dig” leads out of the project."),
        ("broken/a", "broken/a.dig cannot be run. broken/a.dig, line 2: There is no operator eco>. Did you mean echo"),
        ("", "“call>” is empty"),
    ],
)
def test_a_computed_path_may_be_wrong(editor, name, told):
    with pytest.raises(TaskFailed) as error:
        taken(step(editor, "call", name, files=CALLED))
    assert error.value.message.startswith(told)
