"""Numbers, truth values and lists of strings, one plain value at a time."""

import math
from decimal import Decimal

import orjson
import pytest

from integrations.spec import Field, Number, StringList, Truth

VALUE, COUNT, LIST = Number(2_147_483_647), Number(2_147_483_647, whole=True), StringList(3)


def field(typed):
    return Field("name", "custom", "What", "", typed=typed)


def code(rule, value):
    reason = rule.check(value)
    return reason.code if reason else None


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (100, "100"),
        (100.0, "100"),
        (Decimal("100.00"), "100"),
        ("100.00", "100"),
        ("007", "7"),
        (-0.0, "0"),
        ("-0", "0"),
        (0.1, "0.1"),
        (Decimal("0.10"), "0.1"),
        ("1234567.89", "1234567.89"),
        (Decimal("2147483646.99"), "2147483646.99"),
        (0.1 + 0.2, "0.30000000000000004"),
        (Decimal("0.1234567890123456789012345"), "0.12345678901234568"),  # the nearest double
        (0.00001, "0.00001"),
        (0.0000001, "1e-7"),  # JSON's own way; nobody's price
        (2_147_483_647, "2147483647"),
    ],
)
def test_a_number_has_one_json_text(value, json):
    assert VALUE.check(value) is None
    assert orjson.dumps(field(VALUE).wire(value)).decode() == json


@pytest.mark.parametrize(
    "value",
    [
        *(math.nan, math.inf, -math.inf, -0.01, 2_147_483_647.01, 2**31, 10**400),
        *(Decimal("NaN"), Decimal("sNaN"), True, b"\xff", [1], None),
        *("1e3", "+1", " 1", "1\n", "1,000", "1.", ".5", "１", "NaN", "¥100"),
    ],
)
def test_what_is_no_number_within_its_limits_is_refused(value):
    assert code(VALUE, value) == "not_a_number"
    assert VALUE.check(value).text == "must be a number from 0 to 2,147,483,647"


@pytest.mark.parametrize(("value", "number"), [(3, 3), (3.0, 3), (Decimal("3.00"), 3), ("03", 3), ("0", 0)])
def test_a_whole_number_is_read_from_many_types(value, number):
    found = field(COUNT).wire(value)
    assert (found, type(found), code(COUNT, value)) == (number, int, None)


@pytest.mark.parametrize("value", [-1, 2**31, 1.5, math.nan, Decimal("1.5"), "3.0", "-1", True, "three"])
def test_what_is_no_whole_number_within_its_limits_is_refused(value):
    assert code(COUNT, value) == "not_an_integer"


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), (False, False), ("true", True), ("FALSE", False), ("True", True)]
)
def test_a_truth_value_is_read_from_booleans_and_words(value, truth):
    assert (field(Truth()).wire(value), code(Truth(), value)) == (truth, None)


@pytest.mark.parametrize("value", [1, 0, "1", "yes", " true", "t", 1.0, "ＴＲＵＥ"])
def test_nothing_else_is_a_truth_value(value):
    assert code(Truth(), value) == "not_a_boolean"


@pytest.mark.parametrize(
    ("value", "strings"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", None, "", " b "], ["a", " b "]),
        ([1, 2.0, Decimal("3.00")], ["1", "2", "3"]),
        ("a,b", ["a", "b"]),
        (" a , b,,\n", ["a", "b"]),
        ("a b", ["a b"]),
        (7, ["7"]),
        ('["a", "b,c", 7, null, ""]', ["a", "b,c", "7"]),
        (' ["\\u590f"] ', ["夏"]),
        ("a[1],b", ["a[1]", "b"]),
    ],
)
def test_a_list_is_read_from_lists_json_and_text_with_commas(value, strings):
    assert (field(LIST).wire(value), code(LIST, value)) == (strings, None)


@pytest.mark.parametrize("value", [None, "", [], [None], ["", ""], "[]", "[null]", " ", ",", " , "])
def test_a_list_without_strings_is_no_value(value):
    assert field(LIST).empty(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (["a"] * 4, "too_many"),
        ("a,b,c,d", "too_many"),
        (["a", 1.5], "not_a_list"),
        ([True], "not_a_list"),
        ([["a"]], "not_a_list"),
        (True, "not_a_list"),
        (1.5, "not_a_list"),
        ('["a"', "not_a_list"),
        ("[a],[b]", "not_a_list"),
        ('[{"a": 1}]', "not_a_list"),
        ("[NaN]", "not_a_list"),
        ('["\\ud800"]', "not_a_list"),
        ("[" * 100_000, "not_a_list"),
        ([b"\xff", "a"], "invalid_utf8"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(value, reason):
    assert (code(LIST, value), field(LIST).empty(value)) == (reason, False)


def test_they_say_what_they_are():
    kinds = [(field(rule).kind, field(rule).type_name) for rule in (VALUE, COUNT, Truth(), LIST)]
    assert kinds == [
        ("number", "number"),
        ("integer", "integer"),
        ("boolean", "boolean"),
        ("list", "list of strings"),
    ]
    assert [field(rule).rule for rule in (COUNT, Truth(), LIST)] == [
        "from 0 to 2,147,483,647",
        "true or false, as a boolean or as text",
        "up to 3, as a list, a JSON array, or text with commas",
    ]


def test_bytes_are_text_that_is_no_utf8():
    assert {field(rule).problem(b"\xff", 0).code for rule in (VALUE, COUNT, Truth(), LIST)} == {"invalid_utf8"}
