"""What `result` says, in every form."""

import json

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports import result_targets
from exports.result_targets import MASK, NOWHERE, ResultProblem, Where, read, shown
from exports.table_targets import TableTarget
from exports.targets import Target
from integrations.catalog import CONNECTORS
from integrations.models import Authentication
from tests.exports.queries import shop

pytestmark = pytest.mark.django_db
INLINE = {"type": "line_conversion", "line_tag_id": "tag_1", "access_token": "abc1234"}
DEFAULTS = {"ignore_invalid_records": True, "max_records": 1000, "keep_row_order": False}
TAG, TOKEN = "8f2c41d7-3b0e", "very-secret-token-0123456789"


@pytest.fixture
def saved():
    one = Authentication(name="line_capi_prod", connector_key="line_conversion")
    one.settings = {"line_tag_id": TAG, "line_channel_id": "2001447192"}
    one.set_secrets({"access_token": TOKEN}, at=timezone.now())
    one.save()
    return one


@pytest.fixture
def said(editor):
    """`said(…)` → where that leads; a mapping is given as JSON."""

    def reading(result="", **more):
        return read(json.dumps(result) if isinstance(result, dict) else result, user=editor, **more)

    return reading


@pytest.fixture
def problem(said):
    def reading(result="", **more):
        with pytest.raises(ResultProblem) as caught:
            said(result, **more)
        return caught.value

    return reading


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_no_result_goes_nowhere(said, nothing):
    assert said(nothing) == NOWHERE


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_json_has_the_defaults_of_what_it_leaves_out(said):
    target = said(INLINE).target
    assert target.settings == DEFAULTS
    assert target.mapping == {}
    assert target.authentication.all_settings() == {
        "line_tag_id": "tag_1",
        "access_token": "abc1234",
        "max_retry": 8,
        "initial_retry_wait": 15,
        "max_retry_wait": 3600,
        "connection_timeout": 300,
        **DEFAULTS,
    }


EVERY = {
    "line_channel_id": "2001447192",
    "ignore_invalid_records": False,
    "max_records": 100_000,
    "max_retry": 10,
    "initial_retry_wait": 30,
    "max_retry_wait": 7200,
    "connection_timeout": 600,
    "keep_row_order": True,
}


def test_json_takes_every_parameter(said):
    target = said(INLINE | EVERY).target
    given = target.authentication.all_settings() | target.settings
    assert {"type": "line_conversion", **given} == INLINE | EVERY


def test_json_takes_values_as_text(said):
    texts = {name: str(value).lower() for name, value in EVERY.items()}
    assert said(INLINE | texts) == said(INLINE | EVERY)


