"""A workflow in a browser: run by hand, watched until a task fails, mended, and resumed."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible
from tests.browser.test_jobs import polls
from tests.workflows.attempts import a_workflow, an_attempt, grown, t
from tests.workflows.running import run, step
from tests.workflows.scripted import scripted  # noqa: F401 - a fixture
from workflows.models import Attempt, Task

pytestmark = pytest.mark.django_db(transaction=True)
FAILS = {"daily.dig": "+load:\n  echo>: one\n+count:\n  fail>: there is no table\n+tell:\n  echo>: three\n"}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def the_task(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_from_run_to_a_failing_task_and_its_resume(page_as, editor, scripted):  # noqa: F811
    workflow = a_workflow(editor, FAILS)
    page = page_as(editor)
    page.goto(f"/workflows/{workflow.pk}")
    page.click("#run")
    page.get_by_label("Parameters").fill("limit: 100")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("h1 + .chip")).to_have_text("Running")
    first = Attempt.objects.get()
    expect(the_task(page, "+load")).to_contain_text("Ready")

    the_task(page, "+count").get_by_role("link").click()
    expect(page.locator("#h-task")).to_have_text("+count")
    expect(page.locator(f"#t-{Task.objects.get(name='+count').pk}")).to_be_focused()
    step(first)
    expect(the_task(page, "+load")).to_contain_text("Success")
    expect(page.locator(f"#t-{Task.objects.get(name='+count').pk}")).to_be_focused()
    run(first)
    expect(page.locator("h1 + .chip")).to_have_text("Error")
    expect(page.locator("#task")).to_contain_text("there is no table")
    expect(page.locator("#task")).to_contain_text("Mend it.")
    expect(the_task(page, "+tell")).to_contain_text("Not run")
    assert_accessible(page)
    asked = polls(page, f"/workflows/attempts/{first.pk}")
    page.wait_for_timeout(2500)
    assert not asked

    a_workflow(editor, {"daily.dig": FAILS["daily.dig"].replace("fail>", "echo>")})
    page.click("#attempt-resume")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Start from").locator("option")).to_have_count(4)
    dialog.get_by_label("Use the latest revision").check()
    assert_accessible(page)
    dialog.get_by_role("button", name="Resume").click()
    expect(page.locator("h1 + .chip")).to_have_text("Running")
    expect(the_task(page, "+load")).to_contain_text("Done before")
    run(Attempt.objects.latest("pk"))
    expect(page.locator("h1 + .chip")).to_have_text("Success")


def test_what_was_opened_stays_open_while_the_page_refreshes(page_as, editor):
    attempt = an_attempt(a_workflow(editor), editor)
    below = t("+x", "success", "td")
    grown(attempt, t("+loop", "planned", "for_each", *(t(f"+b{n}", "success", "", below) for n in range(70))))
    page = page_as(editor)
    page.goto(f"/workflows/attempts/{attempt.pk}")
    page.get_by_role("link", name="Show the tasks of +b3").click()
    expect(page.get_by_role("link", name="+x", exact=True)).to_have_count(1)
    page.get_by_role("link", name="Show them by 50s").click()
    expect(page.get_by_role("link", name="+b49", exact=True)).to_be_visible()
    Task.objects.filter(name="+b40").update(state="error")
    expect(the_task(page, "+b40")).to_contain_text("Error")
    expect(page.get_by_role("link", name="+x", exact=True)).to_have_count(2)  # what failed is opened by itself
    page.go_back()
    expect(page.get_by_role("link", name="+b49", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Hide the tasks of +b3")).to_be_visible()
