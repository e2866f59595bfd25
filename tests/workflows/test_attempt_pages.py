"""The pages of attempts: all of them, and one with its tasks, their details, and what people do with it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tests.workflows.attempts import a_failed_attempt, a_workflow, an_attempt, grown, made, said, t
from tests.workflows.factories import SESSION_TIME
from tests.workflows.running import run
from tests.workflows.scripted import scripted  # noqa: F401
from workflows import secrets, sessions
from workflows.models import Attempt, Session, Task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def see(as_user, viewer):
    return as_user(viewer)


@pytest.fixture
def workflow(editor):
    return a_workflow(editor)


def url(attempt, action=""):
    return reverse(f"workflows:attempt{action}", args=[attempt.pk])


def shown(client, attempt, **asked):
    return client.get(url(attempt), asked).content.decode()


def listed(client, **asked):
    """The numbers of the attempts that the list shows."""
    response = client.get(reverse("workflows:attempts"), asked)
    assert response.status_code == 200
    return [row.attempt.pk for row in response.context["rows"]]


# --- all attempts ------------------------------------------------------------------------------------------------


def test_the_list_filters_by_state_project_and_workflow(see, editor, workflow):
    other = a_workflow(editor, {"a.dig": "+a:\n  echo>: 1\n", "b.dig": "+b:\n  echo>: 1\n"}, project="other")
    failed, running = an_attempt(workflow, editor, "error", ago=timedelta(hours=1)), an_attempt(workflow, editor)
    ended = an_attempt(other, editor, "success")
    assert listed(see) == [ended.pk, running.pk, failed.pk]
    assert listed(see, state="error") == [failed.pk]
    assert listed(see, project=workflow.project_id) == [running.pk, failed.pk]
    assert listed(see, workflow=other.pk) == [ended.pk]
    assert listed(see, workflow=other.pk, project=workflow.project_id) == [running.pk, failed.pk]  # not one of its own
    assert listed(see, state="nonsense", project="x", workflow="0") == [ended.pk, running.pk, failed.pk]
    page = see.get(reverse("workflows:attempts"), {"state": "killed"}).content.decode()
    assert "No attempt matches these filters" in page


def test_the_list_is_paged_by_key(see, editor, workflow, django_assert_max_num_queries):
    made = [an_attempt(workflow, editor, "success", ago=timedelta(minutes=n)).pk for n in range(60, 0, -1)]
    with django_assert_max_num_queries(9):
        assert listed(see) == made[:-26:-1]
    older = listed(see, before=made[-25])
    assert older == made[-26:-51:-1]
    assert listed(see, before=made[10]) == made[9::-1]
    assert listed(see, after=made[-26]) == made[:-26:-1]
    assert listed(see, after=made[9]) == made[34:9:-1]


# --- one attempt -------------------------------------------------------------------------------------------------


def test_it_shows_where_the_attempt_stands_and_what_each_task_did(see, editor):
    attempt = a_failed_attempt(editor)
    page = shown(see, attempt)
    assert "+daily+brands+brands+brand=b7+export</a> failed.</strong> Job 12 failed" in page
    assert f'It resumes <a href="{url(attempt.resumed_from)}">' in page and "Done before" in page
    assert "Try 2" in page and "Not run" in page and "30 more: 30 success" in page
    assert "&quot;limit&quot;: 100" in page and "Resume…" not in page  # a viewer only sees
    job = Task.objects.get(attempt=attempt, name="+load").jobs.get().job
    assert reverse("exports:job", args=[job.pk]) in page


def test_the_details_of_a_task_say_why_it_failed_and_where_it_stands(see, editor):
    attempt = a_failed_attempt(editor)
    secrets.keep(attempt.workflow.project, "word", "b7-is-secret", user=editor)
    task = Task.objects.get(attempt=attempt, full_name__endswith="b7+export")
    stored = {"seen": "b7-is-secret", "n": 7, "td": {"each": {"mail": "kana@example.jp"}}}
    Task.objects.filter(pk=task.pk).update(stored=stored)
    page = shown(see, attempt, task=task.pk)
    editor_url = reverse("workflows:editor", args=[attempt.workflow.project_id])
    assert f'href="{editor_url}?file=daily.dig&amp;line=26">daily.dig, line 26</a>' in page
    assert "Correct the query, then resume the attempt." in page and "Waits for it." in page
    assert "&quot;token&quot;: &quot;••••••&quot;" in page and "&quot;brand&quot;: &quot;b7&quot;" in page
    assert "b7-is-secret" not in page and "&quot;n&quot;: 7" in page
    assert "kana@example.jp" not in page and "k•••@example.jp" in page
    other = an_attempt(attempt.workflow, editor, "success", ago=timedelta(days=1))
    assert "Correct the query" not in shown(see, other, task=task.pk)


def test_of_an_older_revision_the_details_lead_to_its_own_line(see, editor):
    attempt = a_failed_attempt(editor)
    task = Task.objects.get(attempt=attempt, full_name__endswith="b7+export")
    a_workflow(editor, {"daily.dig": "+a:\n  echo>: hi\n"})
    page = shown(see, attempt, task=task.pk)
    address = reverse("workflows:revision_file", args=[attempt.workflow.project_id, attempt.revision_id])
    assert f'href="{address}?path=daily.dig#line-26">' in page
    assert '<tr id="line-26">' in see.get(address, {"path": "daily.dig"}).content.decode()


def test_a_thousand_tasks_cost_no_more_sql(see, editor, workflow, django_assert_num_queries):
    attempt = an_attempt(workflow, editor)
    root = grown(attempt, t("+brands", "planned", "for_each"))
    loop = Task.objects.get(parent=root)
    tasks = Task.objects.bulk_create(
        Task(attempt=attempt, parent=loop, position=n, name=f"+b{n}", full_name=f"+b{n}", op="td", file="daily.dig")
        for n in range(998)
    )
    for task in tasks[:3]:
        made(task)
        said(task, "Job made.")
    see.get(url(attempt))
    with django_assert_num_queries(9):
        page = shown(see, attempt)
    assert "988 more: 988 waiting for its turn" in page and len(page) < 60_000
    with django_assert_num_queries(12):
        page = shown(see, attempt, task=tasks[2].pk, all=f"{loop.pk}-3")
    assert "151–200 of 998 tasks" in page and "+b150<" in page and len(page) < 120_000


def test_while_it_runs_it_asks_for_itself_and_then_no_more(see, editor, workflow):
    attempt = an_attempt(workflow, editor)
    grown(attempt, t("+load", "running", "td"))
    part = see.get(url(attempt), {"task": 1}, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<") and "<html" not in part
    assert f'hx-get="{url(attempt)}?task=1" hx-trigger="every 2s"' in part
    assert "every 2s" not in shown(see, a_failed_attempt(editor))


def test_the_page_of_a_job_leads_to_the_task_that_made_it(see, editor):
    attempt = a_failed_attempt(editor)
    task = Task.objects.get(attempt=attempt, name="+load")
    page = see.get(reverse("exports:job", args=[task.jobs.get().job_id])).content.decode()
    assert f'href="{url(attempt)}?task={task.pk}">Workflow attempt {attempt.pk}, +load</a>' in page


def test_a_resume_may_start_from_the_tasks_of_groups(edit, editor, workflow):
    attempt = an_attempt(workflow, editor, "error")
    loop = t("+loop", "error", "for_each", t("+one", "error", "", t("+x", "error", "td")))
    grown(
        attempt, t("+group", "success", "", t("+load", "success", "td")), loop, t("^error", "success", "", t("+mail"))
    )
    context = edit.get(url(attempt)).context
    assert context["from_tasks"] == ["+daily+group", "+daily+group+load", "+daily+loop"]


# --- what people do with it --------------------------------------------------------------------------------------

FAILS = {"daily.dig": "+a:\n  echo>: one\n+b:\n  fail>: no\n+c:\n  echo>: three\n"}


@pytest.fixture
def failed(editor, scripted):  # noqa: F811
    """A real attempt, whose second task fails."""
    workflow = a_workflow(editor, FAILS)
    attempt = run(sessions.start(workflow, SESSION_TIME, user=editor))
    assert attempt.state == "error"
    return attempt


def states(attempt):
    return {task.name: (task.state, task.copied) for task in Task.objects.filter(attempt=attempt)}


def test_resume_goes_on_from_the_failed_task_in_a_new_attempt(edit, failed):
    answer = edit.post(url(failed, "_resume"))
    made = Attempt.objects.latest("pk")
    assert answer.url == url(made) and made.resumed_from == failed and made.session == failed.session
    assert states(made)["+a"] == ("success", True)
    run(made)
    assert states(made)["+b"] == ("error", False)
    entry = AuditEntry.objects.get(action="attempt.resume")
    assert entry.target_id == str(made.pk) and entry.details["of"] == failed.pk


def test_resume_can_start_from_an_earlier_task_with_the_latest_revision(edit, editor, failed):
    a_workflow(editor, {"daily.dig": FAILS["daily.dig"].replace("fail>", "echo>")})
    page = shown(edit, failed)
    assert "not the project’s latest" in page and '<option value="+daily+b">' in page
    edit.post(url(failed, "_resume"), {"from_task": "+daily+a", "latest": "on"})
    made = run(Attempt.objects.latest("pk"))
    assert made.state == "success" and states(made)["+a"] == ("success", False)


def test_retry_runs_all_tasks_anew(edit, failed):
    answer = edit.post(url(failed, "_retry"))
    made = Attempt.objects.latest("pk")
    assert answer.url == url(made) and made.pk != failed.pk
    assert not any(copied for _, copied in states(made).values())


def test_what_cannot_be_done_says_why(edit, failed):
    before = Attempt.objects.count()
    page = edit.post(url(failed, "_resume"), {"from_task": "+no"}, follow=True).content.decode()
    assert "This attempt cannot be resumed:" in page and Attempt.objects.count() == before


def test_of_a_killed_attempt_what_had_begun_is_told_from_what_had_not(see, edit, editor):
    attempt = sessions.start(a_workflow(editor, FAILS), SESSION_TIME, user=editor)
    Task.objects.filter(attempt=attempt).update(started_at=None)
    first = Task.objects.filter(attempt=attempt, state="ready").get()
    Task.objects.filter(pk=first.pk).update(started_at=SESSION_TIME)
    edit.post(url(attempt, "_kill"))
    tasks = see.get(url(attempt)).context["rows"]
    assert [(row.row.task.name, row.status.key) for row in tasks] == [
        ("+daily", "skipped"),
        ("+a", "killed"),
        ("+b", "skipped"),
        ("+c", "skipped"),
    ]


def test_kill_ends_the_attempt_once(edit, editor, scripted):  # noqa: F811
    attempt = sessions.start(a_workflow(editor, FAILS), SESSION_TIME, user=editor)
    edit.post(url(attempt, "_kill"))
    attempt.refresh_from_db()
    assert attempt.kill_requested
    run(attempt)
    assert attempt.state == "killed"
    page = edit.post(url(attempt, "_kill"), follow=True).content.decode()
    assert "The attempt had ended before it could be killed." in page
    assert AuditEntry.objects.filter(action="attempt.kill").count() == 1


@pytest.mark.parametrize("action", ["_resume", "_retry", "_kill"])
def test_viewers_and_links_change_nothing(see, edit, editor, workflow, action):
    attempt = an_attempt(workflow, editor, "error")
    assert see.post(url(attempt, action)).status_code == 403
    assert edit.get(url(attempt, action)).status_code == 405
    assert Session.objects.count() == Attempt.objects.count() == 1


def test_of_a_task_that_made_thousands_of_jobs_the_last_ones_are_named(see, workflow, editor):
    attempt = an_attempt(workflow, editor)
    grown(attempt, t("+ask", "waiting", "td_wait"), t("+other", "success", "td"))
    ask, other = Task.objects.get(name="+ask"), Task.objects.get(name="+other")
    numbers = [made(ask).pk for _ in range(25)]
    lone = made(other).pk
    page = see.get(url(attempt)).content.decode()
    shown = [number for number in (*numbers, lone) if f">Job {number}<" in page]
    assert shown == [*numbers[-3:], lone] and "22 earlier jobs" in page
    page = see.get(f"{url(attempt)}?task={ask.pk}").content.decode()
    assert "5 earlier, and" in page and f'/jobs/{numbers[5]}"' in page and f'/jobs/{numbers[4]}"' not in page
