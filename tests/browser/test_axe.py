"""Every page passes axe at two widths and in both themes, and fits the narrow one.

To add a page, append to PAGES: a name, its address, and the role that opens it (None: a stranger). Where the page
needs rows, give a function instead of the address: it is called when the database is ready, makes them, and returns
the address.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from accounts.audit import record
from accounts.models import Role, User
from audiences import activations, folders, segments
from audiences.models import ParentSegment
from audiences.outputs import Built, Parameter
from audiences.segments import Counted
from audiences.segments import Draft as SegmentDraft
from exports import beats, queries, schedules, targets
from exports.models import ExportTarget, JobLog, JobState, Query
from exports.notify.models import Channel, Delivery, Rule
from exports.timing import Timing
from exports.upkeep_models import Upkeep
from integrations.models import Authentication
from tests.audiences import factories as audiences
from tests.audiences.factories import a_parent, a_segment
from tests.browser.axe import ALL, COLOURS, assert_accessible
from tests.conftest import person
from tests.exports import factories
from tests.exports.factories import a_job, a_query, a_reason, a_request, exporting, keep
from tests.exports.notify.conftest import a_service, an_email_channel, end
from tests.exports.queries import a_draft, a_text, line, target_text
from tests.exports.schedules import a_schedule as scheduled
from tests.exports.schedules import at
from tests.workflows import attempts
from tests.workflows.attempts import t
from tests.workflows.factories import attempt_of, pushed
from warehouse.models import Database, Table, TableFile
from workflows import contents, secrets
from workflows.models import Session, Task, WorkflowSchedule

IN_THEME = """async theme => {
  // a page that moves on its own cancels transitions, and some then never end
  const soon = promise => Promise.race([promise, new Promise(done => setTimeout(done, 2000))]);
  document.documentElement.dataset.theme = theme;
  await soon(new Promise(requestAnimationFrame));
  const moving = document.getAnimations().filter(a => a instanceof CSSTransition);
  await soon(Promise.all(moving.map(a => a.finished.catch(() => {}))));
}"""


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


@dataclass(frozen=True)
class Page:
    name: str
    address: object  # str, or () -> str
    role: Role | None


def a_user():
    return reverse("accounts:user", args=[person("kenji", Role.VIEWER).pk])


def some_keys():
    """Of the reader: one in use, one that has expired, one that was revoked. → the first."""
    reader, past = User.objects.get(), timezone.now() - timedelta(days=1)
    first, _ = api_keys.create(reader, name="Nightly export on the batch host", expires_at=past + timedelta(days=90))
    api_keys.create(reader, name="Old", expires_at=past)
    api_keys.revoke(api_keys.create(reader, name="Lost")[0])
    return first


def a_deactivated_user():
    kenji = person("kenji", Role.EDITOR)
    kenji.is_active = False
    kenji.save()
    return reverse("accounts:user", args=[kenji.pk])


def a_trail():
    kenji = person("kenji", Role.VIEWER)
    for n in range(60):
        record("user.update", kenji, role={"from": "Viewer", "to": "Editor"}, changed=["name"], number=n)
    return reverse("accounts:audit")


def an_authentication(page=""):
    """Used by a query, so that its page and the one that deletes it have something to name."""
    kenji = person("kenji", Role.EDITOR)
    one = Authentication.objects.create(
        name="line_capi_prod",
        connector_key="line_conversion",
        settings={"line_tag_id": "8f2c41d7-3b0e-4a6c-9d55-6a1e7f3cb902"},
        created_by=kenji,
        tested_at=timezone.now(),
        test_ok=False,
        test_says="LINE refused the access token (401). Paste a new token.",
    )
    query = Query.objects.create(name="daily", database=Database.objects.create(name="shop_jp"), sql="select 1")
    ExportTarget.objects.create(query=query, authentication=one)
    return reverse("integrations:authentication", args=[one.pk]) + page


def a_source(page=""):
    one = Authentication.objects.create(
        name="shop_warehouse",
        connector_key="postgresql",
        settings={"host": "db.shop.internal", "port": "5432", "database": "shop", "user": "console_reader"},
        tested_at=timezone.now(),
        test_ok=True,
        test_says='PostgreSQL 16.4 answered; signed in as "console_reader". The role only reads.',
    )
    return reverse("integrations:authentication", args=[one.pk]) + page


def the_authentications():
    an_authentication()
    a_source()
    Authentication.objects.create(name="not_tested", connector_key="line_conversion")
    return reverse("integrations:authentications")


def a_saved_query(page=""):
    """With two versions, a destination and a job."""
    kenji, text = person("kenji", Role.EDITOR), target_text(line(), phone="phone")
    query = queries.create(a_draft(), user=kenji)
    changed = a_draft(sql="SELECT 'a' AS phone", target=targets.parse(text))
    queries.update(query, changed, base=1, user=kenji)
    queries.run(changed, query=query, user=kenji)
    return reverse("exports:query", args=[query.pk]) + page


def the_queries():
    a_saved_query()
    queries.create(a_draft(name="visits"), user=None)
    return reverse("exports:queries")


def a_table(page=""):
    """With rows, personal data, a NULL and two loads."""
    shop = Database.objects.create(name="shop_jp")
    one = Table.objects.create(database=shop, name="orders", columns=[["order_id", "BIGINT"], ["phone", "VARCHAR"]])
    file = TableFile(table=one, path=f"{shop.pk}/{one.pk}/a.parquet", rows=2, bytes=900)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"order_id": [1, 2], "phone": ["+819012345678", None]}), file.absolute_path)
    file.save()
    for mode in ("append", "replace"):
        one.loads.create(mode=mode, sources=["orders.csv"], rows=2)
    return reverse("warehouse:table", args=["shop_jp", "orders"]) + page


def a_used_table(page=""):
    """One that a query reads, beside another one."""
    address = a_table(page)
    shop = Database.objects.get()
    Table.objects.create(database=shop, name="orders_new")
    Query.objects.create(name="daily_orders", database=shop, sql="SELECT phone FROM orders")
    return address


def a_database(page=""):
    a_table()
    return reverse("warehouse:database", args=["shop_jp"]) + page


def an_empty_database(page=""):
    Database.objects.create(name="shop_jp")
    return reverse("warehouse:database", args=["shop_jp"]) + page


def jobs_of_all_kinds():
    query = a_query()
    exporting(query=query), a_job(query=query, accepted=9, invalid=1), a_job(JobState.RETRY_WAIT), a_job(exports=False)
    a_job(JobState.ERROR, error="LINE refused the access token (401).", not_attempted=3), a_job(JobState.KILLED)
    return reverse("exports:jobs")


def an_exporting_job():
    job = exporting(query=a_query(), query_version=3, authentication=factories.an_authentication(), refused=2)
    a_request(job, 1, "accepted", 503, 202)
    a_request(job, 2, "sending")
    a_reason(job, "phone", "needs the country code", 200, sample="090•••78")
    JobLog.objects.create(job=job, text="Sending.", level="WARN")
    return reverse("exports:job", args=[job.pk])


def a_job_that_waits():
    beats.beat()
    a_job(JobState.QUEUED, next_attempt_at=timezone.now() - timedelta(minutes=3))
    Upkeep.objects.create(finished_at=timezone.now(), freed={"jobs": 12, "results": 31, "bytes": 812_000_000})
    return "/system"


def a_repeated_query():
    values = {"phase": "querying", "priority": 2, "retry_limit": 5, "query_tries": 2, "exports": False}
    return reverse("exports:job", args=[a_job(JobState.RETRY_WAIT, **values).pk])


def a_failed_job():
    job = a_job(JobState.ERROR, error="The query failed.", error_line=2, unknown=3, query=a_query())
    return reverse("exports:job", args=[keep(job, {"email": ["kana@example.jp", None]}).pk])


def rejected(page=""):
    """The rows that a job rejected, one of them refused by the destination, with a query that has changed since."""
    destination = factories.an_authentication()
    target = targets.parse(target_text(destination, email="mail", deduplication_key="order_uid"))
    query = queries.create(a_draft(target=target), user=None)
    job = a_job(query=query, authentication=destination, invalid=2, refused=1, accepted=1)
    bad = [(n, "invalid", (("email", "email", "must be an email address"),)) for n in range(2)]
    refused = (2, "refused", (("", "refused", "refused by LINE; our checks had passed it"),))
    keep(job, {"email": ["kana", "an.address.that.is@", "kana@example.jp", None]}, rejected=[*bad, refused])
    a_reason(job, "email", "must be an email address", 2, code="email")
    a_reason(job, "", "refused by LINE; our checks had passed it", 1, code="refused")
    return reverse("exports:job", args=[job.pk]) + page


def a_validation():
    """A re-check with rows to send, of a job that names it."""
    parent = a_job(invalid=3)
    values = {"mode": "validate", "parent": parent, "rows_from": "rejects", "invalid": 1, "not_attempted": 2}
    job = a_job(**values, authentication=factories.an_authentication())
    return reverse("exports:job", args=[keep(job, {"email": ["kana@example.jp"] * 3}).pk])


def a_job_with_notes():
    hygiene = {"upper": 5, "blank": 2, "most": 4000}
    notes = {
        "rows": 9800,
        "identifiers": {"email": 7840, "phone": 9000, "browser_id": 98},
        "warnings": {"old": 49, "only_weak": 12, "no_value": 4000, "repeated": 3},
        "hashes": {"phone": hygiene, "email": hygiene},
    }
    mapping = {"event_timestamp": {"column": "paid_at"}}
    job = a_job(accepted=9800, invalid=200, notes=notes, mapping=mapping)
    a_reason(job, "event_timestamp", "looks like milliseconds", 200, code="milliseconds")
    return reverse("exports:job", args=[job.pk])


def a_schedule(page="{}", *, enabled=True):
    """Of a query, with jobs that failed, one that waits for another, a skipped slot and one without its job."""
    kenji = person("kenji", Role.EDITOR)
    one = schedules.save(a_query("purchases"), Timing("0 6 * * mon-fri", "Asia/Tokyo", 900), user=kenji)
    states = ("error", "success", "running", "queued")
    for n, state in enumerate(states):
        at, wrong = timezone.now() - timedelta(hours=9 - n), {"error": "LINE refused the token (401)."}
        job = a_job(state, schedule=one, query=one.query, scheduled_for=at, **(wrong if state == "error" else {}))
        one.slots.create(scheduled_for=at, job=job, backfilled=n == 1)
    one.slots.create(scheduled_for=timezone.now() - timedelta(hours=12), skipped="Job 7 had not ended yet.")
    one.slots.create(scheduled_for=timezone.now() - timedelta(hours=13))
    if not enabled:
        schedules.pause(one, user=kenji)
    return page.format(f"/schedules/{one.pk}", query=one.query_id, job=job.pk)


def some_schedules():
    a_schedule()
    schedules.pause(schedules.save(a_query(), Timing("@daily"), user=None), user=person("hana", Role.EDITOR))
    once = datetime(2020, 1, 1, 9, tzinfo=UTC)
    schedules.save(a_query("once"), Timing("0 9 1 1 *", starts_at=once, ends_at=once), user=None)
    return "/schedules"


def the_notifications():
    """Channels in each state of their test, and messages in each state."""
    schedule, ops = scheduled(slot=at(10)), an_email_channel(addresses=[f"person.{n}@shop.example" for n in range(6)])
    hook = a_service("json://127.0.0.1/x", "A webhook with quite a long name that needs more than one line")
    says = "The service answered 404: its URL is wrong or not valid any more. Enter a new one."
    Channel.objects.filter(pk=hook.pk).update(tested_at=timezone.now(), test_ok=False, test_says=says)
    rule = Rule.objects.create()
    rule.channels.set([ops, hook])
    end(schedule, kind="configuration")
    first, second, third, *_ = Delivery.objects.all()
    Delivery.objects.filter(pk=first.pk).update(state="sent", tries=1)
    Delivery.objects.filter(pk=second.pk).update(tries=2, problem="The mail server of EMAIL_URL cannot be reached.")
    Delivery.objects.filter(pk=third.pk).update(state="given_up", tries=8, problem=says)
    return reverse("exports:notifications")


def a_channel(kind):
    one = a_service("json://127.0.0.1/x") if kind == "service" else an_email_channel()
    Rule.objects.create(query=a_query()).channels.add(one)
    return reverse("exports:channel", args=[one.pk])


def notifications_of_a_query(own):
    query = a_query("daily")
    an_email_channel(), a_service("json://127.0.0.1/x")
    if own:
        Rule.objects.create(query=query, addresses=["kana@shop.example"])
    return reverse("exports:query_notifications", args=[query.pk])


def activation(page="", **values):
    """That has run, with a combination and a column that is no field of the destination; and one that is paused."""
    kenji = person("kenji", Role.EDITOR)
    segment = audiences.a_segment(audiences.a_parent(), user=kenji)
    combined = Built("label", "s$1-$2", (Parameter("SegmentId"), Parameter("Timestamp", format="yyyy-MM-dd")))
    stamp = audiences.stringed("made_at", "Timestamp", format="yyyy-MM-dd", timezone="Asia/Tokyo")
    outputs = replace(audiences.EVENTS, strings=(*audiences.EVENTS.strings, stamp, combined))
    one = audiences.an_activation(segment, kenji, outputs=outputs, description="For the winter campaign", **values)
    for state in ("success", "error", "running"):
        a_job(state, query=one.query, error="LINE refused the token (401)." if state == "error" else "", refused=2)
    activations.pause(audiences.an_activation(segment, kenji, name="Monthly"), user=kenji)
    return f"/activations/{one.pk}{page}" if page is not None else "/activations"


def a_new_activation():
    segment = audiences.a_segment(audiences.a_parent(), user=person("kenji", Role.EDITOR))
    return reverse("audiences:activation_new", args=[segment.pk])


def a_segment_in_use(page=""):
    """In a folder, counted, with a rule of all that rules can have; another segment and an activation use it."""
    kenji, parent = person("kenji", Role.EDITOR), audiences.a_parent()
    folder = folders.create(parent, "Winback", folders.create(parent, "Campaigns", None))
    folders.create(parent, "Archive", None)
    events = {"source": {"name": "behavior_orders"}, "aggregation": {"type": "Sum"}, "name": "total"}
    recent = {"type": "Column", "column": "time", "operator": {"type": "TimeWithinPast", "value": 30, "unit": "day"}}
    bought = {
        "type": "Value",
        "leftValue": {**events, "filter": {"type": "And", "conditions": [recent]}},
        "operator": {"type": "Between", "min": 1000, "max": 9000},
    }
    listed = audiences.attribute("country", "In", rightValues=["JP", "US"])
    known = audiences.attribute("newsletter", "Equal", rightValue=True)
    inner = audiences.rule_of(bought, listed, kind="Composite") | {"expr": "1 OR 2", "exclude": True}
    draft = SegmentDraft(
        "Lapsed", "Bought long ago", folder, audiences.rule_of(known, inner), Counted(3, timezone.now())
    )
    one = segments.create(parent, draft, user=kenji)
    reference = {"type": "Reference", "id": str(one.pk), "exclude": False}
    a_segment(parent, "Lapsed and more", audiences.rule_of(reference))
    audiences.an_activation(one, kenji)
    if page is None:
        return reverse("audiences:segments", args=[parent.pk])
    return reverse("audiences:segment", args=[one.pk]) + page


def a_folder(page):
    parent = audiences.a_parent()
    folder = folders.create(parent, "Campaigns", None)
    folders.create(parent, "Winback", folder)
    return reverse(f"audiences:folder_{page}", args=[folder.pk])


def a_new_segment():
    return reverse("audiences:segment_new", args=[a_parent(built=False).pk])


def no_segments(page=""):
    return reverse("audiences:segments", args=[a_parent().pk]) + page


def a_parent_segment(page=""):
    """With a rule's segment, a schedule and a profile, as its first build left it."""
    one = a_parent_with_query()
    top = [["JP", 2], ["US", 1]]
    country = {"name": "country", "type": "VARCHAR", "filled": 3, "distinct": 2, "personal": False, "top": top}
    email = {
        "name": "email",
        "type": "VARCHAR",
        "filled": 3,
        "distinct": 3,
        "personal": True,
        "top": [["t•••@x.jp", 1]],
    }
    build = a_job(query=one.query, exports=False, into_rows=4)
    a_job(JobState.ERROR, query=one.query, exports=False, error="There is no table shop_jp.customers.")
    one.profile = {"job": build.pk, "rows": 4, "columns": [country, email]}
    one.save()
    return reverse("audiences:parent_segment", args=[one.pk]) + page


