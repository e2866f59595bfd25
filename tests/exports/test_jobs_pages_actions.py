"""Stop, run again, and the files of a job: who may, what is on record, and what spreadsheets get."""

import csv
import io
import json

import pyarrow as pa
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from exports import job_files, results
from exports.models import Job
from tests.exports.factories import a_job, an_authentication, exporting, keep

pytestmark = pytest.mark.django_db
PHONE = ("phone", "phone_country", "needs the country code, like +818012345678")
EMAIL = ("email", "email_form", "is not an address")
ROWS = {"phone": ["+818012345678", "090-1", None], "note": ["=1+1", "-12.5", "@cmd"]}
REJECTED = [(1, "invalid", (PHONE, EMAIL)), (2, "refused", (("", "refused", "refused by LINE"),))]
FILES = ["rejects.csv", "rejects.jsonl", "result.csv"]


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


@pytest.fixture
def job():
    return keep(a_job(accepted=1, invalid=1, refused=1), ROWS, rejected=REJECTED)


def on_record():
    return list(AuditEntry.objects.filter(action__startswith="job."))


def body(response):
    return b"".join(response.streaming_content).decode()


def cells(response):
    return list(csv.reader(io.StringIO(body(response).removeprefix("\ufeff"))))


@pytest.mark.parametrize("path", ["stop", "resume", "run-again", "values"])
def test_what_changes_something_is_post_only(client, job, path):
    assert client.get(f"/jobs/{job.pk}/{path}").status_code == 405


@pytest.mark.parametrize("path", ["stop", "resume", "run-again", "values"])
def test_a_viewer_may_change_nothing(as_user, viewer, job, path):
    assert as_user(viewer).post(f"/jobs/{job.pk}/{path}").status_code == 403
    assert not on_record()


@pytest.mark.parametrize("name", FILES)
def test_a_viewer_may_download_no_rows(as_user, viewer, job, name):
    assert as_user(viewer).get(f"/jobs/{job.pk}/{name}").status_code == 403


@pytest.mark.parametrize("path", [*FILES, "log.txt"])
def test_files_of_an_unknown_job_are_not_found(client, path):
    assert client.get(f"/jobs/999/{path}").status_code == 404


def test_stop_tells_the_worker_and_is_on_record(client):
    job = exporting()
    assert client.post(f"/jobs/{job.pk}/stop")["Location"] == f"/jobs/{job.pk}"
    assert Job.objects.get(pk=job.pk).kill_requested
    assert AuditEntry.objects.filter(action="job.stop", target_id=job.pk).exists()


def test_stop_of_a_job_that_has_ended_says_so(client, job):
    page = client.post(f"/jobs/{job.pk}/stop", follow=True)
    assert b"had ended before it could be stopped" in page.content and not on_record()


def test_run_again_makes_the_same_job_anew_and_leads_there(client, editor):
    job = a_job(authentication=an_authentication())
    response = client.post(f"/jobs/{job.pk}/run-again")
    again = Job.objects.exclude(pk=job.pk).get()
    assert response["Location"] == f"/jobs/{again.pk}"
    assert (again.sql, again.mapping, again.state, again.created_by) == (job.sql, job.mapping, "queued", editor)
    assert AuditEntry.objects.get(action="job.run_again").details == {"of": job.pk}


def test_a_job_whose_authentication_is_gone_cannot_run_again(client, job):
    page = client.post(f"/jobs/{job.pk}/run-again", follow=True)
    assert b"was deleted: this job cannot run again" in page.content and Job.objects.count() == 1


def test_rejects_come_with_number_end_problem_and_source_columns(client, job):
    found = cells(client.get(f"/jobs/{job.pk}/rejects.csv"))
    assert found[0] == ["row", "end", "field", "problem", "phone", "note"]
    problem = "phone: needs the country code, like +818012345678; email: is not an address"
    assert found[1:] == [
        ["2", "invalid", "phone; email", problem, "090-1", "-12.5"],
        ["3", "refused", "whole record", "refused by LINE", "", "'@cmd"],
    ]


def test_rejects_come_as_json_lines_with_unchanged_values(client, job):
    lines = [json.loads(line) for line in body(client.get(f"/jobs/{job.pk}/rejects.jsonl")).splitlines()]
    assert [(line["row"], line["end"], line["record"]) for line in lines] == [
        (2, "invalid", {"phone": "090-1", "note": "-12.5"}),
        (3, "refused", {"phone": None, "note": "@cmd"}),
    ]
    assert lines[0]["problems"][0] == dict(zip(("field", "code", "text"), PHONE, strict=True))


def test_the_whole_result_comes_as_csv_that_spreadsheets_read(client, job):
    response = client.get(f"/jobs/{job.pk}/result.csv")
    assert response["Content-Disposition"] == f'attachment; filename="job-{job.pk}-result.csv"'
    text = body(response)
    assert text.startswith("\ufeffphone,note\r\n+818012345678,'=1+1\r\n")


@pytest.mark.parametrize(("name", "action"), [("result.csv", "result"), ("rejects.csv", "rejects")])
def test_a_download_is_on_record(client, job, name, action):
    client.get(f"/jobs/{job.pk}/{name}")
    (entry,) = on_record()
    assert (entry.action, entry.target_id) == (f"job.download_{action}", str(job.pk))
    assert entry.details == {"file": name, "rows": 3 if action == "result" else 2}


@pytest.mark.parametrize("name", FILES)
def test_a_result_that_is_gone_is_told_and_not_recorded(client, job, name):
    (job.folder / results.NAME).unlink()
    page = client.get(f"/jobs/{job.pk}/{name}", follow=True)
    assert b"The kept result of this job was deleted" in page.content and not on_record()


def test_rejects_of_many_chunks_keep_their_rows(job, monkeypatch):
    monkeypatch.setattr(job_files, "CHUNK_ROWS", 3)
    rejected = [(n, "invalid", (PHONE,)) for n in range(0, 20, 2)]
    job = keep(a_job(invalid=10, accepted=10), {"n": list(range(20))}, rejected=rejected)
    lines = b"".join(job_files.rejects_csv(job)).decode().splitlines()[1:]
    assert [(line.split(",")[0], line.split(",")[-1]) for line in lines] == [
        (str(n + 1), str(n)) for n in range(0, 20, 2)
    ]


def test_what_is_not_committed_of_the_rejects_is_not_read(job):
    with (job.folder / "rejects.jsonl").open("ab") as file:
        file.write(b'[0,"invalid",[]]\n')
    assert len(b"".join(job_files.rejects_csv(job)).splitlines()) == 3


@pytest.mark.parametrize("text", ["=1", "+cmd|' /C calc'!A0", "-A1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "+1+A1", "-"])
def test_a_formula_gets_an_apostrophe(text):
    assert job_files.neutral(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "a=b", "-12.5", "+1", "-1.5e-7", "+818012345678", "+81 80-1234-5678", "+1 (650) 5"]
)
def test_numbers_phones_and_plain_text_stay(text):
    assert job_files.neutral(text) == text


def test_every_type_has_words():
    moment = pa.scalar(timezone.now(), pa.timestamp("us", "UTC"))
    values = {"at": [moment.as_py()], "tags": [["a", "b"]], "blob": [b"\x00\xff"], "ok": [True]}
    job = keep(a_job(accepted=0, invalid=1), values, rejected=[(0, "invalid", (PHONE,))])
    assert "['a', 'b'],00ff,true" in b"".join(job_files.result_csv(job)).decode().replace('"', "")
    assert json.loads(b"".join(job_files.rejects_jsonl(job)))["record"]["tags"] == ["a", "b"]
