"""Export targets as text and as rows."""

import json

import pytest

from exports import targets
from exports.models import ExportTarget, Query
from exports.targets import Target, TargetError
from integrations.models import Authentication
from warehouse.models import Database

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return Authentication.objects.create(
        name="line_capi_output_test", connector_key="line_conversion", settings={"line_tag_id": "tag_1"}
    )


@pytest.fixture
def query():
    return Query.objects.create(name="purchases", database=Database.objects.create(name="shop"), sql="SELECT 1")


def text(line, **changes):
    return json.dumps({"authentication": line.pk, "mapping": {}, "settings": {}} | changes)


def messages(given):
    with pytest.raises(TargetError) as caught:
        targets.parse(given)
    return caught.value.messages


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_empty_text_is_no_target(empty):
    assert targets.parse(empty) is None


def test_no_target_is_empty_text():
    assert targets.dump(None) == ""


def test_parse_fills_in_the_defaults_of_the_export_settings(line):
    assert targets.parse(text(line)).settings == {
        "ignore_invalid_records": True,
        "max_records": 1000,
        "keep_row_order": False,
    }


def test_parse_reads_what_dump_wrote(line):
    target = Target(
        authentication=line,
        mapping={
            "email": {"column": "メール"},
            "source_type": {"constant": "web"},
            "test_flag": {"constant": True},
            "value": {"constant": 0.5},
            "keywords": {"constant": ["茶"]},
        },
        settings={"ignore_invalid_records": False, "max_records": 100_000, "keep_row_order": False},
    )
    assert targets.parse(targets.dump(target)) == target


@pytest.mark.parametrize("given", ["{", "[]", "null", '"x"'])
def test_it_refuses_what_is_no_json_object(given):
    assert len(messages(given)) == 1


def test_it_refuses_an_authentication_that_is_gone(line):
    given = text(line)
    line.delete()
    assert messages(given) == ["The authentication of this export no longer exists. Choose another one."]


@pytest.mark.parametrize("given", [None, True, "1", {}])
def test_it_refuses_an_authentication_that_is_no_id(line, given):
    assert messages(text(line, authentication=given)) == ["The export target names no authentication."]


def test_it_refuses_a_key_that_it_does_not_know(line):
    assert messages(text(line, access_token="x")) == ["The export target has no access_token."]


@pytest.mark.parametrize("size", [999, 100_001])
def test_it_refuses_a_batch_size_outside_its_limits(line, size):
    assert messages(text(line, settings={"max_records": size})) == [
        f"Batch Size must be 1,000 to 100,000; {size:,} is not."
    ]


def test_it_tells_everything_that_is_wrong_at_once(line):
    given = text(line, mapping={"colour": {"column": "c"}, "email": {"from": "x"}}, settings={"pace": 1})
    assert messages(given) == [
        "LINE Conversion API has no field colour.",
        'email: the source must be {"column": name} or {"constant": value}.',
        "LINE Conversion API has no export setting pace.",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "email",
        {},
        {"column": "a", "constant": "b"},
        {"column": ""},
        {"column": 7},
        {"constant": ""},
        {"constant": []},
        {"constant": [1]},
        {"constant": {"a": 1}},
        {"constant": None},
        {"constant": "x" * 4097},
    ],
)
def test_it_refuses_a_source_that_is_neither_column_nor_constant(line, source):
    assert len(messages(text(line, mapping={"email": source}))) == 1


def test_an_export_setting_cannot_smuggle_a_credential_in(line):
    assert messages(text(line, settings={"access_token": "x"})) == [
        "LINE Conversion API has no export setting access_token."
    ]


def test_save_keeps_the_target_and_of_gives_it_back(line, query):
    target = Target(line, {"email": {"column": "email"}}, {"ignore_invalid_records": True, "max_records": 1000})
    targets.save(query, target)
    assert targets.of(query) == target


def test_save_replaces_the_target_that_was_there(line, query):
    for size in (1000, 2000):
        targets.save(query, Target(line, {}, {"ignore_invalid_records": True, "max_records": size}))
    assert [row.settings["max_records"] for row in ExportTarget.objects.all()] == [2000]


def test_saving_no_target_removes_it(line, query):
    targets.save(query, Target(line, {}, {}))
    targets.save(query, None)
    assert targets.of(query) is None