def a_parent_with_query():
    """One whose saved definition has attributes and a behavior."""
    one = a_parent()
    crm = {"database": "shop_jp", "table": "orders", "key": "customer_id", "parent_key": "customer_id", "group": "CRM"}
    one.definition["attributes"] = [crm | {"columns": [{"source": "total", "name": "last_total"}]}]
    text = a_text(database=Database.objects.get(name="shop_jp"))
    one.query = queries.create(queries.Draft(one.name, text, None), user=None, purpose="parent_segment")
    one.save()
    schedules.save(one.query, Timing("0 6 * * *", "Asia/Tokyo"), user=None)
    return one


def a_used_parent_segment():
    address = a_parent_segment("/delete")
    a_segment(ParentSegment.objects.get(), "Buyers in Japan")
    return address


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
    Page("no activations", "/activations", Role.EDITOR),
    Page("activations", lambda: activation(None), Role.VIEWER),
    Page("activations, nothing found", "/activations?q=nothing&state=active", Role.VIEWER),
    Page("activation", activation, Role.EDITOR),
    Page("activation, for a viewer", activation, Role.VIEWER),
    Page("create an activation", a_new_activation, Role.EDITOR),
    Page("output mapping of an activation", lambda: activation("/edit/mapping"), Role.EDITOR),
    Page("schedule of an activation", lambda: activation("/edit/schedule"), Role.EDITOR),
    Page("review of an activation", lambda: activation("/edit/review"), Role.EDITOR),
    Page("delete an activation", lambda: activation("/delete"), Role.EDITOR),
    Page("no segments", no_segments, Role.EDITOR),
    Page("segments", lambda: a_segment_in_use(None), Role.EDITOR),
    Page("segments, for a viewer", lambda: a_segment_in_use(None), Role.VIEWER),
    Page("segments, nothing found", lambda: no_segments("?q=nothing"), Role.VIEWER),
    Page("segment", a_segment_in_use, Role.EDITOR),
    Page("edit segment rules", lambda: a_segment_in_use("/edit"), Role.EDITOR),
    Page("new segment", a_new_segment, Role.EDITOR),
    Page("delete a segment in use", lambda: a_segment_in_use("/delete"), Role.EDITOR),
    Page("move a folder", lambda: a_folder("move"), Role.EDITOR),
    Page("delete a folder in use", lambda: a_folder("delete"), Role.EDITOR),
    Page("no parent segments", "/audience-studio", Role.EDITOR),
    Page("parent segments", lambda: a_parent_segment() and "/audience-studio", Role.VIEWER),
    Page("parent segments, nothing found", "/audience-studio?q=nothing", Role.VIEWER),
    Page("new parent segment", "/audience-studio/new", Role.EDITOR),
    Page("parent segment", a_parent_segment, Role.EDITOR),
    Page("parent segment, for a viewer", a_parent_segment, Role.VIEWER),
    Page("edit a parent segment", lambda: a_parent_segment("/edit"), Role.EDITOR),
    Page("delete a parent segment", lambda: a_parent_segment("/delete"), Role.EDITOR),
    Page("delete a parent segment in use", a_used_parent_segment, Role.EDITOR),
    Page("no schedules", "/schedules", Role.EDITOR),
    Page("schedules", some_schedules, Role.EDITOR),
    Page("schedules, nothing found", "/schedules?q=nothing", Role.VIEWER),
    Page("runs of the next 24 hours", lambda: some_schedules() + "/load", Role.VIEWER),
    Page("schedule", a_schedule, Role.EDITOR),
    Page("disabled schedule, for a viewer", lambda: a_schedule(enabled=False), Role.VIEWER),
    Page("backfill", lambda: a_schedule("{}/backfill"), Role.EDITOR),
    Page("slots of a backfill", lambda: a_schedule("{}/backfill?first=2026-11-02T06:00&count=3"), Role.EDITOR),
    Page("backfill of nothing", lambda: a_schedule("{}/backfill?first=&count=11"), Role.EDITOR),
    Page("schedule of a query", lambda: a_schedule("/queries/{query}#schedule"), Role.EDITOR),
    Page("disabled schedule of a query", lambda: a_schedule("/queries/{query}#schedule", enabled=False), Role.VIEWER),
    Page("job that waits for another", lambda: a_schedule("/jobs/{job}", enabled=False), Role.VIEWER),
    Page("jobs of a schedule", lambda: a_schedule("/jobs?schedule=1"), Role.VIEWER),
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
    Page("delete a project that runs", lambda: a_project("/delete"), Role.EDITOR),
    Page("Project Editor", lambda: a_project("/edit"), Role.EDITOR),
    Page("files of a project, for a viewer", lambda: a_project("/edit"), Role.VIEWER),
    Page("revisions of a project", lambda: a_project("/revisions"), Role.EDITOR),
    Page("old revision", lambda: a_project("/revisions/{old}"), Role.EDITOR),
    Page("file of a revision", lambda: a_project("/revisions/{old}/file?path=daily.dig"), Role.VIEWER),
    Page("compare revisions", lambda: a_project("/compare?old={old}&new={new}"), Role.VIEWER),
    Page("secrets of a project", lambda: a_project("/secrets"), Role.EDITOR),
    Page("delete a secret", lambda: a_project("/secrets/td.apikey/delete"), Role.EDITOR),
    Page("no queries", "/queries", Role.EDITOR),
    Page("queries", the_queries, Role.EDITOR),
    Page("queries, nothing found", "/queries?q=nothing", Role.VIEWER),
    Page("new query without a database", "/queries/new", Role.EDITOR),
    Page("query", a_saved_query, Role.EDITOR),
    Page("query, for a viewer", a_saved_query, Role.VIEWER),
    Page("versions of a query", lambda: a_saved_query("/versions"), Role.EDITOR),
    Page("version of a query", lambda: a_saved_query("/versions/2"), Role.EDITOR),
    Page("old version of a query", lambda: a_saved_query("/versions/1"), Role.EDITOR),
    Page("delete a query", lambda: a_saved_query("/delete"), Role.EDITOR),
    Page("sign in", "/sign-in", None),
    Page("my settings", "/settings", Role.VIEWER),
    Page("users", "/users", Role.ADMIN),
    Page("new user", "/users/new", Role.ADMIN),
    Page("settings with keys", lambda: some_keys() and "/settings", Role.VIEWER),
    Page("new key", "/settings/api-keys/new", Role.ADMIN),
    Page("revoke a key", lambda: f"/settings/api-keys/{some_keys().pk}/revoke", Role.ADMIN),
    Page("API", "/api/docs", Role.VIEWER),
    Page("API, calls that were looked for", "/api/docs?q=add+viewer", Role.VIEWER),
    Page("API, nothing found", "/api/docs?q=nothing-has-this-name", Role.VIEWER),
    Page("user with keys", lambda: reverse("accounts:user", args=[some_keys().user_id]), Role.ADMIN),
    Page("user", a_user, Role.ADMIN),
    Page("deactivated user", a_deactivated_user, Role.ADMIN),
    Page("audit trail", a_trail, Role.ADMIN),
    Page("audit trail, nothing found", "/audit?target=nothing-has-this-name", Role.ADMIN),
    Page("system, without a cluster", "/system", Role.ADMIN),
    Page("system, with a job that waits", a_job_that_waits, Role.ADMIN),
    Page("catalog", "/integrations/catalog", Role.EDITOR),
    Page("catalog, nothing found", "/integrations/catalog?q=nothing-has-this-name", Role.VIEWER),
    Page("field guide", "/integrations/catalog/line_conversion", Role.EDITOR),
    Page("create authentication", "/integrations/catalog/line_conversion/authentication", Role.EDITOR),
    Page("catalog, for an admin", "/integrations/catalog", Role.ADMIN),
    Page("create a PostgreSQL source", "/integrations/catalog/postgresql/authentication", Role.ADMIN),
    Page("create a Trino source", "/integrations/catalog/trino/authentication", Role.ADMIN),
    Page("create a Treasure Data source", "/integrations/catalog/treasure_data/authentication", Role.ADMIN),
    Page("source", a_source, Role.ADMIN),
    Page("source, for an editor", a_source, Role.EDITOR),
    Page("edit source", lambda: a_source("/edit"), Role.ADMIN),
    Page("no authentications", "/integrations/authentications", Role.EDITOR),
    Page("authentications", the_authentications, Role.EDITOR),
    Page("authentication", an_authentication, Role.EDITOR),
    Page("authentication, for a viewer", an_authentication, Role.VIEWER),
    Page("edit authentication", lambda: an_authentication("/edit"), Role.EDITOR),
    Page("delete authentication in use", lambda: an_authentication("/delete"), Role.EDITOR),
    Page("no databases", "/databases", Role.EDITOR),
    Page("databases", lambda: a_database() and "/databases", Role.VIEWER),
    Page("databases, nothing found", "/databases?q=nothing", Role.VIEWER),
    Page("new database", "/databases/new-database", Role.EDITOR),
    Page("database", a_database, Role.EDITOR),
    Page("empty database", an_empty_database, Role.EDITOR),
    Page("delete a database with tables", lambda: a_database("/delete"), Role.EDITOR),
    Page("delete an empty database", lambda: an_empty_database("/delete"), Role.EDITOR),
    Page("table", a_table, Role.EDITOR),
    Page("table, for a viewer", a_table, Role.VIEWER),
    Page("delete a table", lambda: a_table("/delete"), Role.EDITOR),
    Page("delete a table in use", lambda: a_used_table("/delete"), Role.EDITOR),
    Page("rename a table", lambda: a_table("/rename"), Role.EDITOR),
    Page("swap two tables", lambda: a_used_table("/swap"), Role.EDITOR),
    Page("move a table", lambda: a_table("/move"), Role.EDITOR),
    Page("empty a table", lambda: a_table("/empty"), Role.EDITOR),
    Page("rename a database", lambda: a_database("/rename"), Role.EDITOR),
    Page("empty a database", lambda: a_database("/empty"), Role.EDITOR),
    Page("upload a file", lambda: a_database("/upload?table=orders"), Role.EDITOR),
    Page("jobs", jobs_of_all_kinds, Role.EDITOR),
    Page("jobs, nothing found", "/jobs?q=nothing-has-this-name", Role.VIEWER),
    Page("jobs, none yet", "/jobs", Role.VIEWER),
    Page("job while it exports", an_exporting_job, Role.EDITOR),
    Page("job with warnings and readiness", a_job_with_notes, Role.VIEWER),
    Page("job whose query is repeated", a_repeated_query, Role.EDITOR),
    Page("failed job", a_failed_job, Role.VIEWER),
    Page("rejected rows", lambda: rejected("/rejects"), Role.EDITOR),
    Page("refused rows", lambda: rejected("/rejects?field=&code=refused"), Role.VIEWER),
    Page("fix and resend", lambda: rejected("/fix"), Role.EDITOR),
    Page("finished validation", a_validation, Role.EDITOR),
    Page("no notifications", "/notifications", Role.ADMIN),
    Page("notifications", the_notifications, Role.ADMIN),
    Page("new service for notifications", "/notifications/channels/new/service", Role.ADMIN),
    Page("e-mail channel", lambda: a_channel("email"), Role.ADMIN),
    Page("service channel", lambda: a_channel("service"), Role.ADMIN),
    Page("notifications of a query, by default", lambda: notifications_of_a_query(own=False), Role.EDITOR),
    Page("notifications of a query, its own", lambda: notifications_of_a_query(own=True), Role.EDITOR),
    Page("forbidden", "/users", Role.VIEWER),
    Page("not found", "/no-such-page", Role.VIEWER),
    Page("not found, stranger", "/no-such-page", None),
]


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_it_is_accessible_and_fits(page_as, shown):
    page = page_as(person("reader", shown.role) if shown.role else None, 1440)
    page.goto(shown.address() if callable(shown.address) else shown.address)
    in_both_themes(page)
    page.set_viewport_size({"width": 390, "height": 844})
    in_both_themes(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"


def in_both_themes(page):
    for theme, rules in (("light", ALL), ("dark", COLOURS)):
        page.evaluate(IN_THEME, theme)
        assert_accessible(page, rules)
