"""Workflows."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from tests.browser.samples.page import Page
from tests.conftest import person
from tests.exports.factories import keep
from tests.exports.schedules import at
from tests.workflows import attempts
from tests.workflows.attempts import t
from tests.workflows.factories import attempt_of, pushed
from workflows import contents, secrets
from workflows.models import Session, Task, WorkflowSchedule


def a_project(page=""):
    """With two revisions, a schedule, an attempt that runs, a secret, and one that is missed."""
    for remembered in (contents._files, contents._texts):
        remembered.cache_clear()
    kenji = person("kenji", Role.EDITOR)
    daily = "schedule:\n  daily>: 07:00:00\n+load:\n  td>: queries/load.sql\n  database: shop\n"
    files = {"daily.dig": f"{daily}+a:\n  echo>: ${{secret:line.token}}\n", "queries/load.sql": "SELECT 1\n"}
    old = pushed(kenji, files, note="First").revision
    workflow = pushed(kenji, {**files, "queries/load.sql": "SELECT 2\n", "weekly.dig": "+a:\n  echo>: a\n"})
    attempt_of(workflow, kenji)
    secrets.keep(workflow.project, "td.apikey", "1/abc", user=kenji)
    return f"/workflows/projects/{workflow.project_id}{page.format(old=old.pk, new=workflow.revision_id)}"


def a_project_with_a_token():
    """That stands in a file as it is."""
    send = "  result_connection: line\n  result_settings:\n    access_token: abc\n"
    files = {"daily.dig": f"+load:\n  td>: load.sql\n  database: shop\n{send}", "load.sql": "SELECT 1\n"}
    workflow = pushed(person("kenji", Role.EDITOR), files)
    return reverse("workflows:project", args=[workflow.project_id])


def an_attempt(page=""):
    """One that failed, with loops, tries and jobs; it resumes another one."""
    one = attempts.a_failed_attempt(person("kenji", Role.EDITOR))
    if page is None:
        return reverse("workflows:attempts") + f"?project={one.workflow.project_id}"
    task = Task.objects.get(attempt=one, full_name__endswith="b7+export")
    return reverse("workflows:attempt", args=[one.pk]) + page.format(task=task.pk)


def a_running_attempt():
    kenji = person("kenji", Role.EDITOR)
    one = attempts.an_attempt(attempts.a_workflow(kenji), kenji)
    soon = timezone.now() + timedelta(minutes=3)
    retried, waiting = t("+count", "retry", "td", rounds=1, next_run_at=soon), t("+tell", "blocked", "echo")
    loop = t("+brands", "planned", "for_each", *(t(f"+b{n}", "blocked" if n else "running", "td") for n in range(20)))
    attempts.grown(one, t("+load", "success", "td"), retried, loop, waiting)
    return reverse("workflows:attempt", args=[one.pk])


def a_downloaded_file():
    """In the details of the task that downloaded it, under a long name."""
    address = a_running_attempt()
    task = Task.objects.get(name="+load")
    keep(attempts.made(task), {"id": list(range(12))})
    task.jobs.update(file=f"reports/{'of-all-brands-' * 5}.csv")
    return f"{address}?task={task.pk}"


def a_workflow(page="", *, paused=False):
    """With a schedule, and sessions that ended in all ways."""
    kenji = person("kenji", Role.EDITOR)
    one = attempts.a_failed_attempt(kenji).workflow
    for hours, state in enumerate(("running", "success", "killed"), 2):
        attempts.an_attempt(one, kenji, state, ago=timedelta(hours=hours))
    Session.objects.create(workflow=one, session_time=at(3), skipped="More time had passed than it allows.")
    if paused:
        WorkflowSchedule.objects.update(paused_at=timezone.now(), paused_by=kenji)
    return reverse("workflows:workflow", args=[one.pk]) + page


PAGES = [
    Page("no workflows", "/workflows", Role.EDITOR),
    Page("workflows", lambda: a_project() and "/workflows", Role.EDITOR),
    Page("new workflow", "/workflows/new", Role.EDITOR),
    Page("upload a project", "/workflows/upload", Role.EDITOR),
    Page("operators of workflows", "/workflows/operators", Role.VIEWER),
    Page("attempts, none yet", "/workflows/attempts", Role.VIEWER),
    Page("attempts", lambda: an_attempt(None), Role.EDITOR),
    Page("attempts, nothing found", "/workflows/attempts?state=killed", Role.VIEWER),
    Page("attempt that failed", an_attempt, Role.EDITOR),
    Page("attempt that failed, for a viewer", an_attempt, Role.VIEWER),
    Page("task of an attempt", lambda: an_attempt("?task={task}"), Role.EDITOR),
    Page("attempt while it runs", a_running_attempt, Role.EDITOR),
    Page("task that downloaded a file", a_downloaded_file, Role.EDITOR),
    Page("workflow", a_workflow, Role.EDITOR),
    Page("workflow, paused, for a viewer", lambda: a_workflow(paused=True), Role.VIEWER),
    Page("run a workflow", lambda: a_workflow("/run"), Role.EDITOR),
    Page("backfill a workflow", lambda: a_workflow("/backfill?first=2026-03-01T00:00&count=3"), Role.EDITOR),
    Page("backfill a workflow, refused", lambda: a_workflow("/backfill?first=soon&count=0"), Role.EDITOR),
    Page("project", a_project, Role.EDITOR),
    Page("project with a token in a file", a_project_with_a_token, Role.EDITOR),
    Page("delete a project that runs", lambda: a_project("/delete"), Role.EDITOR),
    Page("Project Editor", lambda: a_project("/edit"), Role.EDITOR),
    Page("files of a project, for a viewer", lambda: a_project("/edit"), Role.VIEWER),
    Page("revisions of a project", lambda: a_project("/revisions"), Role.EDITOR),
    Page("old revision", lambda: a_project("/revisions/{old}"), Role.EDITOR),
    Page("file of a revision", lambda: a_project("/revisions/{old}/file?path=daily.dig"), Role.VIEWER),
    Page("compare revisions", lambda: a_project("/compare?old={old}&new={new}"), Role.VIEWER),
    Page("secrets of a project", lambda: a_project("/secrets"), Role.EDITOR),
    Page("delete a secret", lambda: a_project("/secrets/td.apikey/delete"), Role.EDITOR),
]
