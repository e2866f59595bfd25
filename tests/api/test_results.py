"""Saved results by the API: made, listed, found, checked, deleted; and no secret comes back."""

import json

import pytest

from accounts.models import AuditEntry, Role
from exports import result_targets
from exports.models import ExportTarget
from exports.result_targets import MASK
from integrations.models import Authentication
from tests.exports.factories import a_query

pytestmark = pytest.mark.django_db
TOKEN = "abc1234-very-secret"
GIVEN = {"type": "line_conversion", "line_tag_id": "tag_1", "access_token": TOKEN}


@pytest.fixture
def made(api, editor):
    """`line_prod`, made by the API."""
    assert create(api(editor), "line_prod").status_code == 200
    return Authentication.objects.get()


def create(calls, name, given=GIVEN):
    return calls.post(f"/v3/result/create/{name}", url=given if isinstance(given, str) else json.dumps(given))


def test_a_result_is_an_authentication(api, editor):
    answer = create(api(editor), "line_prod", GIVEN | {"max_retry": "3"})
    assert answer.json() == {"name": "line_prod", "result": "line_prod"}
    one = Authentication.objects.get(name="line_prod", inline=False)
    assert (one.settings, one.open_secrets()) == ({"line_tag_id": "tag_1", "max_retry": 3}, {"access_token": TOKEN})
    entry = AuditEntry.objects.get(action="authentication.create")
    assert (entry.user, TOKEN in str(entry.details)) == (editor, False)


def test_results_are_listed_with_their_secrets_masked(api, viewer, made):
    answer = api(viewer).get("/v3/result/list")
    (one,) = answer.json()["results"]
    assert (one["name"], one["organization"]) == ("line_prod", None)
    assert json.loads(one["url"]) == GIVEN | {"access_token": MASK}
    assert TOKEN not in answer.content.decode()


def test_a_list_costs_the_same_however_long_it_is(api, editor, made, django_assert_max_num_queries):
    calls = api(editor)
    for number in range(5):
        create(calls, f"line_{number}")
    with django_assert_max_num_queries(8):
        assert len(calls.get("/v3/result/list").json()["results"]) == 6


def test_what_was_given_inline_is_not_listed(api, viewer, editor):
    result_targets.read(json.dumps(GIVEN), user=editor)
    assert api(viewer).get("/v3/result/list").json() == {"results": []}


def test_the_export_settings_of_a_result_count_where_its_name_is_given(api, editor):
    create(api(editor), "large_batches", GIVEN | {"max_records": 5000, "ignore_invalid_records": False})
    settings = result_targets.read("large_batches", user=editor).target.settings
    assert (settings["max_records"], settings["ignore_invalid_records"]) == (5000, False)


def test_a_name_is_given_once(api, editor, made):
    answer = create(api(editor), "line_prod")
    assert (answer.status_code, answer.json()["message"]) == (409, "Result must be unique")


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("ab", GIVEN, "Validation failed: Name is too short"),
        ("a" * 256, GIVEN, "Validation failed: Name is too long"),
        ("%20abc", GIVEN, "name: must not begin"),
        ("line_prod", "", "'url' parameter is required"),
        ("line_prod", "td://@/shop/events", "url: must be a JSON object"),
        ("line_prod", "{", "url: is no valid JSON"),
        ("line_prod", {}, "type: is required"),
        ("line_prod", GIVEN | {"type": "postgresql"}, "type: is not known"),
        ("line_prod", GIVEN | {"access_token": MASK}, "access_token: "),
        ("line_prod", GIVEN | {"max_records": 1}, "max_records: Batch Size must be 1,000 to 100,000; 1 is not."),
        ("line_prod", GIVEN | {"td_authentication_id": 1}, "td_authentication_id: "),
        ("line_prod", GIVEN | {"line_tag_id": "\ud800"}, "line_tag_id: "),
    ],
)
def test_what_cannot_be_saved_is_told(api, editor, name, given, says):
    answer = create(api(editor), name, given)
    assert answer.status_code == 422
    assert says in answer.json()["message"]
    assert not Authentication.objects.exists()


def test_a_result_is_deleted(api, editor, made):
    answer = api(editor).post("/v3/result/delete/line_prod")
    assert answer.json() == {"name": "line_prod", "result": "line_prod"}
    assert not Authentication.objects.exists()
    assert api(editor).post("/v3/result/delete/line_prod").status_code == 404


def test_a_result_in_use_is_not_deleted(api, editor, made):
    ExportTarget.objects.create(query=a_query("daily"), authentication=made)
    answer = api(editor).post("/v3/result/delete/line_prod")
    assert answer.status_code == 409
    assert answer.json()["message"] == "line_prod cannot be deleted: it is used by query daily."


def test_a_connection_is_found_by_its_exact_name(api, viewer, made):
    calls = api(viewer)
    assert calls.get("/v3/connections/lookup", name="line_prod").json() == {"id": made.pk}
    for name in ("LINE_PROD", "line_pro", " line_prod"):
        assert calls.get("/v3/connections/lookup", name=name).status_code == 404
    assert calls.get("/v3/connections/lookup").status_code == 422


def test_a_source_and_an_inline_one_are_no_connections(api, viewer, editor):
    Authentication.objects.create(name="pg_prod", connector_key="postgresql")
    inline = result_targets.read(json.dumps(GIVEN), user=editor).target.authentication
    for name in ("pg_prod", inline.name):
        assert api(viewer).get("/v3/connections/lookup", name=name).status_code == 404
        assert api(editor).post(f"/v3/result/delete/{name}").status_code == 404


def validate(calls, **given):
    return calls.post("/v3/connector_configs/validate_with_connection", json=given)


def test_settings_are_checked_without_being_kept(api, editor, made):
    answer = validate(api(editor), type="line_conversion", settings={"max_records": "2000"}, connection_id=made.pk)
    assert answer.json() == {"type": "line_conversion", "settings": {"max_records": 2000}}
    answer = validate(api(editor), type="line_conversion", settings=GIVEN)
    assert answer.json()["settings"] == {"line_tag_id": "tag_1", "access_token": MASK}
    assert Authentication.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"type": "line_conversion", "settings": {}}, "line_tag_id"),
        ({"type": "trino", "settings": {}}, "type"),
        ({"type": "line_conversion", "settings": []}, "settings"),
        ({"type": "line_conversion", "settings": {"a": 1}}, "a"),
        ({"type": "line_conversion", "settings": {}, "connection_id": 987_654}, "connection_id"),
    ],
)
def test_settings_that_are_wrong_are_named(api, editor, given, name):
    answer = validate(api(editor), **given)
    assert (answer.status_code, list(answer.json()["details"])) == (422, [name])


@pytest.mark.parametrize(
    "path", ["/v3/result/create/abc", "/v3/result/delete/abc", "/v3/connector_configs/validate_with_connection"]
)
def test_changes_need_an_editor(api, viewer, editor, path):
    assert api(viewer).post(path).status_code == 403
    assert api(editor, Role.VIEWER).post(path).status_code == 403