def test_json_takes_a_tag_that_is_written_as_a_number(said):
    assert said(INLINE | {"line_tag_id": 1234}).target.authentication.settings == {"line_tag_id": "1234"}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("max_records", 1000, 100_000),
        ("max_retry", 1, 10),
        ("initial_retry_wait", 1, 30),
        ("max_retry_wait", 100, 7200),
        ("connection_timeout", 10, 600),
    ],
)
def test_numbers_have_the_ranges_of_the_product_document(said, problem, name, low, high):
    for allowed in (low, high):
        assert said(INLINE | {name: allowed}).target
    for wrong in (low - 1, high + 1, -1, 1.5, True, "many", [low], {"a": low}):
        found = problem(INLINE | {name: wrong})
        assert found.name == name
        assert f"{low:,} to {high:,}" in found.says


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"type": "facebook"}, "type", "line_conversion"),
        ({"type": None}, "type", "is required"),
        ({"type": ["line_conversion"]}, "type", "is not known"),
        ({"access_token": None}, "access_token", "is required"),
        ({"access_token": ""}, "access_token", "is required"),
        ({"access_token": "two words"}, "access_token", "without spaces"),
        ({"access_token": ["abc1234"]}, "access_token", "must be text"),
        ({"access_token": "\ud800"}, "access_token", "must be text"),
        ({"access_token": MASK}, "access_token", "none is stored here"),
        ({"line_tag_id": None}, "line_tag_id", "is required"),
        ({"line_tag_id": "a/b"}, "line_tag_id", "letters, digits"),
        ({"line_tag_id": 1.5}, "line_tag_id", "must be text"),
        ({"line_tag_id": False}, "line_tag_id", "must be text"),
        ({"line_tag_id": "a\0"}, "line_tag_id", "must be text"),
        ({"line_channel_id": "abc"}, "line_channel_id", "digits only"),
        ({"ignore_invalid_records": "perhaps"}, "ignore_invalid_records", "true or false"),
        ({"ignore_invalid_records": 1}, "ignore_invalid_records", "true or false"),
        ({"max_record": 1000}, "max_record", "perhaps max_records?"),
        ({"name": "x"}, "name", "is not known; allowed are type, td_authentication_id, line_tag_id"),
        ({"td_authentication_id": 987_654}, "td_authentication_id", "there is no authentication 987654"),
        ({"td_authentication_id": 10**30}, "td_authentication_id", "must be the number"),
        ({"td_authentication_id": True}, "td_authentication_id", "must be the number"),
        ({"td_authentication_id": [1]}, "td_authentication_id", "must be the number"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(problem, changes, name, says):
    found = problem(INLINE | changes)
    assert found.name == name
    assert says in found.says


@pytest.mark.parametrize(
    "text", ["{", "{}x", '{"type": ', '{"a": 1e}', "{" * 50_000, '{"max_records": ' + "9" * 5000 + "}", "{1: 2}"]
)
def test_what_is_no_json_is_named(problem, text):
    assert problem(text).name == "result"
    assert "is no valid JSON" in problem(text).says


def test_a_key_that_is_given_twice_is_named(problem):
    found = problem('{"type": "line_conversion", "max_records": 1000, "max_records": 2000}')
    assert (found.name, found.says) == ("max_records", "is given twice")


def test_no_problem_tells_a_secret(problem):
    for changes in ({"line_tag_id": "a/b"}, {"extra": 1}, {"access_token": "se cret"}, {"access_token": "s" * 5000}):
        found = str(problem(INLINE | {"access_token": "secret"} | changes))
        assert "secret" not in found
        assert "se cret" not in found


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)
NAMES = ["type", *(s.name for s in CONNECTORS["line_conversion"].settings)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), ANYTHING, max_size=6), st.booleans())
def test_whatever_is_given_is_taken_or_its_key_named(given, complete):
    given = INLINE | given if complete else given
    try:
        connector, values = result_targets.credentials(json.dumps(given), user=None)
    except ResultProblem as problem:
        assert problem.name in {*NAMES, "result", *(name[:60] for name in given)}
        assert problem.says
    else:
        assert values == {s.name: s.clean(values[s.name]) for s in connector.settings if s.name in values}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text() | st.text().map(lambda t: f"td://@/{t}") | st.text().map(lambda t: "{" + t) | st.text().map("a:{}".format)
)
def test_whatever_is_said_is_taken_or_told(editor, text):
    try:
        assert read(text, user=editor) == NOWHERE
    except ResultProblem as problem:
        assert problem.says


# --- a saved authentication ---------------------------------------------------------------------------------------


def test_a_name_is_that_of_a_saved_authentication(said, saved):
    assert said("line_capi_prod") == Where(Target(saved, {}, DEFAULTS))


def test_json_may_name_an_authentication_by_its_number(said, saved):
    given = {"type": "line_conversion", "td_authentication_id": saved.pk, "max_records": 5000}
    assert said(given) == Where(Target(saved, {}, DEFAULTS | {"max_records": 5000}))
    assert said(given | {"td_authentication_id": str(saved.pk)}) == said(given)


def test_an_authentication_stands_for_its_type(said, problem, saved):
    assert said({"td_authentication_id": saved.pk}).target.authentication == saved
    assert problem({"td_authentication_id": saved.pk, "type": "trino"}).name == "type"


