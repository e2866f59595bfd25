"""Job history in a browser: pages refresh by themselves, focus stays, Stop works from the keyboard."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from exports.models import Job, JobLog, JobState
from tests.exports.factories import a_job, a_query, a_request, an_authentication, exporting, keep

pytestmark = pytest.mark.django_db(transaction=True)


def finish(job, state=JobState.SUCCESS, **values):
    counts = {"accepted": 9800, "not_attempted": 0}
    ended = {"state": state, "lease_token": None, "phase": "", "finished_at": timezone.now()}
    Job.objects.filter(pk=job.pk).update(**ended | counts | values)


def polls(page, part):
    """The addresses that the page asks for from now on."""
    asked = []
    page.on("request", lambda request: asked.append(request.url) if part in request.url else None)
    return asked


def test_the_job_page_follows_the_job_to_its_end_and_then_rests(page_as, editor):
    job = exporting()
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    expect(page.get_by_role("heading", name="82%")).to_be_visible()
    page.locator("#req-retried, #job-stop").first.focus()
    Job.objects.filter(pk=job.pk).update(accepted=8800, not_attempted=1000)
    JobLog.objects.create(job=job, text="Half way.")
    expect(page.get_by_role("heading", name="90%")).to_be_visible()
    expect(page.get_by_text("Half way.")).to_be_visible()
    expect(page.locator("#job-stop")).to_be_focused()
    finish(job)
    expect(page.locator("h1 + .chip")).to_have_text("Success with rejects")
    expect(page.get_by_role("status").first).to_have_text(
        "daily_purchases: Success with rejects, 9,800 accepted, 200 invalid"
    )
    asked = polls(page, f"/jobs/{job.pk}")
    page.wait_for_timeout(2500)
    assert not asked


def test_the_result_appears_when_the_query_has_finished(page_as, editor):
    job = a_job(JobState.RUNNING, phase="querying", exports=False)
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    expect(page.locator("#job-result")).to_be_hidden()
    keep(job, {"email": ["kana@example.jp"], "amount": [1200]})
    finish(job, accepted=0)
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    expect(page.get_by_role("cell", name="1200")).to_be_visible()
    page.get_by_role("button", name="Show values").click()
    expect(page.get_by_role("cell", name="kana@example.jp")).to_be_visible()


def test_the_kind_of_requests_stays_chosen_while_the_page_refreshes(page_as, editor):
    job = exporting()
    a_request(job, 1, "accepted", 202)
    a_request(job, 2, "accepted", 503, 202)
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    page.get_by_role("link", name="Retried").click()
    expect(page.locator("#req-1")).to_have_count(0)
    a_request(job, 3, "accepted", 503, 202)
    expect(page.locator("#req-3")).to_be_visible()
    expect(page.locator("#req-1")).to_have_count(0)
    assert page.url.endswith("?show=retried")


def test_stop_is_asked_and_confirmed_by_keyboard(page_as, editor):
    job = exporting()
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    page.locator("#job-stop").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Stop job {job.pk}?")
    expect(dialog).to_contain_text("8,000 events were accepted so far")
    Job.objects.filter(pk=job.pk).update(accepted=9000, not_attempted=800)
    expect(dialog).to_contain_text("9,000 events were accepted so far")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#job-stop")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1 + .chip")).to_have_text("Stopping")
    assert Job.objects.get(pk=job.pk).kill_requested


def test_an_error_leads_to_its_line_in_the_editor(page_as, editor):
    query = a_query(sql="select email,\n  paid\nfrom purchases")
    job = a_job(JobState.ERROR, query=query, error="The query failed: no column paid.", error_line=2)
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    page.get_by_role("link", name="Go to line 2").click()
    page.wait_for_url("**/queries/*#line-2")
    expect(page.locator("sql-editor .cm-focused")).to_be_visible()
    page.keyboard.type("-- ")
    assert page.locator("#sql").input_value().splitlines()[1] == "--   paid"


def test_run_again_leads_to_the_new_job(page_as, editor):
    job = a_job(authentication=an_authentication())
    page = page_as(editor)
    page.goto(f"/jobs/{job.pk}")
    page.get_by_role("button", name="Run again").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("LINE accepted 100 rows of this job already")
    dialog.get_by_role("button", name="Run again").click()
    expect(page.locator("h1 + .chip")).to_have_text("Queued")


def test_the_list_refreshes_and_then_rests(page_as, editor):
    job = exporting()
    page = page_as(editor)
    page.goto("/jobs")
    expect(page.locator(f"#job-{job.pk} .chip")).to_have_text("Exporting")
    link = page.get_by_role("link", name="daily_purchases")
    link.focus()
    finish(job)
    expect(page.locator(f"#job-{job.pk} .chip")).to_have_text("Success with rejects")
    expect(page.locator("#jobs-n-rejects")).to_have_text("1")
    expect(link).to_be_focused()
    asked = polls(page, "/jobs")
    page.wait_for_timeout(3500)
    assert not asked


def test_filters_answer_at_once_and_stand_in_the_address(page_as, editor):
    exporting()
    a_job(JobState.ERROR, name="page_views", error="LINE refused the access token (401).")
    page = page_as(editor)
    page.goto("/jobs")
    page.get_by_label("Search by name or job ID").press_sequentially("views")
    expect(page.get_by_role("link", name="daily_purchases")).to_have_count(0)
    page.get_by_label("Search by name or job ID").fill("")
    page.get_by_text("Error", exact=False).and_(page.locator("label")).click()
    expect(page.get_by_role("link", name="daily_purchases")).to_have_count(0)
    expect(page.get_by_role("link", name="page_views")).to_be_visible()
    page.wait_for_url("**/jobs?*status=error*")
    page.go_back()
    expect(page.get_by_role("link", name="page_views")).to_be_visible()


def test_on_a_small_screen_more_filters_open_in_a_sheet(page_as, editor):
    exporting()
    page = page_as(editor, width=390)
    page.goto("/jobs")
    period = page.get_by_label("Period")
    expect(period).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    period.select_option("custom")
    expect(page.get_by_label("From (UTC)")).to_be_visible()
    page.keyboard.press("Escape")
    expect(period).to_be_hidden()
