"""Attempts as they look in all states, without running them."""

from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from exports.models import JobState
from tests.exports.factories import a_job
from tests.workflows.factories import pushed
from workflows.models import Attempt, Session, Task, TaskJob, TaskLog

DAILY = """timezone: Asia/Tokyo

schedule:
  daily>: 07:00:00
  skip_on_overtime: true

_export:
  td:
    database: shop_jp
  brands: ["lumen", "nord"]   # as in the shop

+load:
  td>: queries/load.sql
  create_table: ${session_date_compact}

+count:
  td>: queries/count.sql
  store_last_results: true
  _retry: 2

+brands:
  for_each>:
    brand: ${brands}
  _parallel: true
  _do:
    +export:
      td>: queries/brand.sql

+tell:
  echo>: "done: ${session_time}"

_error:
  +mail:
    echo>: ${error.message}
"""
FILES = {
    "daily.dig": DAILY,
    "queries/load.sql": "select 1",
    "queries/count.sql": "select 1",
    "queries/brand.sql": "select 1",
}
ENDED = ("success", "error", "canceled")


def a_workflow(user, files=None, project="shop"):
    return pushed(user, files or FILES, project=project)


def an_attempt(workflow, user, state="running", *, at=None, ago=timedelta(minutes=10), number=1, **values):
    """One that began `ago` and took five minutes if it has ended; without tasks."""
    now = timezone.now()
    session, _ = Session.objects.get_or_create(workflow=workflow, session_time=at or now - ago)
    values = {"revision": workflow.revision, "timezone": workflow.timezone, "created_by": user} | values
    ended = {} if state == "running" else {"finished_at": now - ago + timedelta(minutes=5)}
    name = f"retry-{number}" if number > 1 else ""
    fixed = {"session": session, "number": number, "retry_attempt_name": name, "state": state, **ended}
    made = Attempt.objects.create(**fixed | values)
    Attempt.objects.filter(pk=made.pk).update(created_at=now - ago)
    return Attempt.objects.get(pk=made.pk)


def t(name, state="success", op="", *below, **values):
    """A task for `grown`. Its path counts the tasks of a group; that of a body is to be given."""
    return SimpleNamespace(name=name, state=state, op=op, below=below, values=values)


def grown(attempt, *tasks, state=None):
    """The attempt's root, with these tasks below it, a quarter of a minute each."""
    root = f"+{attempt.workflow.name}"
    state = state or ("planned" if attempt.state == "running" else attempt.state)
    return _grow(attempt, None, t(root, state, "", *tasks), 0, "", attempt.created_at, [])


def _grow(attempt, parent, one, position, above, at, path):
    ran = one.state not in ("blocked", "canceled", "ready")
    values = {
        "path": path,
        "started_at": at if ran else None,
        "finished_at": at + timedelta(seconds=15 + 60 * bool(one.below)) if one.state in ENDED and ran else None,
    } | one.values
    task = Task.objects.create(
        attempt=attempt,
        parent=parent,
        position=position,
        name=one.name,
        full_name=above + one.name,
        file=attempt.workflow.file,
        op=one.op,
        state=one.state,
        **values,
    )
    for n, child in enumerate(one.below):
        _grow(attempt, task, child, n, task.full_name, at + timedelta(seconds=14 * min(n, 16)), [*path, n])
    return task


def made(task, state=JobState.SUCCESS, **values):
    """A job that the task made."""
    key = {"domain_key": f"task-{task.pk}-{task.jobs.count()}"}
    return TaskJob.objects.create(task=task, job=a_job(state, exports=False, **key | values)).job


def said(task, *texts, level="INFO"):
    TaskLog.objects.bulk_create(TaskLog(task=task, text=text, level=level) for text in texts)


def a_failed_attempt(user):
    """Loops, tries, jobs, an error with advice, a task that was copied, and one that did not run."""
    workflow = a_workflow(user)
    first = an_attempt(workflow, user, "error", ago=timedelta(minutes=30))
    attempt = an_attempt(
        workflow,
        user,
        "error",
        at=first.session.session_time,
        number=2,
        resumed_from=first,
        params={"limit": 100},
        error="Job 12 failed: there is no table shop_jp.orders.",
    )
    body = {"path": [2, "do", 0]}
    brands = [t(f"+brands+brand=b{n}", "success", "", t("+export", "success", "td", **body)) for n in range(40)]
    brands[7] = t("+brands+brand=b7", "error", "", t("+export", "error", "td", **body))
    root = grown(
        attempt,
        t("+load", "success", "td", copied=True, stored={"td": {"last_job": {"id": 3}}}),
        t("+count", "success", "td", rounds=1),
        t("+brands", "error", "for_each", *brands),
        t("+tell", "canceled", "echo"),
        t("^error", "success", "", t("+mail", "success", "echo", path=["error", 0])),
    )
    load, wrong = (Task.objects.get(attempt=attempt, full_name__endswith=name) for name in ("+load", "b7+export"))
    made(load)
    made(wrong, JobState.ERROR, error="No such table.")
    said(wrong, "Job made.", "Waits for it.")
    said(wrong, "Table shop_jp.orders does not exist.", level="ERROR")
    wrong.error = "Job 12 failed: there is no table shop_jp.orders."
    wrong.advice = "Correct the query, then resume the attempt."
    wrong.params = {"database": "shop_jp", "query": "select 1", "token": "••••••"}
    wrong.export = {"brand": "b7"}
    wrong.save()
    return root.attempt