def test_json_completes_and_overrides_an_authentication(said, saved):
    given = {"type": "line_conversion", "td_authentication_id": saved.pk, "line_tag_id": "other", "max_retry": 3}
    one = said(given).target.authentication
    assert (one.inline, one.base, one.settings, one.encrypted != "") == (
        True,
        saved,
        {"line_tag_id": "other", "max_retry": 3},
        True,
    )
    assert one.all_settings()["access_token"] == TOKEN
    assert one.all_settings()["line_channel_id"] == "2001447192"


def test_a_connection_is_completed_by_its_settings(said, saved):
    """As Treasure Workflow sends result_connection and result_settings, the token in it again."""
    given = {"line_tag_id": "tag_1234", "access_token": "abc1234", "ignore_invalid_records": True}
    target = said(connection_id=saved.pk, connection_settings=given).target
    assert target.authentication.all_settings()["access_token"] == "abc1234"
    assert target.authentication.all_settings()["line_tag_id"] == "tag_1234"
    assert target.settings["ignore_invalid_records"] is True


def test_a_connection_alone_is_the_authentication(said, saved):
    assert said(connection_id=saved.pk) == said("line_capi_prod")


@pytest.mark.parametrize(
    ("result", "more", "name"),
    [
        ("line_capi_prod", {"connection_id": 1}, "result_connection_id"),
        ("", {"connection_id": 987_654}, "result_connection_id"),
        ("", {"connection_settings": {"max_records": 1000}}, "result_connection_id"),
        ("line_capi_prod", {"connection_settings": {"max_records": 1000}}, "result_connection_settings"),
    ],
)
def test_a_connection_that_cannot_be_meant_is_named(problem, saved, result, more, name):
    assert problem(result, **more).name == name


def test_settings_of_a_connection_are_checked_too(problem, saved):
    assert problem(connection_id=saved.pk, connection_settings={"max_records": 7}).name == "max_records"
    assert problem(connection_id=saved.pk, connection_settings={"type": "trino"}).name == "type"
    assert (
        problem(connection_id=saved.pk, connection_settings={"td_authentication_id": 0}).name == "td_authentication_id"
    )


def test_a_source_takes_no_result(problem):
    one = Authentication.objects.create(name="warehouse_pg", connector_key="postgresql")
    assert "is a source" in problem("warehouse_pg").says
    assert problem(connection_id=one.pk).name == "result_connection_id"


def test_an_inline_authentication_cannot_be_chosen(said, problem):
    one = said(INLINE).target.authentication
    assert problem(one.name).name == "result"
    assert problem({"td_authentication_id": one.pk}).name == "td_authentication_id"


def test_a_name_that_is_not_there_is_told_with_the_forms_that_are(problem):
    found = problem("line_capi")
    assert found.name == "result"
    assert "there is no authentication “line_capi”" in found.says
    assert "td://@/database/table" in found.says


def test_a_name_may_hold_a_colon(said, problem, saved):
    saved.name = "line:prod"
    saved.save()
    assert said("line:prod").target.authentication == saved


# --- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("td://@/shop_jp/events", "append"),
        ("td://@/shop_jp/events?mode=append", "append"),
        ("td://@/shop_jp/events?mode=replace", "replace"),
        ("td:///shop_jp/events", "append"),
        ("TD://@/shop%5Fjp/events?mode=", "append"),
        ("shop_jp:events", "append"),
        ("shop_jp:events?mode=replace", "replace"),
    ],
)
def test_a_table_takes_a_result(said, text, mode):
    shop()
    assert said(text) == Where(table=TableTarget("shop_jp", "events", mode))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("td://@/nowhere/events", "there is no database nowhere"),
        ("td://@/shop_jp/events?mode=update", "append or replace"),
        ("td://@/shop_jp/events?modus=append", "modus is not known"),
        ("td://@/shop_jp/Events", "cannot be the name of a table"),
        ("td://@/shop_jp/events%0A", "cannot be the name of a table"),
        ("td://@/shop_jp/events%00", "no name can have"),
        ("td://@/shop%00_jp/events", "no name can have"),
        ("td://@/shop_jp/a", "cannot be the name of a table"),
        ("td://@/shop_jp", "must name a database and a table"),
        ("td://@/shop_jp/events/x", "must name a database and a table"),
        ("td://@//events", "must name a database and a table"),
        ("td://key@api.treasuredata.com/shop_jp/events", "only tables of this console"),
        ("mysql://user:secret@host/db/table", "mysql:// is not supported"),
        ("://", ":// is not supported"),
        ("nowhere:events", "there is no database nowhere"),
        ("shop_jp:", "cannot be the name of a table"),
        ("a\0b", "cannot be kept"),
    ],
)
def test_a_table_that_cannot_be_written_is_told(problem, text, says):
    shop()
    found = problem(text)
    assert found.name == "result"
    assert says in found.says
    assert "secret" not in found.says


