"""Digdag's YAML: types, includes, places, and what is refused."""

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflows.dig import yaml
from workflows.dig.composing import DEEPEST
from workflows.dig.nodes import Map, Scalar, Sequence, plain
from workflows.dig.problems import DigError, Place


def loaded(text, **others):
    return plain(yaml.load({"a.dig": text, **{name.replace("__", "."): one for name, one in others.items()}}, "a.dig"))


def problems(text, **others):
    with pytest.raises(DigError) as caught:
        loaded(text, **others)
    return [(one.place.line, one.text) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12:30:00", "12:30:00"),
        ("02:00:00", "02:00:00"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31 00:00:00", "2026-01-31 00:00:00"),
        ("yes", "yes"),
        ("Off", "Off"),
        ("TRUE", "TRUE"),
        ("True", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("017", 15),
        ("08", "08"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("0.5", "0.5"),
        (".5", 0.5),
        (".inf", "Infinity"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("=", "="),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("a\tb", "a\tb"),
        ("${td.database}", "${td.database}"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_plain_values_have_digdags_types(written, value):
    found = loaded(f"a: {written}\n")["a"]
    assert (type(found), found) == (type(value), value)


def test_numbers_as_keys_are_text():
    assert loaded("1: a\ntrue: b\n2026-01-01: c\n") == {"1": "a", "true": "b", "2026-01-01": "c"}


def test_aliases_and_merge_keys_are_those_of_snakeyaml():
    text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 3}\nmerged:\n  b: own\n  <<: [*base, *more]\nsame: *base\n"
    found = loaded(text)
    assert found["merged"] == {"b": "own", "a": 1, "c": 3}
    assert found["same"] == {"a": 1, "b": 2}


def test_a_file_is_included_where_it_stands():
    text = "a: 1\nmap: {x: 1, y: 1}\n!include : 'b.dig'\n!include : 'c.dig'\nlast: own\n"
    found = loaded(text, b__dig="a: 2\nmap: {y: 2}\nlast: b\n", c__dig="c: 3\n")
    assert list(found.items()) == [("a", 2), ("map", {"x": 1, "y": 2}), ("last", "own"), ("c", 3)]


def test_included_paths_count_from_the_file_that_includes():
    project = {"a.dig": "!include : sub/b.dig\n", "sub/b.dig": "in:\n  !include : c.dig\n", "sub/c.dig": "x: 1\n"}
    found = yaml.load(project, "a.dig")
    assert plain(found) == {"in": {"x": 1}}
    assert found.entries["in"].value.entries["x"].place == Place("sub/c.dig", 1, 1)


def test_every_key_and_value_knows_its_place():
    entry = yaml.load({"a.dig": "# first\n\n+load:\n  td>:  q.sql\r\n  list:\n  - x\n"}, "a.dig").entries["+load"]
    td, items = entry.value.entries["td>"], entry.value.entries["list"]
    assert (entry.place.line, td.place, td.value.place) == (3, Place("a.dig", 4, 3), Place("a.dig", 4, 9))
    assert items.value.items[0].place == Place("a.dig", 6, 5)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: 1\ncron>: */5 * * * *\n", 2, "starts with * must stand in quotes"),
        ("a: 1\n\\!include : 'b.dig'\n", 2, "The backslash must go"),
        ("a: 1\n!include: 'b.dig'\n", 2, "space before the colon"),
        ("a: !include 'b.dig'\n", 1, "is a key, not a value"),
        ("a: 1\na: 2\n", 2, "“a” stands in this map twice; the first is in line 1"),
        ("a:\n\tb: 1\n", 2, "A tab stands here"),
        ("a: [${x}]\n", 1, "['${x}']"),
        ("a: {{name}}\nb: 1\n", 1, "A key must be text"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: 'x\n\nb: 1\n", 1, "never closed"),
        ("a: x: y\n", 1, "colon where none can be"),
        ("a: *b\n", 1, "no line above defines"),
        ("a: &a\n  b: *a\n", 2, "inside of what it refers to"),
        ("a: !!python/name:os.system x\n", 1, "not known here"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
        ("- a\n", 1, "must be a map"),
        ("", 1, "is empty"),
        ("a: \0\n", 1, "U+0000"),
        ('a: "\\ud800"\n', 1, "half a character"),
        ('a: "\\UFFFFFFFF"\n', 1, "not valid YAML"),
        (f"a: {'1' * 200}\n", 1, "put it in quotes"),
        ("a:\n  !include : 'no.dig'\n", 2, "The project has no file no.dig"),
        ("!include : '../b.dig'\n", 1, "leads out of the project"),
        ("!include : '/etc/passwd'\n", 1, "leads out of the project"),
        ("!include : '${x}.dig'\n", 1, "cannot have ${…}"),
        ("!include : 'a.dig'\n", 1, "a.dig includes a.dig: that never ends"),
        ("!include : [b.dig]\n", 1, "takes the path of a file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, line, told):
    found = problems(text)
    assert [one for one, _ in found] == [line]
    assert told in found[0][1]


def test_an_included_file_cannot_leave_its_folder():
    project = {"sub/a.dig": "!include : '../b.dig'\n", "b.dig": "x: 1\n"}
    with pytest.raises(DigError, match=r"sub/a\.dig, line 1: .* leads out of sub"):
        yaml.load(project, "sub/a.dig")


def test_all_problems_of_the_content_are_told_at_once():
    assert [line for line, _ in problems("a: 1\na: 2\n!include : no.dig\nb: !x y\n")] == [2, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 999)),
        "a: " + "[" * 9999,
        "a: b\n" * 99999,
        "[a, " * (DEEPEST - 1) + "b" + "]" * (DEEPEST - 1),
    ],
    ids=["alias bomb", "chain of aliases", "deep", "large", "deep list"],
)
def test_a_bomb_is_refused(text):
    assert len(problems(text)) == 1


def test_files_that_include_many_files_have_a_limit():
    names = "bcdefg"
    others = {f"{name}__dig": f"!include : {after}.dig\n" * 9 for name, after in itertools.pairwise(names)}
    assert "keys and values, and no more" in problems("!include : b.dig\n" * 9, **others, g__dig="x: [1, 2]\n")[-1][1]


FRAGMENTS = st.sampled_from(
    ["a", "+b:", "td>:", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", ", "'", '"', "*a", "&a ", "!",
     "!include : ", "|\n", "${", "? ", "#", "\t", "\r", "<<: ", "%", "---\n", "12:30", "0x", "\\", "\ufeff", "\u2028"]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=30).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example('a: "\\U00110000"')
@example("%YAML 9.9\n")
@example("a: 0b_\n")
def test_any_text_is_a_map_or_has_problems_within_the_file(text):
    try:
        found = yaml.load({"a.dig": text, "b.dig": "x: 1"}, "a.dig")
    except DigError as error:
        assert error.problems
        lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        assert all(1 <= one.place.line <= lines and one.place.column >= 1 for one in error.problems)
    else:
        assert isinstance(found, Map)
        assert yaml.load({"a.dig": text, "b.dig": "x: 1"}, "a.dig") == found


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc+_>", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text("abc+_>", min_size=1), PLAIN, min_size=1))
def test_json_is_read_as_json_reads_it(value):
    assert loaded(json.dumps(value, ensure_ascii=False)) == value
    assert isinstance(yaml.load({"a.dig": json.dumps(value)}, "a.dig"), Map | Sequence | Scalar)
