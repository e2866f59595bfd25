"""One job's page: what it says in each state, that its rows add up, and what it asks anew."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from exports import job_pages, results
from exports.job_pages import Sent
from exports.models import Job, JobLog, JobState
from tests.exports.factories import a_job, a_query, a_reason, a_request, an_authentication, exporting, keep

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PERSONAL = {"email": ["kana@example.jp", None], "amount": [1200, 800]}


@pytest.fixture
def client(as_user, viewer):
    return as_user(viewer)


def page(client, job, **more):
    return client.get(f"/jobs/{job.pk}", **more)


def text_of(response):
    text = re.sub(r"<dialog.*?</dialog>", "", response.content.decode(), flags=re.S)
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))


def test_an_unknown_job_is_not_found(client):
    assert client.get("/jobs/999").status_code == 404
    assert client.get(f"/jobs/{'9' * 30}").status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": JobState.QUEUED}, ["Queued", "Waiting for a worker"]),
        ({"state": JobState.RUNNING, "phase": "querying", "progress": 41.5}, ["Querying shop_jp", "41%"]),
        ({"state": JobState.RUNNING, "kill_requested": True}, ["Stopping"]),
        ({"state": JobState.KILLED, "started_at": None}, ["Killed", "Queued by the console"]),
        ({"rows": 0}, ["Success", "There was nothing to send."]),
        (
            {"state": JobState.ERROR, "error": "LINE refused.", "advice": "Paste it."},
            ["Error", "LINE refused. Paste it."],
        ),
    ],
)
def test_it_says_how_the_job_stands(client, values, words):
    told = text_of(page(client, a_job(**values)))
    assert all(word in told for word in words), told


def test_checking_says_that_nothing_is_sent_yet(client):
    job = keep(a_job(JobState.RUNNING, phase="checking", not_attempted=2), PERSONAL)
    assert "Nothing is sent if one row is invalid." in text_of(page(client, job))


def test_it_says_which_request_of_how_many(client):
    job = exporting()
    for number in range(1, 10):
        a_request(job, number, "accepted" if number < 9 else "sending", *([202] if number < 9 else []))
    told = text_of(page(client, job))
    assert "82%" in told and "Request 9 of about 10" in told


def test_it_says_how_long_it_will_take():
    now = timezone.now()
    sent = Sent(n=9, last=9, sending=1, first=now - timedelta(minutes=4))
    assert job_pages.progress(exporting(), sent, now).detail == "About 53 s left at 2,000 events a minute"


def test_it_counts_the_requests_to_come_by_the_share_of_valid_rows():
    job = Job(state="running", rows=10_000, invalid=2_500, accepted=2_500, not_attempted=5_000)
    assert job_pages.about(job, Sent(n=3, last=3)) == 6
    assert job_pages.about(job, Sent(n=4, last=4, sending=1)) == 6


def test_a_wait_says_which_retry_comes_when(client):
    at = timezone.make_aware(datetime(2026, 11, 23, 21, 12, 40), timezone.get_fixed_timezone(0))
    job = exporting(JobState.RETRY_WAIT, tries=2, next_attempt_at=at)
    a_request(job, 9, "retrying", 503, 503)
    told = text_of(page(client, job))
    assert "Waiting to retry (until 06:12:40)" in told and "Retry 2 of 8 at 06:12:40." in told


def test_a_wait_after_429_uses_up_no_retry(client):
    job = exporting(JobState.RETRY_WAIT, throttled_since=timezone.now())
    assert "LINE asked to slow down (429)" in text_of(page(client, job))


def test_the_five_ends_add_up_on_the_page(client):
    job = a_job(JobState.ERROR, invalid=12, accepted=70, refused=3, unknown=5, not_attempted=10)
    told = text_of(page(client, keep(job, PERSONAL)))
    assert "100 rows read = 12 invalid + 70 accepted + 3 refused + 5 unknown + 10 not attempted" in told
    assert "received by LINE" in told and "stopped by our checks" in told and "5 events unknown." in told


def test_the_bars_lie_side_by_side_and_fill_the_first():
    steps = job_pages.waterfall(Job(connector_key="line_conversion", rows=8, invalid=2, accepted=4, not_attempted=2))
    bars = [(step.word, step.start, step.width) for step in steps if step.rows]
    assert bars == [("Rows read", 0, 100), ("Invalid", 0, 25), ("Accepted", 25, 50), ("Not attempted", 75, 25)]


def test_invalid_rows_stand_under_their_field_with_reason_and_masked_sample(client):
    job = keep(a_job(accepted=1, invalid=9), PERSONAL)
    a_reason(job, "phone", "needs the country code", 6, sample="090•••78")
    a_reason(job, "phone", "is not text", 1)
    a_reason(job, "", "needs at least one user field", 3)
    told = text_of(page(client, job))
    assert told.index("phone") < told.index("Whole record")
    assert "Needs the country code, like 090•••78 : 6" in told


def test_requests_show_each_attempt(client):
    job = exporting()
    a_request(job, 9, "accepted", 429, None, 202)
    told = text_of(page(client, job))
    assert "8,001–9,000" in told and "429 no answer 202 120 ms, 120 ms, 120 ms" in told


def test_requests_are_filtered_and_paged(client):
    job = exporting()
    for number in range(1, 13):
        a_request(job, number, "accepted", *([503, 202] if number == 3 else [202]))
    a_request(job, 13, "refused", 400)

    def shown(**given):
        return [int(n) for n in re.findall(r'<tr id="req-(\d+)"', page(client, job, data=given).content.decode())]

    assert shown() == list(range(13, 1, -1)) and shown(before=2) == [1]
    assert shown(show="retried") == [3] and shown(show="failed") == [13]


def test_it_names_the_settings_used_and_nothing_secret(client):
    authentication = an_authentication()
    authentication.set_secrets({"access_token": "secret-token"}, at=timezone.now())
    authentication.save()
    job = a_job(authentication=authentication, query=a_query(), query_version=3)
    told = text_of(page(client, job))
    assert "LINE Tag ID tag-1" in told and "Batch Size 1,000" in told and "Maximum Retry 8" in told
    assert "secret-token" not in told and "Access Token" not in told


def test_the_sql_is_the_one_that_was_frozen_and_marks_the_line_of_the_error(client):
    query = a_query(sql="select 2")
    job = a_job(JobState.ERROR, query=query, error="The query failed.", error_line=2)
    html = page(client, job).content.decode()
    assert '<span class="sql-line wrong" id="sql-2">from purchases' in html and "select 2" not in html
    assert f'href="/queries/{query.pk}#line-2"' in html


def test_the_log_shows_the_last_lines_and_the_file_all(client, monkeypatch):
    monkeypatch.setattr(job_pages, "LOG_LINES", 2)
    job = a_job()
    for n in range(3):
        JobLog.objects.create(job=job, text=f"line {n}", level="WARN")
    told = text_of(page(client, job))
    assert "line 0" not in told and told.index("line 1") < told.index("line 2") and "The last 2 lines" in told
    whole = b"".join(client.get(f"/jobs/{job.pk}/log.txt")).decode()
    assert re.fullmatch(r"(\S+\+09:00 WARN  line \d\n){3}", whole)


def test_the_result_is_masked(client):
    told = text_of(page(client, keep(a_job(), PERSONAL)))
    assert "kana@example.jp" not in told and "@example.jp" in told and "amount bigint" in told and "NULL" in told


def test_an_editor_may_see_the_values_and_that_is_on_record(as_user, editor):
    job = keep(a_job(), PERSONAL)
    assert "kana@example.jp" in text_of(as_user(editor).post(f"/jobs/{job.pk}/values"))
    part = as_user(editor).post(f"/jobs/{job.pk}/values", headers=HTMX).content.decode()
    assert "kana@example.jp" in part and "<html" not in part
    assert AuditEntry.objects.filter(action="job.reveal", target_id=job.pk, user=editor).count() == 2


def test_a_result_that_is_gone_says_so(client):
    job = keep(a_job(accepted=1, invalid=1), PERSONAL)
    (job.folder / results.NAME).unlink()
    told = text_of(page(client, job))
    assert "The kept result was deleted. Run the job again" in told and "cannot be downloaded any more" in told


def test_it_asks_anew_until_the_job_has_ended(client):
    job = exporting()
    assert 'hx-trigger="every 2s"' in page(client, job, headers=HTMX).content.decode()
    Job.objects.filter(pk=job.pk).update(state="killed", lease_token=None, finished_at=timezone.now())
    last = page(client, job, headers=HTMX).content.decode()
    assert "hx-trigger" not in last and "Killed" in last and 'id="job-log"' in last and "<html" not in last


def test_the_result_comes_with_the_part_that_first_knows_it(client):
    job = a_job(JobState.RUNNING, phase="exporting", not_attempted=2)
    assert "X-Result-Shown" in page(client, job).content.decode()
    without = HTMX | {"X-Result-Shown": "no"}
    assert 'id="job-result"' not in page(client, job, headers=without).content.decode()
    keep(job, PERSONAL)
    assert 'id="job-result"' in page(client, job, headers=without).content.decode()
    assert 'id="job-result"' not in page(client, job, headers=HTMX).content.decode()


def test_a_viewer_gets_no_actions_and_no_downloads(client):
    html = page(client, keep(a_job(accepted=1, invalid=1, query=a_query()), PERSONAL)).content.decode()
    assert not re.findall(r"/stop|/run-again|/rejects\.|/result\.csv|/values", html) and "Open query" in html


def test_an_editor_gets_stop_while_it_runs_and_run_again_after(as_user, editor):
    running, ended = exporting(), a_job()
    html = page(as_user(editor), running).content.decode()
    assert 'id="job-stop"' in html and 'id="job-again"' not in html
    html = page(as_user(editor), ended).content.decode()
    assert 'id="job-again"' in html and 'id="job-stop"' not in html


def test_stop_says_truthfully_what_happens():
    told = job_pages.stop_text(exporting())
    assert "8,000 events were accepted so far" in told and "cannot be recalled" in told and "become unknown" in told
    assert "Nothing has been sent" in job_pages.stop_text(a_job(JobState.RUNNING))


def test_the_number_of_database_queries_does_not_grow_with_the_parts(client):
    def queries(job):
        with CaptureQueriesContext(connection) as found:
            page(client, job)
        return len(found)

    few, many = exporting(query=a_query()), exporting(query=a_query())
    for n in range(1, 9):
        a_request(many, n, "accepted", 202)
        a_reason(many, "phone", f"reason {n}", n)
        JobLog.objects.create(job=many, text="line")
    assert queries(few) == queries(many) <= 10


# --- warnings and readiness ---------------------------------------------------------------------------------------

NOTES = {
    "rows": 9800,
    "identifiers": {"email": 7840, "browser_id": 98},
    "warnings": {"old": 49, "only_weak": 12, "no_value": 0, "repeated": 3},
    "hashes": {"email": {"upper": 5, "blank": 2, "most": 400}},
}


def test_it_warns_and_says_what_to_do(client):
    told = text_of(page(client, a_job(accepted=9800, invalid=200, notes=NOTES)))
    assert "9,800 rows passed the checks" in told
    assert "Older than 30 days LINE dates a conversion by its arrival" in told and "49 0.5% of the rows" in told
    assert "Purchase without" not in told


def test_it_shows_readiness_and_never_a_match_rate(client):
    told = text_of(page(client, a_job(accepted=9800, notes=NOTES)))
    assert "Readiness" in told and "email 80.0% 7,840" in told
    assert "email: one value stands on 400 rows (4.1%)" in told
    assert "match rate" not in told.lower()


def test_milliseconds_are_warned_of_with_the_column_of_the_query(client):
    mapping = {"event_timestamp": {"column": "paid_at"}}
    job = a_job(JobState.ERROR, invalid=20, mapping=mapping)
    a_reason(job, "event_timestamp", "looks like milliseconds", 20, code="milliseconds")
    told = text_of(page(client, job))
    assert "floor(paid_at / 1000) AS paid_at 20 100.0% of all rows" in told
    assert "Readiness" not in told


def test_a_job_without_warnings_says_so(client):
    told = text_of(page(client, a_job(notes=NOTES | {"warnings": {}})))
    assert "Nothing to warn of." in told


@pytest.mark.parametrize("values", [{}, {"exports": False}, {"state": JobState.RUNNING, "notes": NOTES}])
def test_nothing_is_said_of_rows_that_were_not_counted(client, values):
    told = text_of(page(client, a_job(**values)))
    assert "Readiness" not in told and "Warnings" not in told
