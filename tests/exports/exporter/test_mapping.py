"""Which column goes where: proposals, problems, and the JSON of it."""

import json
import math

import pytest

from exports.exporter.mapping import (
    Column,
    Constant,
    MappingError,
    Problem,
    check_mapping,
    close_names,
    constant_text,
    from_json,
    suggest,
    to_json,
)
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.rows import NOW

COLUMNS = ["key", "type", "at", "mail"]
COMPLETE = {
    "deduplication_key": Column("key"),
    "event_type": Column("type"),
    "source_type": Constant("web"),
    "event_timestamp": Column("at"),
    "email": Column("mail"),
}


def problems(changes, columns=COLUMNS, now=NOW):
    mapping = {name: source for name, source in {**COMPLETE, **changes}.items() if source is not None}
    return [(p.field, p.text) for p in check_mapping(CONNECTOR, mapping, columns, now=now)]


def test_a_mapping_is_plain_json_and_back():
    plain = {"phone": {"column": "tel"}, "source_type": {"constant": "web"}, "event_timestamp": {"constant": 5}}
    plain |= {"test_flag": {"constant": True}, "value": {"constant": 1.5}, "keywords": {"constant": ["夏", "茶"]}}
    assert json.dumps(to_json(from_json(json.loads(json.dumps(plain))))) == json.dumps(plain)


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {"phone": "tel"},
        {"phone": {"column": 1}},
        {"phone": {"constant": {}}},
        {"value": {"constant": math.nan}},
        {"keywords": {"constant": ["a", 1]}},
        {"keywords": {"constant": ["\ud800"]}},
        {"title": {"constant": "\ud800"}},
        {"title": {"constant": "a\0"}},
        {"phone": {"constant": None}},
        {"phone": {"column": "a", "constant": "b"}},
        {"phone": {}},
    ],
)
def test_json_that_is_no_mapping_is_refused(value):
    with pytest.raises(MappingError):
        from_json(value)


def test_only_columns_of_a_fields_own_name_are_mapped_unasked():
    assert suggest(CONNECTOR, ["email", "tel", "Email", "URL"]) == {"email": Column("email")}


def test_a_name_that_stands_twice_is_not_mapped_unasked():
    assert suggest(CONNECTOR, ["email", "email"]) == {}


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("phone", "tel"),
        ("phone", "mobile"),
        ("phone", "Customer Phone"),
        ("email", "mail"),
        ("email", "E-Mail"),
        ("email", "buyerEmail"),
        ("user_agent", "ua"),
        ("user_agent", "userAgent"),
        ("ip_address", "ip"),
        ("deduplication_key", "dedup_key"),
        ("deduplication_key", "order_id"),
        ("deduplication_key", "DeduplicationKey"),
        ("deduplication_key", "dedupliction_key"),
        ("event_timestamp", "ts"),
        ("event_timestamp", "timestamp"),
        ("event_timestamp", "time"),
        ("line_uid", "LINE_UID"),
        ("referrer", "referer"),
        ("value", "order_total"),
        ("quantity", "qty"),
        ("item_ids", "product_ids"),
        ("keywords", "search_term"),
        ("category", "product_category"),
        ("test_flag", "is_test"),
    ],
)
def test_close_names_are_suggested(field, column):
    assert column in close_names(CONNECTOR, ["zzz", column])[field]


def test_the_closest_name_comes_first():
    assert close_names(CONNECTOR, ["customer_email", "mail", "EMAIL"])["email"] == ["EMAIL", "mail", "customer_email"]


def test_a_column_with_a_fields_own_name_is_suggested_for_no_other():
    assert "event_timestamp" not in close_names(CONNECTOR, ["event_timestamp", "zzz"])
    assert close_names(CONNECTOR, ["title"]) == {}


def test_synonyms_are_of_fields_that_exist():
    assert set(CONNECTOR.synonyms) == {f.name for f in CONNECTOR.fields}


def test_a_complete_mapping_has_no_problem():
    assert problems({}) == []


def test_a_required_field_must_be_mapped():
    assert problems({"event_type": None}) == [("event_type", "is required: map a column or set a constant")]


def test_a_missing_column_is_named_with_close_ones():
    assert problems({"email": Column("e_mial")}, [*COLUMNS, "E_Mail"]) == [
        ("email", "the query’s result has no column “e_mial” (perhaps “E_Mail” or “mail”?)")
    ]


def test_a_column_that_stands_twice_can_not_be_mapped():
    assert problems({}, [*COLUMNS, "mail"])[0] == (
        "email",
        "the query’s result has 2 columns “mail”: give them different names",
    )


def test_a_constant_is_held_against_its_own_rule():
    assert problems({"source_type": Constant("app")}) == [("source_type", "the constant “app” must be web")]
    assert problems({"title": Constant("")}) == [("title", "the constant is empty")]
    assert problems({"event_timestamp": Constant(5)})[0][1].startswith("the constant “5” is more than 90 days ago")


def test_a_long_constant_is_told_shortly():
    ((_, text),) = problems({"event_name": Constant("x" * 5000)})
    assert text.startswith(f"the constant “{'x' * 39}…” ")


def test_a_personal_constant_is_told_masked():
    ((_, text),) = problems({"email": Constant("kana@" + "example" * 50 + "_")})
    assert text.startswith("the constant “k•••@exampleexample") and "kana" not in text and len(text) < 200
    assert "99998888" not in problems({"phone": Constant("819099998888")})[0][1]


def test_without_a_clock_a_constant_time_is_only_held_against_its_form():
    assert problems({"event_timestamp": Constant(5)}, now=None) == []
    assert problems({"event_timestamp": Constant("soon")}, now=None) != []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("test_flag", True),
        ("test_flag", "False"),
        ("value", 12.5),
        ("value", "12.5"),
        ("quantity", 3),
        ("item_ids", ["a", "b"]),
        ("item_ids", "a, b"),
        ("item_ids", '["a", "b"]'),
    ],
)
def test_constants_of_other_kinds_are_taken_as_values_and_as_text(field, value):
    assert problems({field: Constant(value)}) == []
    assert problems({field: Constant(constant_text(value))}) == []


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("test_flag", 1, "the constant “1” must be true or false"),
        ("title", True, "the constant “true” must be text or a whole number"),
        ("value", "1e3", "the constant “1e3” must be a number from 0 to 2,147,483,647"),
        ("quantity", 1.5, "the constant “1.5” must be a whole number from 0 to 2,147,483,647"),
        ("keywords", ["a"] * 11, "has more than 10 entries"),
        ("keywords", [""], "the constant is empty"),
        ("item_ids", ", ,", "the constant is empty"),
        ("currency", "yen", "the constant “yen” must be three capital letters A–Z"),
    ],
)
def test_constants_of_other_kinds_are_held_against_their_rules(field, value, says):
    ((name, text),) = problems({field: Constant(value)})
    assert (name, says in text) == (field, True)


def test_some_identifier_must_be_mapped():
    (problem,) = problems({"email": None})
    assert problem[0] == ""
    assert problem[1].startswith("no identifier is mapped: map at least one of phone, email")


def test_an_unknown_field_is_named_with_close_ones():
    assert problems({"e_mail": Column("mail")}) == [("e_mail", "there is no field “e_mail” (perhaps “email”?)")]


def test_every_problem_is_listed_at_once():
    assert len(check_mapping(CONNECTOR, {"x": Column("y")}, [])) == 6
    assert all(isinstance(p, Problem) for p in check_mapping(CONNECTOR, {}, []))
