"""Where the results of saved queries go, as the API is told and as it gives it back."""

import json
from dataclasses import replace

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from exports import queries, result_targets, targets
from exports.models import Job, Query
from exports.result_targets import MASK
from integrations.models import Authentication
from tests.exports.queries import shop

pytestmark = pytest.mark.django_db
TOKEN = "very-secret-token-0123456789"
LINE = {"type": "line_conversion", "line_tag_id": "tag_1", "access_token": TOKEN, "max_records": 5000}
MASKED = {**LINE, "access_token": MASK, "ignore_invalid_records": True, "keep_row_order": False}


@pytest.fixture
def calls(api, editor):
    shop()
    return api(editor)


@pytest.fixture
def saved():
    one = Authentication(name="line_capi", connector_key="line_conversion", settings={"line_tag_id": "tag_1"})
    one.set_secrets({"access_token": TOKEN}, at=timezone.now())
    one.save()
    return one


def create(calls, **values):
    given = {"type": "presto", "query": "SELECT 1", "database": "shop_jp", "cron": "@daily"}
    return calls.post("/v3/schedule/create/daily", **given | values)


def update(calls, **values):
    return calls.post("/v3/schedule/update/daily", **values)


def target():
    return targets.of(Query.objects.get())


def test_a_destination_given_as_json_is_given_back_with_its_secret_masked(calls):
    answers = [create(calls, result=json.dumps(LINE)), update(calls, delay=5), calls.get("/v3/schedule/list")]
    assert [TOKEN in answer.content.decode() for answer in answers] == [False] * 3
    (listed,) = answers[2].json()["schedules"]
    assert json.loads(listed["result"]) == MASKED
    assert target().authentication.all_settings()["access_token"] == TOKEN
    assert TOKEN not in str(list(AuditEntry.objects.values()))


def test_an_update_that_sends_the_mask_keeps_the_secret(calls):
    create(calls, result=json.dumps(LINE))
    shown = json.loads(update(calls, result=json.dumps(MASKED | {"max_records": 9000})).json()["result"])
    assert (shown["access_token"], shown["max_records"]) == (MASK, 9000)
    assert target().authentication.all_settings()["access_token"] == TOKEN
    assert target().settings["max_records"] == 9000


def test_the_list_sent_back_changes_nothing(calls):
    create(calls, result=json.dumps(LINE))
    (listed,) = calls.get("/v3/schedule/list").json()["schedules"]
    names = ("name", "cron", "timezone", "delay", "type", "query", "database", "priority", "retry_limit", "result")
    assert calls.post("/v3/schedule/update/daily", json=json.dumps({n: listed[n] for n in names})).json() == listed
    assert Query.objects.get().version == 1


@pytest.mark.parametrize("result", ["line_capi", '{"type": "line_conversion", "td_authentication_id": NUMBER}'])
def test_a_saved_authentication_is_taken_by_its_name_or_number(calls, saved, result):
    create(calls, result=result.replace("NUMBER", str(saved.pk)))
    assert target().authentication == saved
    (listed,) = calls.get("/v3/schedule/list").json()["schedules"]
    assert json.loads(listed["result"])["td_authentication_id"] == saved.pk


def test_a_connection_with_settings_is_taken_as_digdag_sends_it(calls, saved):
    settings = json.dumps({"max_records": 2000, "ignore_invalid_records": False})
    create(calls, result="", result_connection_id=saved.pk, result_connection_settings=settings)
    assert (target().authentication, target().settings["max_records"]) == (saved, 2000)
    assert target().settings["ignore_invalid_records"] is False


def test_a_result_goes_into_a_table(calls):
    shown = create(calls, result="td://@/shop_jp/daily_copy?mode=replace").json()["result"]
    assert shown == "td://@/shop_jp/daily_copy?mode=replace"
    assert result_targets.of_query(Query.objects.get()).table.table == "daily_copy"


def test_what_is_not_given_keeps_the_export_and_an_empty_result_removes_it(calls):
    create(calls, result=json.dumps(LINE))
    assert json.loads(update(calls, query="SELECT 2").json()["result"]) == MASKED
    assert update(calls, result="").json()["result"] == ""
    assert not target()
    assert Query.objects.get().versions.get(number=2).target["settings"]["max_records"] == 5000


def test_a_mapping_made_in_the_console_survives_an_update(calls, saved):
    create(calls, result="line_capi")
    query = Query.objects.get()
    draft = queries.stored(query)
    mapped = targets.Target(saved, {"email": {"column": "mail"}}, draft.target.settings)
    queries.update(query, replace(draft, target=mapped), base=1, user=None)
    by_number = {"type": "line_conversion", "td_authentication_id": saved.pk, "max_records": 3000}
    update(calls, result=json.dumps(by_number))
    assert (target().mapping, target().settings["max_records"]) == ({"email": {"column": "mail"}}, 3000)


@pytest.mark.parametrize(
    ("values", "name", "says"),
    [
        (
            {"result": '{"type": "line_conversion", "line_tag_id": "t", "access_token": "x", "max_retry": 11}'},
            "max_retry",
            "1 to 10",
        ),
        ({"result": '{"type": "line_conversion", "line_tag_id": "t"}'}, "access_token", "is required"),
        ({"result": '{"type": "tableau"}'}, "type", "line_conversion"),
        ({"result": "{"}, "result", "is no valid JSON"),
        ({"result": "nobody"}, "result", "there is no authentication “nobody”"),
        ({"result": "td://@/nowhere/t"}, "result", "there is no database nowhere"),
        ({"result_connection_id": 77}, "result_connection_id", "there is no authentication 77"),
    ],
)
def test_a_bad_result_is_refused_at_once_and_names_its_key(calls, values, name, says):
    for answer in (create(calls, **values), create(calls) and update(calls, **values)):
        assert (answer.status_code, list(answer.json()["details"])) == (422, [name])
        assert says in answer.json()["message"]
    assert Query.objects.get().version == 1


def test_a_run_takes_the_target_along(calls):
    create(calls, result=json.dumps(LINE))
    (told,) = calls.post("/v3/schedule/run/daily/1767225600").json()["jobs"]
    assert json.loads(told["result"]) == MASKED
    assert Job.objects.get().connector_key == "line_conversion"


def test_the_list_costs_the_same_with_many_targets(calls, saved, django_assert_num_queries):
    for number in range(4):
        result = json.dumps(LINE | {"line_tag_id": f"t{number}"}) if number % 2 else "line_capi"
        values = {"type": "hive", "query": "SELECT 1", "database": "shop_jp", "result": result}
        calls.post(f"/v3/schedule/create/q{number}", **values)
    with django_assert_num_queries(2):  # the key, the list
        assert len(calls.get("/v3/schedule/list").json()["schedules"]) == 4