def test_an_authentication_takes_nothing_behind_its_name(problem, saved):
    assert "takes nothing behind its name" in problem("line_capi_prod:events").says


# --- given back ---------------------------------------------------------------------------------------------------


def test_nowhere_is_given_back_as_nothing():
    assert shown(NOWHERE) == ""


def test_a_table_is_given_back_as_its_address(said):
    shop()
    assert shown(said("shop_jp:events")) == "td://@/shop_jp/events?mode=append"


def test_a_secret_is_given_back_masked(said):
    told = json.loads(shown(said(INLINE | EVERY)))
    assert told == INLINE | EVERY | {"access_token": MASK}
    assert list(told)[:3] == ["type", "line_tag_id", "access_token"]


def test_an_authentication_is_given_back_as_its_number(said, saved):
    told = shown(said("line_capi_prod"))
    assert json.loads(told) == {"type": "line_conversion", "td_authentication_id": saved.pk, **DEFAULTS}
    assert TAG not in told and TOKEN not in told


def test_what_completes_an_authentication_is_given_back_beside_its_number(said, saved):
    given = {"type": "line_conversion", "td_authentication_id": saved.pk, "access_token": "abc"}
    assert json.loads(shown(said(given))) == given | {"access_token": MASK} | DEFAULTS


def test_a_saved_authentication_is_shown_with_all_that_is_in_it(saved):
    told = json.loads(result_targets.shown_authentication(saved))
    assert told == {
        "type": "line_conversion",
        "line_tag_id": TAG,
        "access_token": MASK,
        "line_channel_id": "2001447192",
    }


# --- updates ------------------------------------------------------------------------------------------------------


def test_what_was_given_back_leads_to_the_same_place_again(said, saved):
    shop()
    given = [INLINE, INLINE | EVERY, "line_capi_prod", {"td_authentication_id": saved.pk, "access_token": "abc"}]
    for where in map(said, [*given, "shop_jp:events", ""]):
        assert said(shown(where), stored=where) == where


def test_a_masked_secret_keeps_the_stored_one(said):
    stored = said(INLINE)
    changed = said(INLINE | {"access_token": MASK, "line_tag_id": "tag_2"}, stored=stored).target.authentication
    assert changed != stored.target.authentication
    assert changed.all_settings()["access_token"] == "abc1234"
    assert changed.settings == {"line_tag_id": "tag_2"}


def test_a_masked_secret_beside_an_authentication_means_its_own(said, saved):
    where = said(connection_id=saved.pk, connection_settings={"access_token": MASK})
    assert where.target.authentication == saved


def test_a_masked_secret_needs_a_stored_one_that_can_be_read(said, problem, settings):
    stored = said(INLINE)
    settings.CREDENTIAL_KEYS = ["k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk="]
    found = problem(INLINE | {"access_token": MASK}, stored=stored)
    assert found.name == "access_token"
    assert "Give it again." in found.says


def test_an_update_keeps_the_mapping_while_the_connector_stays(said, saved):
    mapping = {"email": {"column": "mail"}}
    stored = Where(Target(saved, mapping, DEFAULTS))
    assert said(INLINE, stored=stored).target.mapping == mapping
    assert said(INLINE, stored=NOWHERE).target.mapping == {}
