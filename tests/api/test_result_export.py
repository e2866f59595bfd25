"""The kept result of a job, sent on to another target: a job of its own, without another query."""

import json
import shutil

import pytest

from accounts.models import AuditEntry
from exports.models import Job, JobState, RowsFrom
from exports.run import run_job
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.exports.factories import a_job, an_authentication, keep
from tests.exports.test_run import events
from warehouse.models import Database, Table

pytestmark = pytest.mark.django_db(transaction=True)
LINE = {"type": "line_conversion", "line_tag_id": "tag", "access_token": "token"}


@pytest.fixture
def line(settings):
    with Sandbox({"tag": "token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        yield sandbox


@pytest.fixture
def calls(api, editor):
    return api(editor)


@pytest.fixture
def job():
    """A finished query with 20 rows, two of which LINE cannot take."""
    table = events(20, bad={3, 7})
    return keep(a_job(exports=False, name="all events"), dict(zip(table.column_names, table.columns, strict=True)))


def sent_on(calls, job, **given):
    answer = calls.post(f"/v3/job/result_export/{job.pk}", **given)
    assert answer.status_code == 200, answer.content
    return Job.objects.get(pk=answer.json()["job_id"])


def test_its_rows_go_to_line_and_each_end_is_on_record(calls, editor, job, line):
    sending = sent_on(calls, job, result=json.dumps(LINE), priority="1")
    assert (sending.created_by, sending.rows_from, sending.priority) == (editor, RowsFrom.KEPT, 1)
    assert run_job(sending.pk) == JobState.SUCCESS
    sending.refresh_from_db()
    assert (sending.rows, sending.accepted, sending.invalid) == (20, 18, 2)
    assert len(line.events) == 18
    assert AuditEntry.objects.get(action="job.result_export").details["of"] == job.pk


def test_both_jobs_name_each_other(calls, job):
    an_authentication("line_prod")
    sending = sent_on(calls, job, result="line_prod")
    first = calls.get(f"/v3/job/show/{job.pk}").json()
    other = calls.get(f"/v3/job/show/{sending.pk}").json()
    assert (first["linked_result_export_job_id"], first["result_export_target_job_id"]) == (str(sending.pk), None)
    assert (other["linked_result_export_job_id"], other["result_export_target_job_id"]) == (None, str(job.pk))
    assert other["type"] == "result_export"


def test_rows_that_another_destination_refused_go_too(calls, line):
    table = events(5)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    rejected = [(1, "invalid", (("email", "pattern", "is none"),))]
    job = keep(a_job(invalid=1, accepted=4), columns, rejected=rejected)
    sending = sent_on(calls, job, result=json.dumps(LINE))
    run_job(sending.pk)
    sending.refresh_from_db()
    assert sending.accepted == 5


@pytest.mark.parametrize("ordered", [False, True])
def test_they_leave_in_the_order_in_which_they_happened_or_in_that_of_the_query(calls, line, ordered):
    table = events(30).take(list(range(29, -1, -1)))
    columns = dict(zip(table.column_names, table.columns, strict=True))
    job = keep(a_job(exports=False, ordered=ordered), columns)
    sending = sent_on(calls, job, result=json.dumps(LINE))
    assert run_job(sending.pk) == JobState.SUCCESS
    times = [event["event"]["event_timestamp"] for event in line.events]
    assert times == sorted(times, reverse=ordered) and len(times) == 30
    assert [path.name for path in sending.folder.iterdir() if path.suffix == ".parquet"] == []


def test_they_may_go_into_a_table(calls, job):
    Database.objects.create(name="crm")
    sending = sent_on(calls, job, result="td://@/crm/events?mode=replace")
    assert run_job(sending.pk) == JobState.SUCCESS
    assert Table.objects.get(name="events").files.get().rows == 20
    assert calls.get(f"/v3/job/show/{sending.pk}").json()["result"] == "td://@/crm/events?mode=replace"
    assert calls.get(f"/v3/job/statistics/{sending.pk}").json() == {"records_inserted": 20}


def test_columns_that_do_not_fit_end_the_job_before_anything_is_sent(calls, line):
    sending = sent_on(calls, keep(a_job(exports=False), {"n": [1]}), result=json.dumps(LINE))
    assert (run_job(sending.pk), line.stats["requests"]) == (JobState.ERROR, 0)


def test_a_target_is_needed(calls, job):
    answer = calls.post(f"/v3/job/result_export/{job.pk}")
    assert (answer.status_code, answer.json()["details"]) == (422, {"result": ["is required"]})


def test_a_key_that_was_used_is_409(calls, job):
    an_authentication("line_prod")
    first = sent_on(calls, job, result="line_prod", domain_key="once")
    answer = calls.post(f"/v3/job/result_export/{job.pk}", result="line_prod", domain_key="once")
    assert answer.json()["details"] == {"conflicts_with": str(first.pk)}


def test_without_a_result_there_is_nothing_to_send(calls, job):
    an_authentication("line_prod")
    path = "/v3/job/result_export/{}"
    assert calls.post(path.format(a_job(JobState.RUNNING).pk), result="line_prod").status_code == 404
    assert calls.post(path.format(999), result="line_prod").status_code == 404
    shutil.rmtree(job.folder)
    answer = calls.post(path.format(job.pk), result="line_prod")
    assert (answer.status_code, "deleted" in answer.json()["message"]) == (404, True)


def test_the_pages_of_both_lead_to_each_other(calls, as_user, editor, job):
    an_authentication("line_prod")
    sending = sent_on(calls, job, result="line_prod")
    pages = as_user(editor)
    first = pages.get(f"/jobs/{job.pk}").content.decode()
    other = pages.get(f"/jobs/{sending.pk}").content.decode()
    assert "Its result was sent on in" in first and f'/jobs/{sending.pk}"' in first
    assert "Sends the result of" in other and f'/jobs/{job.pk}"' in other


def test_run_again_sends_the_same_rows_again(calls, as_user, editor, job, line):
    sending = sent_on(calls, job, result=json.dumps(LINE))
    run_job(sending.pk)
    as_user(editor).post(f"/jobs/{sending.pk}/run-again")
    again = Job.objects.get(again_of=sending)
    assert (again.rows_from, again.parent, run_job(again.pk)) == (RowsFrom.KEPT, job, JobState.SUCCESS)
