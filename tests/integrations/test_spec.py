"""The words connectors are written in, one plain value at a time."""

import datetime as dt
import math
from decimal import Decimal

import pytest

from integrations.connectors.line_conversion import CONNECTOR
from integrations.spec import (
    Answer,
    AtLeastOne,
    Choice,
    EpochWindow,
    Field,
    Hashing,
    IpAddress,
    MaxLength,
    NotSent,
    Pattern,
    Prefix,
    RequiresSetting,
    Setting,
    SettingError,
    as_text,
    epoch_seconds,
)

COUNT = Setting("count", "Count", "integer", "export", default=5, minimum=1, maximum=10)
SWITCH = Setting("switch", "Switch", "boolean", "export", default=True)
NAME = Setting("name", "Name", "text", "export", required=True, max_length=5, pattern="[a-z]+", pattern_says="letters")


def code(reason):
    return reason.code if reason else None


@pytest.mark.parametrize(("value", "cleaned"), [(None, 5), ("", 5), ("7", 7), (" 7 ", 7), (10, 10)])
def test_an_integer_is_cleaned(value, cleaned):
    assert COUNT.clean(value) == cleaned


@pytest.mark.parametrize("value", [0, 11, "x", "1.5", True, "１", "9" * 30])
def test_an_integer_out_of_its_limits_is_refused(value):
    with pytest.raises(SettingError, match="1 to 10"):
        COUNT.clean(value)


@pytest.mark.parametrize(("value", "cleaned"), [(None, True), (False, False), ("true", True), ("FALSE", False)])
def test_a_switch_is_cleaned(value, cleaned):
    assert SWITCH.clean(value) is cleaned


def test_a_switch_is_true_or_false():
    with pytest.raises(SettingError, match="must be true or false"):
        SWITCH.clean("yes")


@pytest.mark.parametrize(
    ("value", "says"), [(None, "is required"), ("abcdef", "at most 5"), ("A1", "must be letters"), ("a\n1", "letters")]
)
def test_a_text_out_of_its_rules_is_refused(value, says):
    with pytest.raises(SettingError, match=says):
        NAME.clean(value)


@pytest.mark.parametrize(
    ("rule", "good", "bad", "reason"),
    [
        (Pattern("[a-z]+", "letters"), "abc", "abc\n", "pattern"),
        (Prefix("https?://.", "a URL"), "http://a\nb", "http://\na", "pattern"),
        (MaxLength(4), "😀😀", "😀😀a", "too_long"),
        (Choice(("a", "b")), "a", "A", "not_allowed"),
        (NotSent("undefined"), "Undefined", "undefined", "counts_as_missing"),
        (IpAddress(), "2001:db8::1", "fe80::1%eth0", "not_an_ip"),
    ],
)
def test_a_rule_accepts_and_refuses(rule, good, bad, reason):
    assert (code(rule.check(good)), code(rule.check(bad))) == (None, reason)
    assert rule.describe


def test_a_lone_surrogate_has_a_length():
    assert MaxLength(1).check("\ud800") is None


EMAIL = Hashing(raw="[a-zA-Z]+@[a-zA-Z]+", says="an address", code="email", lower=True)
PHONE = Hashing(raw=r"\+[0-9]+", says="a number", code="phone", drop=" -")
HEX = "0123456789abcdef" * 4


def test_raw_values_are_made_normal_before_they_are_hashed():
    assert EMAIL.normalise("\t Foo@Bar \n") == "foo@bar"
    assert PHONE.normalise(" +81 80-1 ") == "+81801"


def test_a_ready_hash_is_lower_cased_and_not_hashed_again():
    assert EMAIL.apply(f" {HEX.upper()}\n") == PHONE.apply(HEX) == HEX
    assert (EMAIL.ready(HEX.upper()), EMAIL.ready("foo@bar")) == (HEX, None)


def test_only_ascii_is_lower_cased():
    assert code(EMAIL.check("foo@\u212a")) == "email"
    assert EMAIL.ready("\u212a" + HEX[1:]) is None


def test_a_hash_with_something_inside_is_no_hash():
    assert code(PHONE.check(HEX[:32] + " " + HEX[32:])) == "phone"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5),
        ("5", 5),
        ("-5", -5),
        (5.0, 5),
        (Decimal("5.00"), 5),
        (dt.datetime(1970, 1, 1, 0, 0, 5, 999_999, tzinfo=dt.UTC), 5),
        (dt.datetime(1970, 1, 1), None),
        (True, None),
        (5.5, None),
        (math.nan, None),
        (math.inf, None),
        (2.0**53, None),
        (Decimal("5.5"), None),
        (Decimal("NaN"), None),
        (2**63, None),
        ("5.0", None),
        ("５", None),
        ("5\n", None),
        (None, None),
    ],
)
def test_whole_seconds_are_read_from_many_types(value, seconds):
    assert epoch_seconds(value) == seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (7, "7"),
        (7.0, "7"),
        (Decimal("7.00"), "7"),
        (2**70, str(2**70)),
        (7.5, None),
        (True, None),
        (b"", None),
    ],
)
def test_text_is_text_or_a_whole_number(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (900, None),
        (899, "too_old"),
        (1010, None),
        (1011, "too_new"),
        (0, "not_positive"),
        (10**11 + 1, "milliseconds"),
        ("x", "not_an_integer"),
    ],
)
def test_a_window_has_exact_edges(seconds, reason):
    assert code(EpochWindow(max_age=100, max_ahead=10).check(seconds, 1000)) == reason


def test_a_field_gives_the_first_problem_and_what_goes_out():
    field = Field("key", "event", "What", "", rules=(MaxLength(3), Pattern("[0-9]+", "digits")))
    assert [code(field.problem(value, 0)) for value in ("abcd", "abc", 12, 1.5, b"\xff")] == [
        "too_long",
        "pattern",
        None,
        "not_text",
        "invalid_utf8",
    ]
    assert (field.wire(12), field.rule, field.hashed) == ("12", "up to 3 characters, digits", False)


def test_a_record_needs_one_of_some_fields():
    rule = AtLeastOne(("a", "b"), "has none")
    assert rule.check({"b", "c"}, {}) is None
    assert rule.check({"c"}, {})[1].text == "has none"


def test_a_field_can_need_a_setting():
    rule = RequiresSetting("a", "channel", "needs it")
    assert rule.check({"a"}, {"channel": "1"}) is None
    assert rule.check({"b"}, {}) is None
    assert rule.check({"a"}, {"channel": ""})[0] == "a"


def test_an_answer_that_is_not_documented_is_its_own():
    assert CONNECTOR.answer(299) is Answer.UNDOCUMENTED
    assert CONNECTOR.says(299) is CONNECTOR.undocumented
