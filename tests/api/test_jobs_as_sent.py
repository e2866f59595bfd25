"""Jobs as the Ruby toolbelt, Java and digdag write their requests: urlencoded, with empty texts, or as JSON."""

import json
from urllib.parse import urlencode

import pytest

from exports import result_targets
from exports.models import Job, JobState
from exports.run import run_job
from tests.api.conftest import FORM
from tests.exports.factories import a_job, an_authentication, keep
from tests.exports.queries import orders, shop

pytestmark = pytest.mark.django_db
RUNS = pytest.mark.django_db(transaction=True)  # its heartbeat has a connection of its own
DIGDAG = (
    "-- project_id: 1\n-- project_name: crm\n-- workflow_name: daily\n-- session_id: 7\n-- attempt_id: 8\n"
    "-- task_name: +daily+export\n"
)
SETTINGS = {"line_tag_id": "tag_id_1234", "access_token": "abc1234", "ignore_invalid_records": True}


@pytest.fixture
def calls(api, editor):
    orders(shop())
    return api(editor)


def issued(answer):
    assert answer.status_code == 200, answer.content
    return Job.objects.get(pk=answer.json()["job_id"])


@RUNS
def test_as_td_query_issues_it(calls):
    given = {"query": "select order_uid from orders", "type": "hive", "priority": "0", "retry_limit": "0"}
    job = issued(calls.post("/v3/job/issue/hive/shop%5Fjp", **given))
    assert (job.engine, job.priority, run_job(job.pk)) == ("hive", 0, JobState.SUCCESS)


def test_empty_texts_are_not_given(calls):
    empty = dict.fromkeys(("result", "priority", "retry_limit", "engine_version", "pool_name", "domain_key"), "")
    job = issued(calls.post("/v3/job/issue/presto/shop_jp", query="select 1 as n", scheduled_time="", **empty))
    assert (job.priority, job.retry_limit, job.domain_key, job.exports) == (0, 0, None, False)


def test_as_json_with_parameters_in_the_address(calls):
    body = json.dumps({"query": "select 1 as n", "priority": 1})
    job = issued(calls.post("/v3/job/issue/trino/shop_jp?retry_limit=2&priority=-1", json=body))
    assert (job.priority, job.retry_limit) == (1, 2)


def test_as_a_form_of_many_parts(calls):
    path, given = "/v3/job/issue/presto/shop_jp", {"query": "select 1 as n", "priority": 2}
    assert issued(calls.client.post(path, given, headers=calls.headers)).priority == 2


def test_a_post_without_anything_names_what_is_missing(calls):
    answer = calls.client.post("/v3/job/issue/hive/shop_jp", content_type=FORM, headers=calls.headers)
    assert (answer.status_code, answer.json()["details"]) == (422, {"query": ["is required"]})


@pytest.mark.parametrize("as_json", [False, True])
def test_as_digdag_issues_it_with_a_connection(calls, as_json):
    saved = an_authentication("your_connection_name")
    given = {
        "query": f"{DIGDAG}select order_uid, email from orders",
        "result_connection_id": saved.pk,
        "result_connection_settings": SETTINGS if as_json else json.dumps(SETTINGS),
        "scheduled_time": 1795360045,
        "domain_key": "d9f7-1",
        "pool_name": "",
    }
    path = "/v3/job/issue/trino/shop_jp"
    job = issued(calls.post(path, json=json.dumps(given)) if as_json else calls.post(path, **given))
    told = json.loads(result_targets.shown(result_targets.of_job(job)))
    assert (told["line_tag_id"], told["access_token"]) == ("tag_id_1234", "********")
    assert (job.name, job.settings["ignore_invalid_records"]) == ("select order_uid, email from orders", True)


def test_digdag_waits_for_the_job_that_has_its_key(calls):
    given = {"query": "select 1 as n", "domain_key": "d9f7-1"}
    first = issued(calls.post("/v3/job/issue/trino/shop_jp", **given))
    answer = calls.post("/v3/job/issue/trino/shop_jp", **given)
    assert answer.json()["details"]["conflicts_with"] == str(first.pk)
    assert {"error", "text", "severity"} <= set(answer.json())


@RUNS
def test_as_digdag_makes_a_table(calls):
    made = 'DROP TABLE IF EXISTS "daily";\nCREATE TABLE "daily" AS\nselect order_uid from orders'
    for _ in range(2):
        job = issued(calls.post("/v3/job/issue/presto/shop_jp", query=DIGDAG + made))
        assert run_job(job.pk) == JobState.SUCCESS
    job = issued(calls.post("/v3/job/issue/presto/shop_jp", query='select count(*) as n from "daily"'))
    run_job(job.pk)
    assert b"".join(calls.get(f"/v3/job/result/{job.pk}", format="msgpack.gz", header="false"))
    assert b"".join(calls.get(f"/v3/job/result/{job.pk}")) == b"[3]\n"


def test_as_td_export_result_sends_it(calls):
    an_authentication("line_prod")
    job = keep(a_job(exports=False), {"n": [1]})
    answer = calls.post(f"/v3/job/result_export/{job.pk}", result="line_prod", retry_limit="", priority="")
    assert (answer.status_code, answer.json()["type"]) == (200, "result_export")


def test_as_java_asks_for_a_result(calls):
    job = keep(a_job(exports=False), {"n": [1]})
    query = urlencode({"format": "msgpack.gz", "header": "false"})
    headers = {**calls.headers, "Accept-Encoding": "gzip"}
    answer = calls.client.get(f"/v3/job/result/{job.pk}?{query}", headers=headers)
    assert (answer.status_code, "Content-Encoding" in answer) == (200, False)
