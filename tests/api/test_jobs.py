"""Jobs by the API: issued, shown, listed, stopped."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from api.job_objects import JOB_WITH_DEBUG
from exports import jobs as started
from exports.models import Job, JobState
from exports.run import run_job
from exports.texts import Text
from integrations.models import Authentication
from tests.exports.factories import a_job, an_authentication, keep
from tests.exports.queries import orders, shop

pytestmark = pytest.mark.django_db
RUNS = pytest.mark.django_db(transaction=True)  # its heartbeat has a connection of its own
ISSUE = "/v3/job/issue/presto/shop_jp"


@pytest.fixture
def calls(api, editor):
    orders(shop())
    return api(editor)


def issued(answer):
    assert answer.status_code == 200, answer.content
    return Job.objects.get(pk=answer.json()["job_id"])


# --- issue --------------------------------------------------------------------------------------------------------


@RUNS
def test_a_job_is_issued_and_runs(calls, editor):
    answer = calls.post(ISSUE, query="select order_uid from orders")
    job = issued(answer)
    assert answer.json() == {"job": str(job.pk), "job_id": str(job.pk), "database": "shop_jp"}
    assert (job.created_by, job.engine, job.issued_as, job.query) == (editor, "trino", "presto", None)
    assert run_job(job.pk) == JobState.SUCCESS
    entry = AuditEntry.objects.get(action="job.issue")
    assert (entry.user, entry.details["type"], entry.details["database"]) == (editor, "presto", "shop_jp")


@pytest.mark.parametrize(
    ("kind", "engine"), [("presto", "trino"), ("trino", "trino"), ("hive", "hive"), ("duckdb", "duckdb")]
)
def test_its_type_is_given_back_as_it_was_sent(calls, kind, engine):
    job = issued(calls.post(f"/v3/job/issue/{kind}/shop_jp", query="select 1 as n"))
    assert (job.engine, calls.get(f"/v3/job/show/{job.pk}").json()["type"]) == (engine, kind)


@pytest.mark.parametrize("kind", ["pig", "impala", "mapred", "bulkload", "cobol"])
def test_other_types_are_refused_by_name(calls, kind):
    answer = calls.post(f"/v3/job/issue/{kind}/shop_jp", query="select 1")
    assert (answer.status_code, kind in answer.json()["message"]) == (422, True)
    assert "presto, trino, hive, duckdb" in answer.json()["message"]


def test_a_database_that_is_missing_is_404(calls):
    answer = calls.post("/v3/job/issue/presto/nowhere", query="select 1")
    assert (answer.status_code, answer.json()["message"]) == (404, "Database nowhere does not exist.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("query", ""),
        ("priority", "3"),
        ("priority", "HIGH"),
        ("retry_limit", "33"),
        ("scheduled_time", "yesterday"),
        ("scheduled_time", "99999999999"),
        ("domain_key", "k" * 256),
        ("result", "{"),
        ("result", "no_such_authentication"),
        ("result_connection_id", "999"),
        ("result_connection_settings", "[1]"),
        ("result_connection_settings", "{"),
    ],
)
def test_what_cannot_be_used_is_422_and_names_itself(calls, name, value):
    answer = calls.post(ISSUE, **{"query": "select 1", name: value})
    assert (answer.status_code, list(answer.json()["details"])) == (422, [name])
    assert not Job.objects.exists()


@RUNS
def test_options_and_the_scheduled_time_are_kept(calls):
    given = {"priority": "-2", "retry_limit": "5", "scheduled_time": "1795360045", "pool_name": "x"}
    job = issued(calls.post(ISSUE, query="select td_scheduled_time() as t", engine_version="stable", **given))
    assert (job.priority, job.retry_limit) == (-2, 5)
    assert job.scheduled_for == datetime.fromtimestamp(1795360045, UTC)
    run_job(job.pk)
    assert b"".join(calls.get(f"/v3/job/result/{job.pk}")) == b"[1795360045]\n"


def test_a_domain_key_that_was_used_is_409_and_names_the_first_job(calls):
    line = '{"type": "line_conversion", "line_tag_id": "t", "access_token": "secret-token"}'
    first = issued(calls.post(ISSUE, query="select 1 as n", domain_key="once"))
    answer = calls.post(ISSUE, query="select 1 as n", domain_key="once", result=line)
    assert (answer.status_code, answer.json()["details"]) == (409, {"conflicts_with": str(first.pk)})
    assert (Job.objects.count(), Authentication.objects.count()) == (1, 0)
    assert AuditEntry.objects.filter(action="job.issue").count() == 1


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select  1 as n\nfrom t", "select 1 as n"),
        ("-- client: pytd/2.4.0\n-- more\n/* a\nb */ select 2 as n", "select 2 as n"),
        ("-- nothing", "Untitled query"),
        ("select 'taro@example.jp' as mail", "select 't•••@example.jp' as mail"),
        (f"select {'x' * 200}", f"select {'x' * 72}…"),
    ],
)
def test_it_is_called_by_the_first_line_of_its_sql(calls, as_user, editor, sql, name):
    job = issued(calls.post(ISSUE, query=sql))
    assert job.name == name
    page = as_user(editor).get("/jobs", {"q": name[:20]}).content.decode()
    assert as_user(editor).get(f"/jobs/{job.pk}").status_code == 200 and f"/jobs/{job.pk}" in page


@RUNS
def test_two_statements_in_one_job_write_a_table(calls):
    sql = 'DROP TABLE IF EXISTS "copy";\nCREATE TABLE "copy" AS\nselect order_uid from orders'
    job = issued(calls.post(ISSUE, query=f"-- project_id: 1\n-- task_name: +a\n{sql}"))
    assert run_job(job.pk) == JobState.SUCCESS
    assert b"".join(calls.get(f"/v3/job/result/{job.pk}")) == b"[3]\n"
    assert calls.get(f"/v3/job/statistics/{job.pk}").json() == {"records_inserted": 3}


def test_a_select_inserts_nothing(calls):
    job = issued(calls.post(ISSUE, query="select 1 as n"))
    assert calls.get(f"/v3/job/statistics/{job.pk}").json() == {"records_inserted": None}


@RUNS
def test_sql_that_is_wrong_ends_the_job_and_not_the_call(calls):
    job = issued(calls.post(ISSUE, query="selec 1"))
    run_job(job.pk)
    shown = calls.get(f"/v3/job/show/{job.pk}").json()
    assert (shown["status"], shown["num_records"], shown["result_size"]) == ("error", None, 0)
    assert "The query failed" in shown["debug"]["stderr"] and "queued" in shown["debug"]["cmdout"]


def test_only_editors_issue_kill_and_send_on(api, viewer):
    calls = api(viewer)
    job = a_job(JobState.QUEUED)
    for path in (ISSUE, f"/v3/job/kill/{job.pk}", f"/v3/job/result_export/{job.pk}", "/v3/export/run/a/b"):
        assert calls.post(path, query="select 1").status_code == 403, path
    for path in ("show", "status", "statistics"):
        assert calls.get(f"/v3/job/{path}/{job.pk}").status_code == 200
    assert calls.get("/v3/job/list").status_code == 200


# --- show ---------------------------------------------------------------------------------------------------------


@RUNS
def test_a_job_has_every_field_in_its_type(calls, editor):
    job = issued(calls.post(ISSUE, query="select order_uid, paid_at, 1.5 as d, array[1] as a from orders"))
    run_job(job.pk)
    shown = calls.get(f"/v3/job/show/{job.pk}").json()
    assert [name for name in JOB_WITH_DEBUG["required"] if name not in shown] == []
    assert json.loads(shown["hive_result_schema"])[:2] == [["order_uid", "varchar"], ["paid_at", "bigint"]]
    told = ("job_id", "status", "database", "user_name", "num_records", "result", "cpu_time", "organization")
    assert [shown[name] for name in told] == [str(job.pk), "success", "shop_jp", "editor", 3, "", None, None]
    assert shown["url"] == f"http://testserver/jobs/{job.pk}"
    assert datetime.strptime(shown["end_at"], "%Y-%m-%d %H:%M:%S UTC")
    assert set(shown["debug"]) == {"cmdout", "stderr"}


@RUNS
def test_a_hive_job_has_the_words_of_hive(calls):
    job = issued(calls.post("/v3/job/issue/hive/shop_jp", query="select order_uid, array(1, 2) as a from orders"))
    run_job(job.pk)
    assert json.loads(calls.get(f"/v3/job/show/{job.pk}").json()["hive_result_schema"])[0] == ["order_uid", "string"]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (JobState.QUEUED, "queued"),
        (JobState.RUNNING, "running"),
        (JobState.RETRY_WAIT, "running"),
        (JobState.SUCCESS, "success"),
        (JobState.ERROR, "error"),
        (JobState.KILLED, "killed"),
    ],
)
def test_a_state_is_one_of_five_words(calls, state, word):
    job = a_job(state, result_rows=5, domain_key="mine")
    assert calls.get(f"/v3/job/show/{job.pk}").json()["status"] == word
    by_key = calls.get("/v3/job/status_by_domain_key/mine").json()
    assert by_key == calls.get(f"/v3/job/status/{job.pk}").json()
    assert (by_key["status"], by_key["job_id"]) == (word, str(job.pk))
    assert by_key["num_records"] is None  # what is counted while it runs is no result


def test_a_queued_job_has_no_times(calls):
    shown = calls.get(f"/v3/job/show/{a_job(JobState.QUEUED).pk}").json()
    assert (shown["start_at"], shown["end_at"], shown["duration"]) == ("", "", 0)
    assert (shown["hive_result_schema"], shown["result_size"]) == ("", 0)


def test_an_export_is_shown_with_its_secrets_masked(calls):
    result = json.dumps({"type": "line_conversion", "line_tag_id": "tag-1", "access_token": "secret-token"})
    job = issued(calls.post(ISSUE, query="select 1 as n", result=result))
    shown = calls.get(f"/v3/job/show/{job.pk}").json()
    told = json.loads(shown["result"])
    assert (told["type"], told["access_token"]) == ("line_conversion", "********")
    assert "secret-token" not in str(shown) + str(calls.get("/v3/job/list").json())


@pytest.mark.parametrize("path", ["show/999", "status/999", "statistics/999", "result/999", "show/abc", "show/1e5"])
def test_a_job_that_is_not_there_is_404(calls, path):
    answer = calls.get(f"/v3/job/{path}")
    assert (answer.status_code, "Job" in answer.json()["message"]) == (404, True)


def test_it_is_404_in_the_words_of_treasure_data(calls):
    assert calls.get("/v3/job/show/999").json()["message"] == "Couldn't find Job with account_id = 1, id = 999"
    assert calls.get("/v3/job/status_by_domain_key/none").status_code == 404


@RUNS
def test_what_the_console_started_has_its_exact_size_too(calls, editor):
    job = started.start(text=Text(shop(), "select 1 as n", engine="duckdb"), name="q", user=editor)
    run_job(job.pk)
    assert calls.get("/v3/job/list").json()["jobs"][0]["result_size"] == 0
    size = calls.get(f"/v3/job/status/{job.pk}").json()["result_size"]
    answer = calls.get(f"/v3/job/result/{job.pk}", format="msgpack.gz")
    assert size == len(b"".join(answer)) == int(answer["Content-Length"])
    assert calls.get("/v3/job/list").json()["jobs"][0]["result_size"] == size


def test_a_result_that_cannot_be_read_keeps_no_one_from_seeing_its_job(calls):
    job = keep(a_job(exports=False), {"n": [1]})
    (job.folder / "result.arrow").write_bytes(b"broken")
    answer = calls.get(f"/v3/job/show/{job.pk}")
    assert (answer.status_code, answer.json()["result_size"]) == (200, 0)


# --- list ---------------------------------------------------------------------------------------------------------


def listed(calls, **given):
    answer = calls.get("/v3/job/list", **given)
    assert answer.status_code == 200, answer.content
    return [int(job["job_id"]) for job in answer.json()["jobs"]]


def test_the_latest_twenty_are_listed(calls):
    pks = [a_job().pk for _ in range(22)][::-1]
    assert listed(calls) == pks[:20]
    assert listed(calls, **{"from": 20}) == pks[20:]
    assert listed(calls, **{"from": 1, "to": 3}) == pks[1:4]
    assert listed(calls, **{"from": 3, "to": 1}) == []
    answer = calls.get("/v3/job/list", **{"from": 1, "to": 3}).json()
    assert (answer["count"], answer["from"], answer["to"]) == (3, 1, 3)


def test_a_list_is_of_one_status(calls):
    by_state = {state: a_job(state).pk for state in JobState if state != JobState.RETRY_WAIT}
    waiting = a_job(JobState.RETRY_WAIT).pk
    assert listed(calls, status="running") == [waiting, by_state[JobState.RUNNING]]
    assert listed(calls, status="killed") == [by_state[JobState.KILLED]]
    assert calls.get("/v3/job/list", status="booting").status_code == 422


def test_a_list_is_of_the_slow_ones(calls):
    now = timezone.now()
    a_job(ago=timedelta(hours=3))  # took 38 s
    slow = a_job(ago=timedelta(hours=3), finished_at=now)
    a_job(JobState.RUNNING, ago=timedelta(minutes=5))
    running = a_job(JobState.RUNNING, ago=timedelta(hours=2))
    a_job(JobState.QUEUED)
    assert listed(calls, slower_than=3600) == [running.pk, slow.pk]


def test_not_too_many_are_listed_at_once(calls):
    assert calls.get("/v3/job/list", to=999).status_code == 200
    assert calls.get("/v3/job/list", to=1000).status_code == 422


def test_a_list_asks_no_more_for_more_jobs(calls, editor, django_assert_num_queries):
    calls.get("/v3/job/list")
    for _ in range(20):
        a_job(created_by=editor, authentication=an_authentication(f"line_{Job.objects.count()}"))
    with django_assert_num_queries(3):  # the key, the numbers, the jobs
        calls.get("/v3/job/list")


def test_showing_a_job_asks_little(calls, django_assert_num_queries):
    job = keep(a_job(), {"n": [1]})
    calls.get(f"/v3/job/show/{job.pk}")
    with django_assert_num_queries(3):  # the key, the job, its log
        calls.get(f"/v3/job/show/{job.pk}")


# --- kill ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "former", "then"),
    [
        (JobState.QUEUED, "queued", "killed"),
        (JobState.RETRY_WAIT, "running", "killed"),
        (JobState.RUNNING, "running", "running"),  # until its worker hears of it
        (JobState.SUCCESS, "success", "success"),
    ],
)
def test_a_job_is_killed(calls, state, former, then):
    job = a_job(state)
    answer = calls.post(f"/v3/job/kill/{job.pk}")
    assert answer.json() == {"job_id": str(job.pk), "former_status": former}
    assert calls.get(f"/v3/job/status/{job.pk}").json()["status"] == then
    job.refresh_from_db()
    assert job.kill_requested is (state != JobState.SUCCESS)
    assert AuditEntry.objects.filter(action="job.stop").exists() is (state != JobState.SUCCESS)


def test_a_job_that_is_not_there_is_not_killed(calls):
    assert calls.post("/v3/job/kill/999").status_code == 404


def test_exports_of_tables_to_s3_are_refused(calls):
    answer = calls.post("/v3/export/run/shop_jp/orders", storage_type="s3", bucket="b")
    assert (answer.status_code, "not supported" in answer.json()["message"]) == (422, True)
