"""Choosing a job's mode beside *Run*, and how pages tell it."""

from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from exports import job_list, job_pages, job_words, targets
from exports.models import Job, JobState, Mode
from integrations import catalog
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.factories import a_job
from tests.exports.factories import a_query as a_plain_query
from tests.exports.queries import a_query, line, posted, target_text
from tests.exports.test_jobs_pages_job import text_of

pytestmark = pytest.mark.django_db
VALIDATED = {"mode": Mode.VALIDATE, "invalid": 2, "not_attempted": 98}


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def query(editor):
    return a_query(editor, target=targets.parse(target_text(line(), email="email")))


def run(client, query, **changes):
    return client.post(reverse("exports:query_run", args=[query.pk]), posted(query, **changes))


# --- choosing ----------------------------------------------------------------------------------------------------


def test_a_validation_is_started_beside_run(edit, query):
    run(edit, query, mode="validate")
    job = Job.objects.get()
    assert (job.mode, job.query_version) == (Mode.VALIDATE, 1)
    assert AuditEntry.objects.get(action="query.run").details["mode"] == "validate"


def test_run_alone_sends(edit, query):
    run(edit, query)
    assert Job.objects.get().mode == Mode.SEND


@pytest.mark.parametrize("mode", ["validate", "test"])
def test_without_a_destination_there_is_nothing_to_validate_or_test(edit, editor, mode):
    page = run(edit, a_query(editor), mode=mode)
    assert page.status_code == 422 and "needs a destination" in page.content.decode()
    assert not Job.objects.exists()


def test_a_mode_that_does_not_exist_is_refused(edit, query):
    assert run(edit, query, mode="twice").status_code == 422


def test_the_other_ways_to_run_are_offered_where_there_is_a_destination(edit, editor, query):
    page = edit.get(reverse("exports:query", args=[query.pk])).content.decode()
    assert 'id="run-validate"' in page and "More ways to run" in page
    button = page[page.index('id="run-more"') :].split(">")[0]
    assert "hidden" not in button
    plain = edit.get(reverse("exports:query_new")).content.decode()
    assert "hidden" in plain[plain.index('id="run-more"') :].split(">")[0]


def test_a_new_destination_brings_the_other_ways_to_run(edit):
    answer = edit.post(reverse("exports:query_run_label"), posted(target=target_text(line()))).content.decode()
    button = answer[answer.index('id="run-more"') :].split(">")[0]
    assert 'hx-swap-oob="true"' in button and "hidden" not in button


# --- telling -----------------------------------------------------------------------------------------------------


def test_a_validation_says_that_nothing_was_sent(edit):
    told = text_of(edit.get(f"/jobs/{a_job(**VALIDATED, result_path='1/result.arrow').pk}"))
    assert "Success with rejects Validation" in told and "Validation for line_capi_output_test" in told
    assert "100 rows read = 2 invalid + 98 valid" in told and "passed every check; not sent" in told
    assert "Accepted" not in told and "A validation sends no request." in told


def test_a_validation_that_broke_off_calls_no_row_valid():
    job = a_job(JobState.KILLED, mode=Mode.VALIDATE, not_attempted=98)
    assert job_words.outcome_text(job) == "98 not checked"


def test_the_history_tells_the_mode(edit):
    a_job(**VALIDATED)
    told = text_of(edit.get("/jobs"))
    assert "Success with rejects Validation" in told and "98 valid, 2 invalid" in told


def test_test_events_are_told_apart():
    job = a_job(mode=Mode.TEST, accepted=3)
    assert job_words.mode(job) == "Test"
    assert job_words.ends(job)[1].says == "received by LINE as tests: shown, not counted"
    assert job_pages.announcement(job) == "daily_purchases, test: Success, 3 accepted"


def test_stopping_a_validation_loses_nothing():
    job = a_job(JobState.RUNNING, mode=Mode.VALIDATE, phase="checking")
    assert job_pages.stop_text(job) == "The validation is broken off. It has sent nothing."


def test_figures_count_what_was_sent_in_earnest():
    query = a_plain_query()
    for mode in Mode.values:
        a_job(query=query, mode=mode, accepted=0 if mode == Mode.VALIDATE else 5, not_attempted=0, invalid=5)
    assert (job_list.measure(timezone.now()).accepted, job_list.measure(timezone.now()).invalid) == (5, 5)
    assert job_list.last_runs([query.pk]) == {query.pk: [(5, "f-warn")]}


def test_a_test_is_started_beside_run(edit, query):
    run(edit, query, mode="test")
    assert Job.objects.get().mode == Mode.TEST


def test_a_destination_without_test_events_cannot_be_tested(edit, query, monkeypatch):
    monkeypatch.setitem(catalog.CONNECTORS, "line_conversion", replace(CONNECTOR, test_field=""))
    page = run(edit, query, mode="test")
    assert page.status_code == 422 and "has no test events" in page.content.decode()
